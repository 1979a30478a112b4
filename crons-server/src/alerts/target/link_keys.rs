//! Hides the keys of a message's links in the answer to it, which may repeat the message. Answers are stored, logged, shown to tokens that
//! only read, and told to other targets.

use std::collections::HashSet;

use super::http_client::DeliveryError;
use super::response::TargetResponse;
use crate::alerts::payload::Message;

/// The length from which on a part of a key is hidden: an answer may be cut within a key, at either end.
const MIN_PART: usize = 8;

/// Returns the outcome of sending a message without the keys of its links.
pub(super) fn without_link_keys(
    message: &Message,
    outcome: Result<TargetResponse, DeliveryError>,
) -> Result<TargetResponse, DeliveryError> {
    let keys: Vec<&str> = message.link_keys().collect();
    if keys.is_empty() {
        return outcome;
    }
    match outcome {
        Ok(response) => Ok(TargetResponse { body: hide(&keys, &response.body), ..response }),
        Err(DeliveryError(text)) => Err(DeliveryError(hide(&keys, &text))),
    }
}

/// Replaces each key in a text by `…`, in upper or lower case, and each part of one of at least [`MIN_PART`] characters. Keys are ASCII.
fn hide(keys: &[&str], text: &str) -> String {
    let parts: HashSet<&[u8]> = keys.iter().flat_map(|key| key.as_bytes().windows(MIN_PART)).collect();
    let lower = text.to_ascii_lowercase();
    let mut is_hidden = vec![false; text.len()];
    for (at, part) in lower.as_bytes().windows(MIN_PART).enumerate() {
        if parts.contains(part) {
            is_hidden[at..at + MIN_PART].fill(true);
        }
    }
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if !is_hidden[at] {
            shown.push(character);
        } else if at == 0 || !is_hidden[at - 1] {
            shown.push('…');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_parts_are_hidden_and_all_else_stays() {
        let keys = ["5bdcc146bf60754e6a042426089575c7", "00112233445566778899aabbccddeeff"];
        for (text, expected) in [
            ("respond?key=5bdcc146bf60754e6a042426089575c7 é", "respond?key=… é"),
            ("key%3D5BDCC146BF60754E6A042426089575C7&x", "key%3D…&x"),
            ("6089575c7 b5bdcc146", "… b…"),
            ("26089575c7\"} 00112233445566778899aab", "…\"} …"),
            ("5bdcc14 is short", "5bdcc14 is short"),
            ("", ""),
        ] {
            assert_eq!(hide(&keys, text), expected, "{text}");
        }
    }
}
