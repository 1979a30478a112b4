//! Requests to the API of a server, for the commands that ask one.

use std::error::Error;
use std::time::Duration;

use crons_server::{chain, trusted_client};
use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::api_error::{ApiError, ServerAddress};

/// The length at which an answer is refused: no page of a list is as long.
const MAX_BODY: usize = 32 << 20;

/// A client of one server.
pub(crate) struct ApiClient {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    /// The address of the server; its path ends in a slash.
    base: Url,
    token: Option<String>,
    /// The time in which an answer must be complete.
    timeout: Duration,
}

/// The answer to a request that the server has accepted.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    /// The body; null if it is empty.
    pub(crate) body: Value,
    /// The cursor of the next page of a list; `None` on the last page, or if the answer is no list.
    next: Option<String>,
    /// The time of the server, without the fraction of the second; `None` if the answer does not have it.
    date: Option<Timestamp>,
}

impl ApiClient {
    /// Prepares a client. Nothing is sent yet. The path of `base` ends in a slash.
    ///
    /// # Errors
    /// If the system has no certificates that are needed.
    pub(crate) fn new(base: Url, token: Option<String>, timeout: Duration) -> Result<Self, ApiError> {
        let refused = |error: &(dyn Error + 'static)| ApiError::from(chain(error));
        let builder = trusted_client(&base).map_err(|error| refused(&error))?;
        let client = builder.timeout(timeout).build().map_err(|error| refused(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| refused(&error))?;
        Ok(Self { runtime, client, base, token, timeout })
    }

    /// The address of the server, for messages.
    pub(crate) fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Reads a path below `/api/0/organizations/crons/`, given in its parts, each of which is percent-encoded.
    ///
    /// # Errors
    /// If there is no answer, or the server refuses.
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, ApiError> {
        self.send(Method::GET, path, query, None)
    }

    /// Reads the time of the server, without the fraction of the second; that of this machine if the answer does not have it.
    ///
    /// # Errors
    /// If there is no answer, or the server refuses.
    pub(crate) fn time(&self) -> Result<Timestamp, ApiError> {
        let answer = self.get(&["monitors"], &[("per_page", "1")])?;
        Ok(answer.date.unwrap_or_else(Timestamp::now))
    }

    /// Reads all monitors, page by page.
    ///
    /// # Errors
    /// If there is no answer, the server refuses, or it answers with something else than a list.
    pub(crate) fn monitors(&self) -> Result<Vec<Value>, ApiError> {
        self.list(&["monitors"], &[])
    }

    /// Reads a list, page by page.
    ///
    /// # Errors
    /// If there is no answer, the server refuses, or it answers with something else than a list.
    pub(crate) fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<Value>, ApiError> {
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let cursor_of_page = cursor.iter().map(|cursor| ("cursor", cursor.as_str()));
            let query: Vec<_> = query.iter().copied().chain(cursor_of_page).collect();
            let (page, next) = self.page(path, &query)?;
            found.extend(page);
            cursor = next;
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    /// Reads a page of a list. Returns its rows, and the cursor of the next page; `None` on the last one.
    ///
    /// # Errors
    /// If there is no answer, the server refuses, or it answers with something else than a list.
    pub(crate) fn page(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<(Vec<Value>, Option<String>), ApiError> {
        let answer = self.get(path, query)?;
        match answer.body {
            Value::Array(rows) => Ok((rows, answer.next)),
            _ => Err(self.foreign(answer.status)),
        }
    }

    /// Sends a request to a path below `/api/0/organizations/crons/`, with a JSON body if there is one.
    ///
    /// # Errors
    /// If there is no answer, or the server refuses.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, ApiError> {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(["api", "0", "organizations", "crons"]).extend(path).push("");
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.request(method, url, body)
    }

    /// Asks whether database, clock and outbox of the server work.
    ///
    /// # Errors
    /// If there is no answer, or they do not: the reason. Also if another server answers, whatever its status.
    pub(crate) fn ready(&self) -> Result<Answer, ApiError> {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push("ready");
        }
        let answer = self.request(Method::GET, url, None)?;
        if answer.body["status"] == "ready" { Ok(answer) } else { Err(self.foreign(answer.status)) }
    }

    /// Sends a request as [`send`](Self::send) does, and checks the answer.
    ///
    /// # Errors
    /// If there is no answer, the server refuses, or `is_expected` returns false for the status and the body: no crons server gives this answer.
    pub(crate) fn send_expecting(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
        is_expected: impl Fn(u16, &Value) -> bool,
    ) -> Result<Value, ApiError> {
        let answer = self.send(method, path, query, body)?;
        if is_expected(answer.status, &answer.body) {
            Ok(answer.body)
        } else {
            Err(self.foreign(answer.status))
        }
    }

    fn request(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Answer, ApiError> {
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.runtime.block_on(async {
            let address = self.address();
            let mut response = request.send().await.map_err(|error| address.unreachable(error))?;
            let mut read = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| address.cut_off(error))? {
                read.extend_from_slice(&chunk);
                if read.len() > MAX_BODY {
                    return Err(self.foreign(response.status().as_u16()));
                }
            }
            self.answer(&response, &read)
        })
    }

    fn answer(&self, response: &reqwest::Response, read: &[u8]) -> Result<Answer, ApiError> {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        if (300..400).contains(&status) {
            let location = header("location").unwrap_or("another address");
            return Err(self.address().redirect(status, location));
        }
        let body = if read.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(read) };
        let body: Value = body.map_err(|_| self.foreign(status))?;
        if (200..300).contains(&status) {
            let date = header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
            let date = date.map(|date| date.timestamp());
            return Ok(Answer { status, body, next: header("link").and_then(next_cursor), date });
        }
        let detail = body.get("detail").and_then(Value::as_str);
        let message = match (status, detail) {
            (401, _) if self.token.is_some() => format!(
                "the server at {} does not accept the token in --token or CRONS_TOKEN; write its admin token, or one that \
                 `crons token create` printed and nobody has revoked",
                self.base()
            ),
            (401, _) => format!(
                "the server at {} asks for a token; set CRONS_TOKEN to its admin token, or to one of `crons token create`",
                self.base()
            ),
            (_, Some(detail)) => detail.to_owned(),
            _ => return Err(self.foreign(status)),
        };
        Err(ApiError::refusal(status, &message))
    }

    /// The server, for messages about the lack of its answer.
    fn address(&self) -> ServerAddress<'_> {
        ServerAddress { base: self.base(), timeout: self.timeout }
    }

