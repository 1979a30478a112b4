//! The servers on a database, as the list of them has them, and the work that one server at a time does for all.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The age up to which a server goes by the list of servers: that of the others after which one that says nothing is deleted from it.
const LIST_IS_VALID: Duration = Duration::from_secs(4);

/// Work that one server at a time does for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Evaluates the deadlines that others leave, and starts drills.
    Deadlines,
    /// Deletes what retention does not keep, and makes digests.
    Housekeeping,
}

impl Duty {
    #[cfg(feature = "postgres")]
    pub(super) const ALL: [Self; 2] = [Self::Deadlines, Self::Housekeeping];

    /// The name in the database and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deadlines => "deadlines",
            Self::Housekeeping => "housekeeping",
        }
    }
}

/// A server on a database, as it has last told the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The name of the process and of its machine.
    pub(crate) name: String,
    pub(crate) started: Timestamp,
    /// The instant until which the server has stored what it received; `None` before it receives.
    pub(crate) watermark: Option<Timestamp>,
    pub(crate) duties: Vec<Duty>,
    /// The names of the targets whose messages the server sends.
    pub(crate) targets: Vec<String>,
    pub(crate) is_this: bool,
    /// Whether the server has said in the last two seconds that it is there, and was not cut off from the database before.
    pub(crate) is_receiving: bool,
    /// Whether the server has said nothing for so long that the others go on without it.
    pub(crate) is_gone: bool,
}

/// The server that sends the messages of a target, as far as this server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetSender {
    ThisServer,
    AnotherServer,
    /// No server, or one that is no longer in the list.
    Nobody,
}

/// The list of servers, as it was read last.
#[derive(Debug, Default)]
pub(super) struct NodeList {
    /// The one that has run longest comes first.
    pub(super) nodes: Vec<Node>,
    /// The instant at which the list was asked for; `None` before the first time.
    pub(super) asked: Option<Instant>,
}

impl NodeList {
    /// Returns whether the list was read some seconds ago at most.
    pub(super) fn is_current(&self) -> bool {
        self.asked.is_some_and(|asked| asked.elapsed() <= LIST_IS_VALID)
    }

    /// The row of this server; `None` if the others went on without it.
    pub(super) fn this(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.is_this)
    }

    /// The server that sends the messages of a target. By an old list this one sends none, since the others may have gone on without it.
    pub(super) fn sender_of(&self, target: &str) -> TargetSender {
        if !self.is_current() {
            return TargetSender::AnotherServer;
        }
        match self.nodes.iter().find(|node| node.targets.iter().any(|name| name == target)) {
            Some(node) if node.is_this => TargetSender::ThisServer,
            Some(_) => TargetSender::AnotherServer,
            None => TargetSender::Nobody,
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_has_not_heard_of_the_others_for_a_while_sends_no_messages() {
        assert_eq!(
            NodeList::default().sender_of("ops"),
            TargetSender::AnotherServer,
            "before the first list"
        );
        let node = |is_this: bool, targets: &[&str]| Node {
            name: "a server".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            watermark: None,
            duties: Vec::new(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            is_this,
            is_receiving: true,
            is_gone: false,
        };
        for (nodes, expected) in [
            ([node(true, &["mail"]), node(false, &[])], TargetSender::Nobody),
            ([node(true, &[]), node(false, &["mail", "ops"])], TargetSender::AnotherServer),
            ([node(true, &["mail", "ops"]), node(false, &[])], TargetSender::ThisServer),
        ] {
            let mut list = NodeList { nodes: nodes.to_vec(), asked: Some(Instant::now()) };
            assert_eq!(list.sender_of("ops"), expected);
            list.asked = Instant::now().checked_sub(LIST_IS_VALID);
            assert_eq!(
                list.sender_of("ops"),
                TargetSender::AnotherServer,
                "the others may have gone on without it"
            );
        }
    }
}
