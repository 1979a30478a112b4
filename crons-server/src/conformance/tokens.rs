//! Conformance of queries about API tokens.

use serde_json::{Value, json};

use super::{API, Written, on_every_backend};
use crate::Settings;
use crate::store::TokenHash;

/// Makes a token over the API. Returns its id and the token itself.
fn create(written: &Written, name: &str, scope: &str) -> (String, String) {
    let body = json!({"name": name, "scope": scope}).to_string();
    let mut answer = written.agent.post(written.url(&format!("{API}/tokens/"))).send(body).unwrap();
    let made: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

#[test]
fn tokens_are_found_by_their_hash_until_they_are_revoked() {
    on_every_backend(&Settings::default(), |written| {
        let (one, token) = create(written, "one", "read");
        let (_, other) = create(written, "another", "write");
        let found = |token: &str| {
            let found = written.queries.api_token(TokenHash::of(token.as_bytes())).unwrap();
            found.map(|token| (token.name, token.scope.as_str()))
        };
        let names = || -> Vec<String> {
            written.queries.api_tokens().unwrap().into_iter().map(|token| token.name).collect()
        };
        assert_eq!(found(&token), Some(("one".to_owned(), "read")));
        assert_eq!(found(&other), Some(("another".to_owned(), "write")));
        assert_eq!(found("crons_none"), None);
        assert_eq!(names(), ["one", "another"]);
        let revoked = written.agent.delete(written.url(&format!("{API}/tokens/{one}/"))).call().unwrap();
        assert_eq!(revoked.status(), 204);
        assert_eq!((found(&token), names()), (None, vec!["another".to_owned()]));
    });
}