    /// The error of an answer that does not come from a `crons` server.
    fn foreign(&self, status: u16) -> ApiError {
        self.address().foreign(status)
    }
}

/// Returns whether a text is the id of a check-in, an incident or a token: 32 hexadecimal digits, with hyphens or without.
pub(crate) fn is_id(text: &str) -> bool {
    text.bytes().filter(|byte| *byte != b'-').count() == 32
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The cursor of the next page in a `Link` header; `None` if there is no next page.
fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(", ").find(|part| part.contains("rel=\"next\""))?;
    let value = |name: &str| Some(next.split_once(&format!("{name}=\""))?.1.split_once('"')?.0);
    (value("results")? == "true").then(|| value("; cursor").map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_known_by_its_cursor() {
        let link = |results| {
            format!(
                "</api/0/organizations/crons/monitors/?cursor=2:0:1>; rel=\"previous\"; results=\"true\"; cursor=\"2:0:1\", \
                 </api/0/organizations/crons/monitors/?per_page=2&cursor=2:2:0>; rel=\"next\"; results=\"{results}\"; cursor=\"2:2:0\""
            )
        };
        assert_eq!(next_cursor(&link("true")).as_deref(), Some("2:2:0"));
        assert_eq!(next_cursor(&link("false")), None);
        assert_eq!(next_cursor("nonsense"), None);
    }
}
