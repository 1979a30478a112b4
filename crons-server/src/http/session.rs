//! The cookie of a browser that is signed in: its end, signed with a key that is derived from the admin token, so that another token
//! revokes it. The server stores nothing.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;

use crate::settings::AdminToken;

/// The name of the cookie.
const NAME: &str = "crons_session";

/// The time for which a browser stays signed in.
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The key that signs cookies.
#[derive(Debug)]
pub struct SessionKey(hmac::Key);

impl SessionKey {
    pub fn new(token: &AdminToken) -> Self {
        /// Separates this key from any other use of the token.
        const USE: &[u8] = b"crons: cookies of signed-in browsers, version 1";
        let token = hmac::Key::new(hmac::HMAC_SHA256, token.as_str().as_bytes());
        Self(hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&token, USE).as_ref()))
    }

    /// The value of `Set-Cookie` that signs a browser in; `secure` if it speaks https. `None` if `now` is at the end of time.
    pub fn sign_in(&self, now: Timestamp, secure: bool) -> Option<HeaderValue> {
        let end = now.checked_add(LIFETIME).ok()?.as_second();
        let signature = BASE64.encode(hmac::sign(&self.0, end.to_string().as_bytes()));
        set_cookie(&format!("{end}.{signature}"), LIFETIME.as_secs(), secure)
    }

    /// Returns whether a request brings a cookie that this key signed and that has not ended at `now`.
    pub fn is_signed_in(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        cookies(headers).any(|value| self.is_valid(value, now))
    }

    fn is_valid(&self, value: &str, now: Timestamp) -> bool {
        let Some((written, signature)) = value.split_once('.') else { return false };
        let (Ok(end), Ok(signature)) = (written.parse::<i64>(), BASE64.decode(signature)) else {
            return false;
        };
        end > now.as_second() && hmac::verify(&self.0, written.as_bytes(), &signature).is_ok()
    }
}

/// The value of `Set-Cookie` that signs a browser out.
pub fn sign_out(secure: bool) -> Option<HeaderValue> {
    set_cookie("", 0, secure)
}

fn set_cookie(value: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&cookie).ok()
}

/// The values of all cookies of this name; a browser may send one of another path as well.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let written = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    written.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == NAME).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn key(token: &str) -> SessionKey {
        SessionKey::new(&token.parse().unwrap())
    }

    /// The headers of a browser that took this `Set-Cookie`.
    fn browser(cookie: &HeaderValue) -> HeaderMap {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        HeaderMap::from_iter([(header::COOKIE, format!("other=1; {pair}").parse().unwrap())])
    }

    #[test]
    fn a_cookie_signs_in_for_thirty_days() {
        let key = key("open-sesame-0123456789");
        let cookie = key.sign_in(NOW, false).unwrap();
        let headers = browser(&cookie);
        for (hours, signed_in) in [(0, true), (30 * 24 - 1, true), (30 * 24, false), (40 * 24, false)] {
            assert_eq!(
                key.is_signed_in(&headers, NOW + SignedDuration::from_hours(hours)),
                signed_in,
                "{hours} h"
            );
        }
    }

    #[test]
    fn another_token_revokes_the_cookie() {
        let cookie = key("open-sesame-0123456789").sign_in(NOW, false).unwrap();
        assert!(!key("open-sesame-0123456788").is_signed_in(&browser(&cookie), NOW));
    }

    #[test]
    fn a_cookie_that_was_changed_is_worth_nothing() {
        let key = key("open-sesame-0123456789");
        let cookie = key.sign_in(NOW, false).unwrap().to_str().unwrap().to_owned();
        let value = cookie.split_once('=').unwrap().1.split(';').next().unwrap();
        let (end, signature) = value.split_once('.').unwrap();
        assert!(key.is_valid(value, NOW));
        let later = end.parse::<i64>().unwrap() + 1;
        for changed in [
            String::new(),
            ".".to_owned(),
            end.to_owned(),
            format!("{later}.{signature}"),
            format!("0{end}.{signature}"),
            format!("+{end}.{signature}"),
            format!("{end}."),
            format!("{end}.{}", &signature[1..]),
            format!("{end}.{signature}A"),
            format!("{signature}.{end}"),
            format!("{end}.{}", signature.to_uppercase()),
        ] {
            assert!(!key.is_valid(&changed, NOW), "{changed}");
        }
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_the_cookie() {
        let key = key("open-sesame-0123456789");
        for (cookie, secure) in [
            (key.sign_in(NOW, false), false),
            (key.sign_in(NOW, true), true),
            (sign_out(false), false),
            (sign_out(true), true),
        ] {
            let cookie = cookie.unwrap().to_str().unwrap().to_owned();
            let attributes: Vec<&str> = cookie.split("; ").collect();
            for needed in ["HttpOnly", "SameSite=Strict", "Path=/"] {
                assert!(attributes.contains(&needed), "{cookie}");
            }
            assert_eq!(attributes.contains(&"Secure"), secure, "{cookie}");
            assert!(!format!("{key:?}").contains("open-sesame"));
        }
    }
}
