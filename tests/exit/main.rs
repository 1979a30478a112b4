//! Tests of ends of programs, and of what the server receives of them. Each case runs this program again as a child, with a
//! `main` of its own.

#[path = "../support/program.rs"]
mod program;
#[path = "../support/mod.rs"]
mod support;

mod code;
mod ends;
mod entry;
mod runtime;
mod signal;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let case = program::case();
    let Some((module, case, dsn)) =
        case.as_ref().and_then(|(case, dsn)| case.split_once(": ").map(|(module, case)| (module, case, dsn)))
    else {
        let modules = [
            ("code", code::trials()),
            ("ends", ends::trials()),
            ("entry", entry::trials()),
            ("runtime", runtime::trials()),
            #[cfg(unix)]
            ("signal", signal::trials()),
        ];
        let trials: Vec<Trial> = modules
            .into_iter()
            .flat_map(|(module, trials)| trials.into_iter().map(move |trial| trial.with_kind(module)))
            .collect();
        return libtest_mimic::run(&Arguments::from_args(), trials).exit_code();
    };
    match module {
        "code" => code::child(case, dsn),
        "ends" => ends::child(case, dsn),
        "runtime" => runtime::child(case, dsn),
        #[cfg(unix)]
        "signal" => signal::child(case, dsn),
        _ => return entry::child(case),
    }
    ExitCode::SUCCESS
}
