//! The clock of this machine against the one of the server.

use std::time::SystemTime;

use crons_runtime::__doctor::Reply;
use jiff::{SignedDuration, Timestamp};

use super::answer::header;
use super::finding::Finding;
use crate::output::Span;

const SUBJECT: &str = "clock";
/// The difference above which runs are expected in another minute than they begin.
const MOST: SignedDuration = SignedDuration::from_secs(60);

/// Compares the clocks by the `Date` of an answer.
pub(super) fn compare(reply: &Reply) -> Finding {
    let Some(date) = header(reply, "date") else {
        return Finding::skipped(SUBJECT, "the server does not say what time it is");
    };
    let parsed = jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp());
    let times = parsed.zip(instant(reply.sent)).zip(instant(reply.received));
    let Some(((server, sent), received)) = times else {
        return Finding::skipped(SUBJECT, format!("the server's time cannot be read: {date:?}"));
    };
    let ahead = ahead(server, sent, received);
    if ahead.abs() <= MOST {
        return Finding::ok(SUBJECT, "within a minute of the server's");
    }
    let side = if ahead.is_positive() { "ahead of" } else { "behind" };
    let by = Span::between(Timestamp::UNIX_EPOCH + ahead.abs(), Timestamp::UNIX_EPOCH);
    let meaning = if ahead.is_positive() {
        "jobs begin before the server expects them"
    } else {
        "jobs begin later than the server expects them, and are reported as missed"
    };
    Finding::misleading(
        SUBJECT,
        format!("{by} {side} the server's: {meaning}"),
        "set the clock of this machine, or of the server, by NTP",
    )
}

fn instant(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

/// The least time by which this machine is ahead of the server; negative if it is behind. `server` was its time, without the fraction of
/// the second, at some instant between `sent` and `received`.
fn ahead(server: Timestamp, sent: Timestamp, received: Timestamp) -> SignedDuration {
    const SECOND: SignedDuration = SignedDuration::from_secs(1);
    let latest = server.saturating_add(SECOND).unwrap_or(server);
    if sent > latest {
        sent.duration_since(latest)
    } else if received < server {
        received.duration_since(server)
    } else {
        SignedDuration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_round_trip_nor_the_rounding_is_taken_for_a_skew() {
        let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
        for (server, sent, received, expected) in [
            (10_000, 10_200, 10_900, 0),
            // A slow answer.
            (10_000, 5_000, 95_000, 0),
            // The server's second began before, and ended after.
            (10_000, 10_999, 11_100, 0),
            (10_000, 100_000, 100_100, 89_000),
            (100_000, 9_000, 10_000, -90_000),
        ] {
            let ahead = ahead(at(server), at(sent), at(received));
            assert_eq!(ahead, SignedDuration::from_millis(expected), "{server} {sent} {received}");
        }
    }
}
