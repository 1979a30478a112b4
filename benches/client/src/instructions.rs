//! Instructions of a run on the caller's thread, by callgrind: the same on every machine, however busy it is.
//!
//! Instructions are not time: a swap or a cache miss counts as one.

use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::contenders::{Floor, OurClient, Peer, Polled, Swapped, crons_options, instrumented, job};
use crate::measure::Contender;

/// The number of runs before counting starts: they create thread locals and let vectors grow.
const WARM_UP: u32 = 2_000;
const LONGEST: Duration = Duration::from_secs(30);
/// The contenders, each by the word that this program is called with.
const WHO: [&str; 6] = ["polled", "swapped", "crons", "sentry", "instrument", "disabled"];

/// Runs this program under callgrind, once for each contender.
pub fn run(runs: u32) -> Result<()> {
    // The file of callgrind is not read: the sum is in its output.
    let unread = std::env::temp_dir().join(format!("crons-callgrind-{}", std::process::id()));
    let mut table = Vec::new();
    for who in WHO {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--toggle-collect=*instructions*counted*"])
            .arg(format!("--callgrind-out-file={}", unread.display()))
            .arg(std::env::current_exe()?)
            .args(["instructions-of", who, &runs.to_string()])
            .output()
            .map_err(|error| format!("valgrind cannot be run: {error}; Debian's package is `valgrind`"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let collected = said.lines().find_map(|line| line.split_once("Collected : "));
        let (_, count) = collected.ok_or_else(|| format!("callgrind counted nothing of `{who}`: {said}"))?;
        table.push(count.trim().parse::<f64>()? / f64::from(runs));
    }
    std::fs::remove_file(unread)?;
    println!("instructions of a run on the caller's thread, over {runs} runs");
    println!("{:<12} {:>12} {:>10}", "", "each", "ratio");
    for (who, each) in WHO.iter().zip(&table) {
        println!("{who:<12} {each:>12.1} {:>9.2}x", each / table[0]);
    }
    Ok(())
}

/// The command that callgrind runs.
pub fn of(who: &str, runs: u32) -> Result<()> {
    match who {
        "polled" => {
            let floor = Floor::<Polled>::start();
            count(Contender::new("", || floor.run()).settle(|| floor.settle()), runs);
        }
        "swapped" => {
            let floor = Floor::<Swapped>::start();
            count(Contender::new("", || floor.run()).settle(|| floor.settle()), runs);
        }
        "crons" => {
            let crons = crons::try_init(crons_options(&OurClient::Nobody))?;
            count(Contender::new("", || job(1)).settle(|| crons.flush(LONGEST)), runs);
        }
        "sentry" => {
            let peer = Peer::start(None)?;
            count(Contender::new("", || peer.run()), runs);
        }
        "instrument" => count(Contender::new("", || instrumented(1)), runs),
        "disabled" => count(Contender::new("", || job(1)), runs),
        _ => return Err(format!("`{who}` is none of {WHO:?}").into()),
    }
    Ok(())
}

fn count(mut contender: Contender<'_>, runs: u32) {
    for _ in 0..WARM_UP {
        contender.run();
    }
    contender.wait();
    counted(&mut contender, runs);
    contender.wait();
}

/// The function that callgrind is told to look at, on the thread that enters it.
#[inline(never)]
fn counted(contender: &mut Contender<'_>, runs: u32) {
    for _ in 0..runs {
        contender.run();
    }
}
