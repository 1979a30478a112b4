//! Ids of rows that the server makes: UUIDs of version 7.

use uuid::{Builder, Uuid};

use crate::clock::Clock;

/// What is random of those of one millisecond, below the bits that say which UUIDs they are; the one above it is left to
/// count in.
const RANDOM: u64 = u64::MAX >> 3;

/// Makes ids in order of time: those of a storm stand side by side in the indexes, random ones each on a page of its own.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: u128,
}

impl Ids {
    /// Random for each millisecond, and counted within it: what is random costs a system call.
    pub(crate) fn next(&mut self) -> Uuid {
        let millis = u64::try_from(Clock::System.now().as_millisecond()).unwrap_or_default();
        // A clock that is set back goes on where it was.
        self.last = if u128::from(millis) > self.last >> 80 {
            let (high, low) = Uuid::new_v4().as_u64_pair();
            let [.., one, other] = high.to_be_bytes();
            let mut random = [one, other, 0, 0, 0, 0, 0, 0, 0, 0];
            random[2..].copy_from_slice(&(low & RANDOM).to_be_bytes());
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
        assert_eq!(tails.len(), others.len(), "another start goes on with other numbers");
    }
}
