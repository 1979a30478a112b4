//! Hides the secrets of a request in the answer to it, which may repeat them: many frameworks answer a 404 with the path.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

/// The length from which on a part of an address is hidden by itself. A shorter one may be an ordinary word.
const MIN_PART: usize = 8;
/// The length from which on the beginning of a secret is hidden at the end of a text, which may be cut.
const MIN_CUT: usize = 4;

/// The texts of one request that may be secret, the longest first.
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    /// Collects the secrets of a request: the path, query and password of its address, their long parts, and `secrets`.
    pub(super) fn new(url: &Url, secrets: &[String]) -> Self {
        let decode = |text: &str| {
            let pair = format!("={}", text.replace('+', "%2B"));
            form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect::<String>()
        };
        let mut hidden: Vec<String> = secrets.to_vec();
        if url.path() != "/" {
            hidden.extend([url.path().to_owned(), decode(url.path())]);
        }
        let (query, password) = (url.query().unwrap_or_default(), url.password().unwrap_or_default());
        hidden.extend([query.to_owned(), password.to_owned(), decode(password)]);
        if !password.is_empty() {
            hidden.push(STANDARD.encode(format!("{}:{}", decode(url.username()), decode(password))));
        }
        let parts = url.path().split('/').chain(query.split(['&', '=']));
        let parts = parts.flat_map(|part| [part.to_owned(), decode(part), part.replace('+', " ")]);
        hidden.extend(parts.filter(|part| part.chars().count() >= MIN_PART));
        hidden.retain(|text| !text.is_empty());
        hidden.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        hidden.dedup();
        Self(hidden)
    }

    /// Replaces each secret in a text by `…`.
    pub(super) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(text);
        for secret in &self.0 {
            if shown.contains(secret) {
                shown = Cow::Owned(shown.replace(secret, "…"));
            }
        }
        shown
    }

    /// Replaces each secret in a text that was cut, and at its end the beginning of one.
    pub(super) fn hide_cut<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let shown = self.hide(text);
        let cut = |secret: &String| {
            let lengths = (MIN_CUT..secret.len()).rev();
            lengths
                .filter(|length| secret.is_char_boundary(*length))
                .find(|length| shown.ends_with(&secret[..*length]))
        };
        match self.0.iter().filter_map(cut).max() {
            Some(length) => Cow::Owned(format!("{}…", &shown[..shown.len() - length])),
            None => shown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(url: &str, secrets: &[&str]) -> Hidden {
        let secrets: Vec<_> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        Hidden::new(&url.parse().unwrap(), &secrets)
    }

    #[test]
    fn an_answer_shows_no_part_of_an_address_that_may_be_secret() {
        let url = "https://me:p%40ss@hooks.example/services/T0/B0/top%20secret?token=abc%2Bdefgh&x=1";
        let hidden = hidden(url, &[]);
        for (text, expected) in [
            ("Cannot POST /services/T0/B0/top%20secret?token=abc%2Bdefgh&x=1", "Cannot POST …?…"),
            ("Cannot POST /services/T0/B0/top secret", "Cannot POST …"),
            (
                r#"{"path": ["services", "T0", "top secret"], "token": "abc+defgh"}"#,
                r#"{"path": ["…", "T0", "…"], "token": "…"}"#,
            ),
            (
                "Authorization: Basic bWU6cEBzcw==, that is p@ss or p%40ss",
                "Authorization: Basic …, that is … or …",
            ),
            ("no such channel", "no such channel"),
        ] {
            assert_eq!(hidden.hide(text), expected, "{text}");
            assert_eq!(hidden.hide_cut(text), expected, "{text}");
        }
        for (cut, expected) in
            [("/services/T0/B0/top%2", "/…/T0/B0/…"), ("abc%2Bde", "…"), ("/ser", "…"), ("no", "no")]
        {
            assert_eq!(hidden.hide_cut(&format!("cut: {cut}")), format!("cut: {expected}"));
        }
    }

    #[test]
    fn secrets_of_the_table_are_hidden_and_the_host_is_not() {
        let text = "https://api.telegram.org/bot0:abc/sendMessage has no bot 0:abc";
        let url = "https://api.telegram.org/bot0:abc/sendMessage";
        assert_eq!(hidden(url, &["0:abc"]).hide(text), "https://api.telegram.org… has no bot …");
        assert_eq!(hidden("https://a.example/", &["", "key"]).hide("GET / with key?"), "GET / with …?");
    }
}
