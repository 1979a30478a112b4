//! Finds the processes that a job has started, for a job that shares its process group with others.

use rustix::process::Pid;

/// Returns a process and those that descend from it, parents first: a shell whose child ends before it would start the next one. One whose
/// parent has ended is not found. Without `/proc`, only the process itself is.
pub(super) fn with_descendants(process: Pid) -> Vec<Pid> {
    let children = children();
    let mut found = vec![process];
    let mut looked_at = 0;
    while let Some(parent) = found.get(looked_at).copied() {
        looked_at += 1;
        let of_parent = children.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child);
        // A process id may be used again while `/proc` is read.
        let new: Vec<Pid> = of_parent.filter(|child| !found.contains(child)).collect();
        found.extend(new);
    }
    found
}

/// Returns the processes of this machine, each with its parent.
fn children() -> Vec<(Pid, Pid)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(|number: i32| Some((Pid::from_raw(number)?, parent(number)?))).collect()
}

fn parent(number: i32) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name of the program, in parentheses, may have any characters; the state and the parent follow.
    let (_, rest) = stat.rsplit_once(") ")?;
    Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn children_and_their_children_are_found_after_their_parents() {
        let mut shell =
            std::process::Command::new("sh").args(["-c", "sh -c 'sleep 60; true'; true"]).spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(shell.id()).unwrap()).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let found = loop {
            let found = with_descendants(pid);
            if found.len() == 3 {
                break found;
            }
            assert!(std::time::Instant::now() < deadline, "{found:?}");
        };
        assert_eq!((found[0], parent(found[1].as_raw_nonzero().get())), (pid, Some(pid)));
        assert_eq!(parent(found[2].as_raw_nonzero().get()), Some(found[1]));
        for process in found {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        shell.wait().unwrap();
    }
}
