//! Finds secrets by the text around them: in URLs, and in headers of HTTP.

use std::ops::Range;

/// A user name of a URL without a password is a token from this length on.
const TOKEN_LEN: usize = 20;
/// The schemes of `Authorization` whose credentials are one word.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];

/// Returns the places of secrets in a text.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = in_urls(text);
    found.extend(in_headers(text));
    found
}

/// The passwords of URLs such as `postgres://user:password@host/`, and tokens in the place of the user name.
fn in_urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (scheme, _) in text.match_indices("://") {
        let begin = scheme + 3;
        let rest = &text[begin..];
        let rest =
            &rest[..rest.find(|c: char| c.is_whitespace() || "\"'<>`".contains(c)).unwrap_or(rest.len())];
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        if let Some(at) = authority.rfind('@') {
            match authority[..at].find(':') {
                Some(colon) if colon + 1 < at => found.push(begin + colon + 1..begin + at),
                None if at >= TOKEN_LEN => found.push(begin..begin + at),
                _ => {}
            }
        } else if let (Some(colon), Some(at)) = (authority.find(':'), rest.find('@'))
            && !authority[colon + 1..].bytes().all(|byte| byte.is_ascii_digit())
        {
            // A password with a slash that is not escaped. Digits would be a port, and the at sign a part of the path.
            found.push(begin + colon + 1..begin + at);
        }
    }
    found
}

/// The credentials of headers such as `Authorization: Bearer token`.
fn in_headers(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for (at, name) in lower.match_indices("authorization") {
        let value = at + name.len();
        // Also in JSON, and in Rust's and Python's notations of maps.
        let separators = |c: char| c == ':' || c == '=' || c == '"' || c == '\'' || c == ' ' || c == '(';
        let value = lower.len() - lower[value..].trim_start_matches(separators).len();
        let Some(scheme) = SCHEMES.iter().find(|scheme| lower[value..].starts_with(**scheme)) else {
            continue;
        };
        let after = value + scheme.len();
        let begin = lower.len() - lower[after..].trim_start_matches([' ', '\t']).len();
        let rest = &lower[begin..];
        let length = rest.find(|c: char| c.is_whitespace() || "\"'`,;)".contains(c)).unwrap_or(rest.len());
        if begin > after && length > 0 {
            found.push(begin..begin + length);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        secrets(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn tokens_and_passwords_of_urls_are_found() {
        for (text, expected) in [
            ("https://ghp_0123456789abcdefghij@github.com/a/b", "ghp_0123456789abcdefghij"),
            ("https://0123456789abcdef0123456789abcdef@host/1", "0123456789abcdef0123456789abcdef"),
            ("postgres://bob:pa/ss#w@db/x", "pa/ss#w"),
            ("postgres://bob:p@ss@db/x", "p@ss"),
        ] {
            assert_eq!(hidden(text), [expected], "{text}");
        }
        for text in [
            "https://git@github.com/a",
            "http://host:8080/a@b",
            "http://host/a:b@c",
            "https://a-short-user@host/1",
            "see http://host:80 and mail a@b",
        ] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn credentials_of_headers_are_found() {
        for (text, expected) in [
            ("> Authorization: Bearer abc.def-1\r\n> Accept: */*", "abc.def-1"),
            ("curl -H 'authorization: basic dXNlcjpwdw==' http://host", "dXNlcjpwdw=="),
            ("{\"Authorization\": \"Token 0815\"}", "0815"),
        ] {
            assert_eq!(hidden(text), [expected], "{text}");
        }
        for text in
            ["authorization failed for bearer bob", "Authorization: Bearer", "Authorization: none of it"]
        {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }
}
