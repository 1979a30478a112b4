//! Changes of the list of servers, for the log.

use crate::store::node::Node;

/// A change between two looks at the list.
#[derive(Debug, PartialEq, Eq)]
enum NodeChange<'a> {
    Joined(&'a Node),
    Left(&'a Node),
    /// Work that this server does from now on.
    Took(Vec<String>),
    /// Work that this server does no more.
    Lost(Vec<String>),
}

/// Logs what has changed since the last look. At the first one, before which the list is empty, no server joins.
pub(super) fn log(before: &[Node], after: &[Node]) {
    for change in changes(before, after) {
        match change {
            NodeChange::Joined(node) => {
                tracing::info!(server = node.name, "another server has joined");
            }
            NodeChange::Left(node) if node.is_gone => {
                let server = &node.name;
                tracing::warn!(
                    server,
                    "another server has said nothing for some seconds; the others go on without it"
                );
            }
            NodeChange::Left(node) => {
                tracing::info!(server = node.name, "another server is no longer in the list");
            }
            NodeChange::Took(work) => {
                tracing::info!(
                    work = work.join(", "),
                    "this server has taken work that one server does for all"
                );
            }
            NodeChange::Lost(work) => {
                tracing::info!(work = work.join(", "), "another server takes this work");
            }
        }
    }
}

fn changes<'a>(before: &'a [Node], after: &'a [Node]) -> Vec<NodeChange<'a>> {
    let is_in = |nodes: &[Node], node: &Node| {
        nodes.iter().any(|other| (&other.name, other.started) == (&node.name, node.started))
    };
    let others = |nodes: &'a [Node], of: &'a [Node]| {
        nodes.iter().filter(move |node| !node.is_this && !is_in(of, node))
    };
    let mut found = Vec::new();
    if !before.is_empty() {
        found.extend(others(after, before).map(NodeChange::Joined));
        found.extend(others(before, after).map(NodeChange::Left));
    }
    // A server that was taken off the list is told so elsewhere.
    let Some(this) = after.iter().find(|node| node.is_this) else { return found };
    let (had, has) = (before.iter().find(|node| node.is_this).map(work).unwrap_or_default(), work(this));
    let without = |work: &[String], other: &[String]| -> Vec<String> {
        work.iter().filter(|item| !other.contains(item)).cloned().collect()
    };
    let (took, lost) = (without(&has, &had), without(&had, &has));
    found.extend((!took.is_empty()).then_some(NodeChange::Took(took)));
    found.extend((!lost.is_empty()).then_some(NodeChange::Lost(lost)));
    found
}

/// The work that a server does for all, in words.
fn work(node: &Node) -> Vec<String> {
    let duties = node.duties.iter().map(|duty| duty.name().to_owned());
    duties.chain(node.targets.iter().map(|target| format!("alerts to {target}"))).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{NodeChange, changes};
    use crate::store::node::{Duty, Node};

    fn node(name: &str, duties: &[Duty], targets: &[&str]) -> Node {
        Node {
            name: name.to_owned(),
            started: Timestamp::UNIX_EPOCH,
            watermark: None,
            duties: duties.to_vec(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            is_this: name == "this",
            is_receiving: true,
            is_gone: false,
        }
    }

    #[test]
    fn each_change_is_found_once() {
        use Duty::{Deadlines, Housekeeping};

        let took = |work: &[&str]| NodeChange::Took(work.iter().map(|item| (*item).to_owned()).collect());
        let lost = |work: &[&str]| NodeChange::Lost(work.iter().map(|item| (*item).to_owned()).collect());
        let alone = [node("this", &[], &["ops"])];
        let gone = Node { is_gone: true, ..node("b", &[Deadlines], &[]) };
        assert_eq!(changes(&[], &alone), [took(&["alerts to ops"])]);
        let two = [node("this", &[], &["ops"]), node("b", &[Deadlines], &["mail"])];
        assert_eq!(changes(&[], &two), [took(&["alerts to ops"])], "nothing joins before the first look");
        assert_eq!(changes(&alone, &two), [NodeChange::Joined(&two[1])]);
        assert_eq!(changes(&two, &two), []);
        let before = [node("this", &[], &["ops"]), gone];
        let after = [node("this", &[Deadlines, Housekeeping], &["mail"]), node("c", &[], &[])];
        assert_eq!(
            changes(&before, &after),
            [
                NodeChange::Joined(&after[1]),
                NodeChange::Left(&before[1]),
                took(&["deadlines", "housekeeping", "alerts to mail"]),
                lost(&["alerts to ops"]),
            ]
        );
        let restarted = [two[0].clone(), Node { started: Timestamp::MAX, ..node("b", &[], &[]) }];
        assert_eq!(changes(&two, &restarted), [NodeChange::Joined(&restarted[1]), NodeChange::Left(&two[1])]);
        assert_eq!(changes(&two, &two[1..]), [], "a server that is not in the list is told so elsewhere");
    }
}
