//! `cargo run --release` in this folder: parse and next of ours and of the crates of the registry, on the same
//! crontabs, zones and instants, in one run with interleaved rounds. Prints ratios and asserts nothing.

mod crates;
mod measure;

use crates::{Contestant, contestants};

/// The crontabs are everyday ones; weekdays are also given by name, since 1 is Sunday for some crates.
const SHAPES: [&str; 12] = [
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "0 9 * * 1-5",
    "0 9 * * MON-FRI",
    "*/15 9-17 * * MON-FRI",
    "0 0 1,15 * *",
    "0 0 * * SUN",
    "0 0 1 * *",
    "0 0 1 1 *",
    "0 0 29 2 *",
];
const ZONES: [&str; 2] = ["UTC", "America/New_York"];
/// The first start is midnight in UTC, 1 January 2026; the others follow every 44 days and a bit. None of the first
/// ten occurrences of `30 2 * * *` from there lies in skipped time, where peers differ from the server.
const FIRST: i64 = 1_767_225_600;
const STARTS: i64 = 8;
const APART: i64 = 44 * 86_400 + 12_345;
/// The number of occurrences from every start.
const IN_A_ROW: usize = 10;
const ROUNDS: usize = 31;

fn main() {
    let contestants = contestants();
    println!("median of {ROUNDS} interleaved rounds; ours in ns, the others as multiples of it");
    println!("-: not accepted; x: answers other than the server's\n");
    print_header("parse", &contestants);
    for shape in SHAPES {
        let mut jobs: Vec<Option<measure::Job<'_>>> = contestants
            .iter()
            .map(|it| (it.parse)(shape).then(|| Box::new(|| _ = (it.parse)(shape)) as measure::Job<'_>))
            .collect();
        print_row(shape, &measure::medians(&mut jobs, ROUNDS, 1), &vec!['-'; jobs.len()]);
    }
    for zone in ZONES {
        println!();
        print_header(&format!("next, {zone}"), &contestants);
        for shape in SHAPES {
            next(shape, zone, &contestants);
        }
    }
}

fn next(shape: &str, zone: &str, contestants: &[Contestant]) {
    let starts: Vec<i64> = (0..STARTS).map(|number| FIRST + number * APART).collect();
    let finders: Vec<_> = contestants.iter().map(|it| (it.next)(shape, zone)).collect();
    let answers: Vec<Option<Vec<i64>>> = finders
        .iter()
        .map(|find| find.as_ref().map(|find| starts.iter().flat_map(|start| row(find, *start)).collect()))
        .collect();
    let mut why = vec!['-'; finders.len()];
    let mut jobs: Vec<Option<measure::Job<'_>>> = Vec::new();
    for (number, find) in finders.iter().enumerate() {
        let right = answers[number] == answers[0];
        if find.is_some() && !right {
            why[number] = 'x';
        }
        let job = find.as_ref().filter(|_| right).map(|find| {
            let starts = &starts;
            Box::new(move || starts.iter().for_each(|start| _ = std::hint::black_box(row(find, *start))))
                as measure::Job<'_>
        });
        jobs.push(job);
    }
    let each = starts.len() * IN_A_ROW;
    print_row(shape, &measure::medians(&mut jobs, ROUNDS, each), &why);
}

fn row(find: &crates::Find, start: i64) -> [i64; IN_A_ROW] {
    let mut found = [0; IN_A_ROW];
    find(start, &mut found);
    found
}

fn print_header(title: &str, contestants: &[Contestant]) {
    print!("{title:<24}{:>9}", "ours, ns");
    for it in contestants {
        print!(" {:>15}", it.name);
    }
    println!();
}

/// The first is ours.
fn print_row(shape: &str, medians: &[Option<measure::Median>], why: &[char]) {
    let Some(Some(ours)) = medians.first() else { return println!("{shape:<24} not accepted by ours") };
    print!("{shape:<24}{:>9.0}", ours.nanoseconds);
    for (median, why) in medians.iter().zip(why) {
        match median {
            Some(median) => print!(" {:>15.2}", median.ratio),
            None => print!(" {why:>15}"),
        }
    }
    println!();
}
