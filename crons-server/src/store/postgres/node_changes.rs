//! Changes of the list of servers, for the log.

use crate::store::group::{Duty, Node};

/// A change between two looks at the list.
#[derive(Debug, PartialEq, Eq)]
enum NodeChange<'a> {
    Joined(&'a Node),
    Left(&'a Node),
    /// Duties that this server has now.
    Took(Vec<Duty>),
    /// Duties that this server has no more.
    Lost(Vec<Duty>),
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
            NodeChange::Took(duties) => {
                tracing::info!(duties = names(&duties), "this server has taken duties");
            }
            NodeChange::Lost(duties) => {
                tracing::info!(duties = names(&duties), "this server has these duties no more");
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
    let had = before.iter().find(|node| node.is_this).map_or(&[][..], |node| &node.duties);
    let without = |duties: &[Duty], others: &[Duty]| -> Vec<Duty> {
        duties.iter().copied().filter(|duty| !others.contains(duty)).collect()
    };
    let (took, lost) = (without(&this.duties, had), without(had, &this.duties));
    found.extend((!took.is_empty()).then_some(NodeChange::Took(took)));
    found.extend((!lost.is_empty()).then_some(NodeChange::Lost(lost)));
    found
}

fn names(duties: &[Duty]) -> String {
    duties.iter().map(|duty| duty.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{NodeChange, changes};
    use crate::store::group::{Duty, Node};

    fn node(name: &str, duties: &[Duty]) -> Node {
        Node {
            name: name.to_owned(),
            started: Timestamp::UNIX_EPOCH,
            watermark: None,
            duties: duties.to_vec(),
            is_this: name == "this",
            is_receiving: true,
            is_gone: false,
        }
    }

    #[test]
    fn each_change_is_found_once() {
        use Duty::{Alerts, Deadlines, Housekeeping};

        let (alone, gone) = ([node("this", &[Alerts])], Node { is_gone: true, ..node("b", &[Deadlines]) });
        assert_eq!(changes(&[], &alone), [NodeChange::Took(vec![Alerts])]);
        let two = [node("this", &[Alerts]), node("b", &[Deadlines])];
        assert_eq!(
            changes(&[], &two),
            [NodeChange::Took(vec![Alerts])],
            "nothing joins before the first look"
        );
        assert_eq!(changes(&alone, &two), [NodeChange::Joined(&two[1])]);
        assert_eq!(changes(&two, &two), []);
        let before = [node("this", &[Alerts]), gone];
        let after = [node("this", &[Deadlines, Housekeeping]), node("c", &[])];
        assert_eq!(
            changes(&before, &after),
            [
                NodeChange::Joined(&after[1]),
                NodeChange::Left(&before[1]),
                NodeChange::Took(vec![Deadlines, Housekeeping]),
                NodeChange::Lost(vec![Alerts]),
            ]
        );
        let restarted = [node("this", &[Alerts]), Node { started: Timestamp::MAX, ..node("b", &[]) }];
        assert_eq!(changes(&two, &restarted), [NodeChange::Joined(&restarted[1]), NodeChange::Left(&two[1])]);
        assert_eq!(changes(&two, &two[1..]), [], "a server that is not in the list is told so elsewhere");
    }
}
