//! Tests that a job runs, and is reported, where the system gives no random numbers: the system call is missing and there is no
//! `/dev/urandom`, as in an old sandbox or a bare chroot. A filter on a thread stands in for the kernel of such a place.
#![cfg(all(target_os = "linux", target_endian = "little"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{HashMap, HashSet};
use std::panic::catch_unwind;

use crons::{ClientOptions, InitError, monitor};

use crate::support::child;
use crate::support::log::Log;
use crate::support::{Behaviour, DEADLINE, Sink, statuses};

/// Makes `getrandom` and the opening of files fail on this thread, and on those that it starts.
#[expect(unsafe_code, reason = "there is no safe way to set a filter")]
fn lose_randomness() {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump_if_equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let instruction =
        |code: u32, jt, jf, k| libc::sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k };
    let call = |number: libc::c_long| u32::try_from(number).unwrap();
    let error = |number: i32| libc::SECCOMP_RET_ERRNO | u32::try_from(number).unwrap();
    let mut filter = [
        // The number of the system call comes first.
        instruction(load, 0, 0, 0),
        instruction(jump_if_equal, 0, 1, call(libc::SYS_getrandom)),
        instruction(answer, 0, 0, error(libc::ENOSYS)),
        instruction(jump_if_equal, 0, 1, call(libc::SYS_openat)),
        instruction(answer, 0, 0, error(libc::ENOENT)),
        instruction(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: u16::try_from(filter.len()).unwrap(), filter: filter.as_mut_ptr() };
    let (one, none) = (libc::c_ulong::from(1_u8), libc::c_ulong::from(0_u8));
    // SAFETY: the filter lives until the call returns, and the kernel copies it.
    let set = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, one, none, none, none) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(set, "no filter: {}", std::io::Error::last_os_error());
}

/// Runs `work` on a thread without randomness; a panic there panics here.
fn without_randomness<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            lose_randomness();
            work()
        });
        thread.join().unwrap()
    })
}

#[crons::monitor(slug = "annotated")]
fn annotated() -> u8 {
    7
}

#[crons::monitor(slug = "annotated-async")]
async fn annotated_async() -> u8 {
    8
}

#[test]
fn a_job_without_random_numbers_runs_and_is_reported() {
    if !child::is_alone() {
        return;
    }
    let log = Log::install();
    // A program may restrict itself once its client has started.
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let crons = crons::init(ClientOptions::new().dsn(sink.dsn()));
    monitor("before").run(|| ());
    assert!(crons.flush(DEADLINE));
    for _ in 0..2 {
        without_randomness(|| {
            // The standard library panics where it needs a random number, so the client must not let it.
            let map = catch_unwind(HashMap::<u8, u8>::new);
            assert!(map.is_err(), "this thread has random numbers");
            assert_eq!(annotated(), 7);
            assert_eq!(pollster::block_on(annotated_async()), 8);
            monitor("No Slug As It Stands").run(|| ());
            monitor("guard").start().error();
        });
    }
    assert!(crons.flush(DEADLINE));
    let check_ins = sink.check_ins();
    for slug in ["annotated", "annotated-async", "no-slug-as-it-stands"] {
        let ended = statuses(&check_ins, slug).into_iter().filter(|status| *status == "ok").count();
        assert_eq!(ended, 2, "{slug}: {check_ins:?}");
    }
    let ids: HashSet<&str> =
        check_ins.iter().map(|check_in| check_in["check_in_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 9, "{check_ins:?}");
    let said = log.text();
    assert_eq!(said.matches("ids of runs are made from time").count(), 1, "{said}");
    drop(crons);

    // The sending thread needs random numbers: the client reports that, and does not start.
    let error = without_randomness(|| {
        let options = ClientOptions::new().dsn("http://key@127.0.0.1:9/1");
        let error = crons::try_init(options).unwrap_err();
        assert_eq!(annotated(), 7);
        error
    });
    assert!(matches!(error, InitError::Startup(_)), "{error:?}");
    for word in ["random", "getrandom", "/dev/urandom"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}
