//! Ids of the rows that the server creates: UUIDs of version 7 (<https://www.rfc-editor.org/rfc/rfc9562#section-5.7>).

use uuid::{Builder, Uuid};

use crate::clock::Clock;

/// The random bits of the lower half of an id. Above them are the two bits of the UUID variant and one bit that starts as zero, so that
/// counting up within a millisecond cannot change the variant.
const RANDOM_BITS: u64 = u64::MAX >> 3;

/// Makes ids in order of time. Rows that are created together are then side by side in the indexes of the database, where random ids
/// would each touch another page.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: u128,
}

impl Ids {
    /// Returns the next id: random in a new millisecond, else the last id plus one, since random bits cost a system call.
    pub(crate) fn next(&mut self) -> Uuid {
        let millis = u64::try_from(Clock::System.now().as_millisecond()).unwrap_or_default();
        // The ids count up from the last one after the clock was set back, so they stay in order.
        self.last = if u128::from(millis) > self.last >> 80 {
            let (high, low) = Uuid::new_v4().as_u64_pair();
            let [.., one, other] = high.to_be_bytes();
            let mut random = [one, other, 0, 0, 0, 0, 0, 0, 0, 0];
            random[2..].copy_from_slice(&(low & RANDOM_BITS).to_be_bytes());
            Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128()
        } else {
            self.last + 1
        };
        Uuid::from_u128(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_in_order_and_no_two_are_the_same() {
        let mut ids = Ids::default();
        let made: Vec<Uuid> = (0..100_000).map(|_| ids.next()).collect();
        assert!(made.is_sorted_by(|one, next| one < next));
        assert!(
            made.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122)
        );
        let others: Vec<Uuid> = std::iter::repeat_with(|| Ids::default().next()).take(1_000).collect();
        assert!(others.is_sorted_by(|one, next| one.as_u128() >> 80 <= next.as_u128() >> 80));
        let tails: std::collections::HashSet<u64> = others.iter().map(|id| id.as_u64_pair().1).collect();
        assert_eq!(tails.len(), others.len(), "another process makes other ids");
    }
}
