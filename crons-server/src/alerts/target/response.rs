//! The answer of a target of any kind.

use std::time::Duration;

use super::http_client::WebhookResponse;

/// The answer of a target to one message.
#[derive(Debug, Clone)]
pub struct TargetResponse {
    pub(super) verdict: Verdict,
    pub(super) status: String,
    pub(super) body: String,
    pub(super) elapsed: Duration,
    pub(super) retry_after: Option<Duration>,
    pub(super) advice: &'static str,
}

/// The meaning of an answer for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    /// The target refuses this message, and perhaps not the next one.
    Refused,
    /// The target refuses the content of this message, perhaps for its size.
    RefusedContent,
    /// The target takes no message at this time.
    NotNow,
}

impl TargetResponse {
    /// Whether the target has accepted the message.
    pub fn is_success(&self) -> bool {
        self.verdict == Verdict::Accepted
    }

    /// The result in the words of the protocol: `HTTP 200`, `SMTP 250`, `exit code 0`.
    pub fn status(&self) -> &str {
        &self.status
    }

    /// The text of the answer, or the output of a command; at most 1,024 bytes.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The time until the answer.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Advice on an answer that is no success: the meaning of its status, and what to do.
    pub fn advice(&self) -> &'static str {
        self.advice
    }

    /// Whether the target refuses this message, so that later ones need not wait for it.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.verdict, Verdict::Refused | Verdict::RefusedContent)
    }

    /// Whether the target refuses the content of this message, so that it may take the parts of a group.
    pub(crate) fn refuses_content(&self) -> bool {
        self.verdict == Verdict::RefusedContent
    }

    /// The time that the target asks to wait for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Status and text, as they are stored with the message.
    pub(crate) fn summary(&self) -> String {
        match self.body.trim() {
            "" => self.status.clone(),
            body => format!("{}: {body}", self.status),
        }
    }

    /// Returns the answer to a message that cannot be rendered for its target.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self {
            verdict: Verdict::Refused,
            status: "the stored message cannot be read".to_owned(),
            body: error.to_string(),
            elapsed: Duration::ZERO,
            retry_after: None,
            advice: "the message was stored by another version of the server",
        }
    }
}

impl From<WebhookResponse> for TargetResponse {
    fn from(response: WebhookResponse) -> Self {
        let verdict = match &response {
            response if response.is_success() => Verdict::Accepted,
            response if response.refuses_content() => Verdict::RefusedContent,
            response if response.is_refusal() => Verdict::Refused,
            _ => Verdict::NotNow,
        };
        let advice = response.advice();
        let WebhookResponse { status, body, elapsed, retry_after } = response;
        Self { verdict, status: format!("HTTP {status}"), body, elapsed, retry_after, advice }
    }
}
