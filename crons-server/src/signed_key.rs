//! Keys in addresses that open one page without signing in, each made of a stored secret and the subject of the page.

use ring::hmac;

/// The length of a key in bytes, which cannot be guessed.
const LENGTH: usize = 16;

/// Returns the key of a subject as 32 hexadecimal digits: the beginning of its HMAC-SHA256 by `secret`.
pub(crate) fn signed_key(secret: &str, subject: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), subject);
    let first = tag.as_ref().first_chunk::<LENGTH>();
    first.map(|bytes| format!("{:032x}", u128::from_be_bytes(*bytes))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_beginning_of_an_hmac() {
        // Test case 2 of RFC 4231.
        let key = signed_key("Jefe", b"what do ya want for nothing?");
        assert_eq!(key, "5bdcc146bf60754e6a042426089575c7");
        assert_ne!(signed_key("Jefe", b"what do ya want"), key);
    }
}
