//! Lists in a text of bounded length: as many lines as there is room for, and the number of the others.

use super::words::thousands;

/// Returns as many of the lines as `room` bytes hold with a `line_break` behind each, and after them the number of the others if not all of
/// `count` are shown.
pub(super) fn fitting(lines: &[String], count: usize, line_break: &str, room: usize) -> Vec<String> {
    let more = |shown: usize| format!("and {} more", thousands(count - shown));
    let is_whole = lines.len() == count && length(lines, line_break) <= room;
    let room = if is_whole { room } else { room.saturating_sub(more(0).len() + line_break.len()) };
    let mut taken = 0;
    let fits = |line: &&String| {
        taken += line.len() + line_break.len();
        taken <= room
    };
    let mut shown: Vec<String> = lines.iter().take_while(fits).cloned().collect();
    if shown.len() < count {
        shown.push(more(shown.len()));
    }
    shown
}

/// Returns the number of bytes of the lines with a `line_break` behind each.
pub(super) fn length(lines: &[String], line_break: &str) -> usize {
    lines.iter().map(|line| line.len() + line_break.len()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_that_fits_exactly_has_no_number() {
        let lines = ["first", "second"].map(str::to_owned);
        assert_eq!(fitting(&lines, 2, "\n", 13), lines);
        assert_eq!(fitting(&lines, 2, "\n", 12), ["and 2 more"]);
        assert_eq!(fitting(&lines, 3, "\n", 17), ["first", "and 2 more"]);
        assert_eq!(fitting(&[], 0, "\n", 0), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_line_is_lost(lengths in prop::collection::vec(1..30_usize, 0..50), more in 0..2_000_usize, room in 20..500_usize) {
            let lines: Vec<_> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            let count = lines.len() + more;
            let shown = fitting(&lines, count, "\n\n", room);
            prop_assert!(length(&shown, "\n\n") <= room);
            let others = shown.last().and_then(|line| line.strip_prefix("and ")?.strip_suffix(" more"));
            let others = others.map_or(0, |number| number.replace(',', "").parse().unwrap());
            prop_assert_eq!(others + shown.len() - usize::from(others > 0), count);
        }
    }
}
