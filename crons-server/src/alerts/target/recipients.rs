//! The recipients who have a mail that the mail server did not take for all of them at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lettre::message::Mailbox;
use uuid::Uuid;

/// The number of mails that are remembered. A further one is not repeated for the recipients who lack it.
const MAX_MAILS: usize = 10_000;
/// The age at which a mail makes room for another. Messages expire after a day, if there were ten attempts.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// The mails that some recipients have and others get later, by the ids of the messages. A restart forgets them, so that a recipient may
/// get a mail twice.
#[derive(Debug, Default)]
pub(super) struct PartlyDelivered(Mutex<BTreeMap<Uuid, Partly>>);

#[derive(Debug)]
struct Partly {
    since: Timestamp,
    /// The places of the recipients in the list of the target.
    accepted: BTreeSet<usize>,
}

impl PartlyDelivered {
    /// Returns the places of the recipients who have the mail.
    pub(super) fn accepted(&self, mail: Uuid) -> BTreeSet<usize> {
        self.mails().get(&mail).map(|partly| partly.accepted.clone()).unwrap_or_default()
    }

    /// Remembers that these recipients have the mail. Returns false, without an effect, if there is no room.
    pub(super) fn keep(&self, mail: Uuid, accepted: impl IntoIterator<Item = usize>, now: Timestamp) -> bool {
        let mut mails = self.mails();
        let lacks_room = |mails: &BTreeMap<_, _>| mails.len() >= MAX_MAILS && !mails.contains_key(&mail);
        if lacks_room(&mails) {
            mails.retain(|_, partly| now.duration_since(partly.since) < FORGOTTEN_AFTER);
        }
        if lacks_room(&mails) {
            return false;
        }
        let partly = mails.entry(mail).or_insert_with(|| Partly { since: now, accepted: BTreeSet::new() });
        partly.accepted.extend(accepted);
        true
    }

    /// Forgets a mail, since nobody gets it any more.
    pub(super) fn forget(&self, mail: Uuid) {
        self.mails().remove(&mail);
    }

    fn mails(&self) -> MutexGuard<'_, BTreeMap<Uuid, Partly>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the recipients at these places of `to`, to whom a mail is not sent: a line for each reason.
pub(super) fn not_sent(to: &[Mailbox], left_out: impl IntoIterator<Item = (usize, String)>) -> String {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for (place, why) in left_out {
        let Some(recipient) = to.get(place) else { continue };
        let address = recipient.email.as_ref();
        match lines.iter_mut().find(|(known, _)| *known == why) {
            Some((_, addresses)) => addresses.push(address),
            None => lines.push((why, vec![address])),
        }
    }
    let lines =
        lines.into_iter().map(|(why, addresses)| format!("not sent to {}: {why}", addresses.join(", ")));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_add_up_and_an_old_mail_makes_room() {
        let mails = PartlyDelivered::default();
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let id = |number: usize| Uuid::from_u128(number as u128);
        for number in 0..MAX_MAILS {
            assert!(mails.keep(id(number), [0], at(0)));
        }
        assert!(!mails.keep(id(MAX_MAILS), [0], at(47)) && mails.accepted(id(MAX_MAILS)).is_empty());
        assert!(mails.keep(id(7), [2], at(47)));
        assert_eq!(mails.accepted(id(7)), BTreeSet::from([0, 2]));
        mails.forget(id(7));
        assert_eq!(mails.accepted(id(7)), BTreeSet::new());
        assert!(mails.keep(id(MAX_MAILS), [1], at(47)), "there is room again");
        assert!(mails.keep(id(0), [1], at(48)), "one that is there needs none");
        assert_eq!(mails.accepted(id(0)), BTreeSet::from([0, 1]));
        assert!(mails.keep(id(MAX_MAILS + 1), [1], at(48)));
        assert_eq!(mails.mails().len(), 2, "the old ones are forgotten");
    }
}
