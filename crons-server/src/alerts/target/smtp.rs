//! Sends one mail by SMTP and reads the answers.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use super::addresses::AddressPolicy;
use super::email::{EmailTarget, Security};
use super::http_client::{CONNECT_TIMEOUT, DeliveryError, Trust, chain};
use super::recipients::{PartlyDelivered, not_sent};
use super::response::{TargetResponse, Verdict};
use crate::alerts::payload::Message;
use crate::alerts::text::truncate;

/// The time from the beginning of a conversation to the answer to the mail's text, which the server may scan first. It is less than that after
/// which the health check reports a message that waits (5 min); RFC 5321, 4.5.3.2.6, asks for 10 min.
const DATA_TIMEOUT: Duration = Duration::from_secs(4 * 60);
/// The time that the server has to answer the end of a conversation. The mail is accepted by then.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of bytes of an answer that are kept.
const MAX_ANSWER: usize = 1024;
/// The advice on a mail that some recipients have.
const PARTLY_DELIVERED: &str =
    "the mail server has taken the mail for some recipients; the server tries the others again for a day";

/// A target that gets e-mail, with all that a connection needs.
pub(super) struct SmtpClient {
    target: EmailTarget,
    /// `None` for a connection without TLS.
    tls: Option<TlsParameters>,
    policy: Arc<AddressPolicy>,
    partly_delivered: PartlyDelivered,
}

/// The end of a conversation that delivered the mail, to some recipients at least.
struct Taken {
    /// The answer to the text of the mail.
    response: Response,
    /// The places of the recipients who have it now.
    accepted: Vec<usize>,
    /// The places of those that the server refuses, with its answers.
    left_out: Vec<(usize, SmtpError)>,
}

/// The end of a conversation that did not deliver the mail.
enum Failure {
    /// An answer of the server. `left_out` has the places of the recipients that it names, with the reason of each.
    Answer { error: SmtpError, about: Subject, left_out: Vec<(usize, String)> },
    /// No answer.
    None(DeliveryError),
}

/// The subject of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The connection or the sign-in, and not this mail.
    Connection,
    /// The sender, or the recipients.
    Envelope,
    /// The text of the mail.
    Text,
}

impl SmtpClient {
    /// # Errors
    /// If the connection needs TLS and the certificates that the environment names cannot be used.
    pub(super) fn new(
        target: &EmailTarget,
        policy: Arc<AddressPolicy>,
        trust: &mut Trust,
    ) -> Result<Self, DeliveryError> {
        let tls = if target.security == Security::Plain { None } else { Some(tls(&target.host, trust)?) };
        Ok(Self { target: target.clone(), tls, policy, partly_delivered: PartlyDelivered::default() })
    }

    /// Sends a message to the recipients who do not have it yet. The answer names those that do not get it, with the reason of each. If the
    /// server may accept one of them later, the message is refused, so that it is sent again and no later one waits for it.
    ///
    /// # Errors
    /// If there is no answer, or the address must not be used.
    pub(super) async fn send(
        &self,
        message: &Message,
        now: Timestamp,
    ) -> Result<TargetResponse, DeliveryError> {
        let begin = Instant::now();
        let (origin, to) = (self.target.origin(), &self.target.to);
        let mail = self.target.mail(message, now).map_err(|error| DeliveryError::new(&origin, &error))?;
        let have_it = self.partly_delivered.accepted(message.id);
        let answer = |verdict, code: String, mut body: String, advice| {
            truncate(&mut body, MAX_ANSWER);
            let elapsed = begin.elapsed();
            TargetResponse {
                verdict,
                status: format!("SMTP {code}"),
                body,
                elapsed,
                retry_after: None,
                advice,
            }
        };
        match self.converse(&mail.formatted(), &have_it).await {
            Ok(Taken { response, accepted, left_out }) => {
                let words = not_sent(to, reasons(&left_out));
                if let Some((_, later)) = left_out.iter().find(|(_, error)| error.is_transient())
                    && self.partly_delivered.keep(message.id, accepted, now)
                {
                    let code = later.status().map(|code| code.to_string()).unwrap_or_default();
                    return Ok(answer(Verdict::Refused, code, words, PARTLY_DELIVERED));
                }
                self.partly_delivered.forget(message.id);
                let lines: Vec<&str> = response.message().chain(words.lines()).collect();
                let verdict = Verdict::Accepted;
                Ok(answer(verdict, response.code().to_string(), lines.join("\n"), advice(verdict)))
            }
            Err(failure) => {
                let lack_it = (0..to.len()).filter(|place| !have_it.contains(place));
                let (error, about, left_out) = match failure {
                    Failure::Answer { error, about, left_out } => (error, about, left_out),
                    Failure::None(error) if have_it.is_empty() => return Err(error),
                    Failure::None(DeliveryError(why)) => {
                        return Err(DeliveryError(not_sent(to, lack_it.map(|place| (place, why.clone())))));
                    }
                };
                let why = reason(&error);
                let words = match (left_out.is_empty(), have_it.is_empty()) {
                    (true, true) => why,
                    (true, false) => not_sent(to, lack_it.map(|place| (place, why.clone()))),
                    (false, _) => not_sent(to, left_out),
                };
                let Some(code) = error.status() else { return Err(DeliveryError::because(&origin, &words)) };
                let about_mail = about != Subject::Connection;
                let (verdict, advice) = match (about_mail && error.is_permanent(), have_it.is_empty()) {
                    // The recipients who have it get the next one.
                    (false, false) if about_mail => (Verdict::Refused, PARTLY_DELIVERED),
                    (false, _) => (Verdict::NotNow, advice(Verdict::NotNow)),
                    // The recipients who lack it are refused for good, so the mail is not repeated.
                    (true, false) => {
                        self.partly_delivered.forget(message.id);
                        (Verdict::Accepted, advice(Verdict::Accepted))
                    }
                    // 552: the mail is too large.
                    (true, true) if about == Subject::Text || u16::from(code) == 552 => {
                        (Verdict::RefusedContent, advice(Verdict::RefusedContent))
                    }
                    (true, true) => (Verdict::Refused, advice(Verdict::Refused)),
                };
                Ok(answer(verdict, code.to_string(), words, advice))
            }
        }
    }

    /// Delivers a mail to all recipients but those of these places, within the time limits, and ends the connection.
    async fn converse(&self, mail: &[u8], have_it: &BTreeSet<usize>) -> Result<Taken, Failure> {
        let (origin, limit) = (self.target.origin(), self.target.timeout);
        let begun = tokio::time::timeout(limit, self.begin(have_it)).await;
        let (mut connection, accepted, left_out) =
            begun.map_err(|_| Failure::None(DeliveryError::timed_out(&origin, limit)))??;
        let ended = tokio::time::timeout(DATA_TIMEOUT.saturating_sub(limit), connection.message(mail)).await;
        let response = ended
            .map_err(|_| {
                Failure::None(DeliveryError(format!(
                    "{origin} took the mail and did not confirm it within {} s; the server sends it again, perhaps twice; see the log \
                     of the mail server",
                    DATA_TIMEOUT.saturating_sub(limit).as_secs()
                )))
            })?
            .map_err(|error| Failure::about(Subject::Text, error))?;
        let _ = tokio::time::timeout(QUIT_TIMEOUT, connection.quit()).await;
        Ok(Taken { response, accepted, left_out })
    }

    /// Begins a mail to all recipients but those of these places: the connection is then open for its text. Returns the places of those
    /// that the server accepts, and of the others with its answers.
    async fn begin(
        &self,
        have_it: &BTreeSet<usize>,
    ) -> Result<(AsyncSmtpConnection, Vec<usize>, Vec<(usize, SmtpError)>), Failure> {
        let mut connection = self.connect().await?;
        let EmailTarget { from, to, .. } = &self.target;
        connection.command(Mail::new(Some(from.email.clone()), Vec::new())).await.map_err(about_mail)?;
        let (mut accepted, mut left_out) = (Vec::new(), Vec::new());
        for (place, recipient) in to.iter().enumerate().filter(|(place, _)| !have_it.contains(place)) {
            match connection.command(Rcpt::new(recipient.email.clone(), Vec::new())).await {
                Ok(_) => accepted.push(place),
                Err(error) if error.status().is_none() => return Err(about_mail(error)),
                Err(error) => left_out.push((place, error)),
            }
        }
        if accepted.is_empty() {
            connection.abort().await;
            let named = reasons(&left_out).collect();
            // A recipient who may be accepted later decides that the mail is sent again.
            let last = left_out.iter().rposition(|(_, error)| error.is_transient());
            let (_, error) = left_out.swap_remove(last.unwrap_or(left_out.len().saturating_sub(1)));
            return Err(Failure::Answer { error, about: Subject::Envelope, left_out: named });
        }
        connection.command(Data).await.map_err(about_mail)?;
        Ok((connection, accepted, left_out))
    }

    /// Connects to an address that the policy allows, and signs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let EmailTarget { host, port, security, credentials, from, .. } = &self.target;
        let addresses = self
            .policy
            .resolve(host, *port)
            .await
            .map_err(|error| Failure::None(DeliveryError::new(&self.target.origin(), &error)))?;
        // The domain of the sender stands for the name of this machine, which servers on the internet want to be a domain.
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let wrapped = self.tls.clone().filter(|_| *security == Security::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(&*addresses, Some(CONNECT_TIMEOUT), &hello, wrapped, None)
                .await
                .map_err(about_connection)?;
        if let (Security::StartTls, Some(tls)) = (security, &self.tls) {
            // A server that does not offer it is an error, before anything is sent.
            connection.starttls(tls.clone(), &hello).await.map_err(about_connection)?;
        }
        if let Some(credentials) = credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, credentials).await.map_err(about_connection)?;
        }
        Ok(connection)
    }
}

impl Failure {
    fn about(about: Subject, error: SmtpError) -> Self {
        Self::Answer { error, about, left_out: Vec::new() }
    }
}

fn about_connection(error: SmtpError) -> Failure {
    Failure::about(Subject::Connection, error)
}

fn about_mail(error: SmtpError) -> Failure {
    Failure::about(Subject::Envelope, error)
}

/// The text of an error with its causes. lettre's own text has that of the first cause.
fn reason(error: &SmtpError) -> String {
    let further = error.source().and_then(Error::source);
    further.map_or_else(|| error.to_string(), |cause| format!("{error}: {}", chain(cause)))
}

/// The places of recipients with the reasons in words.
fn reasons(left_out: &[(usize, SmtpError)]) -> impl Iterator<Item = (usize, String)> {
    left_out.iter().map(|(place, error)| (*place, reason(error)))
}

fn advice(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "the message was delivered",
        Verdict::Refused | Verdict::RefusedContent => {
            "the mail server refuses the mail; compare `from` and `to` with what it accepts"
        }
        Verdict::NotNow => {
            "the mail server takes no mail at this time, or refuses the sign-in; the server tries again for a day"
        }
    }
}

/// Returns the settings of TLS with the authorities that webhooks trust.
fn tls(host: &str, trust: &mut Trust) -> Result<TlsParameters, DeliveryError> {
    let authorities = trust.authorities()?;
    let store = if authorities.mozilla { CertificateStore::WebpkiRoots } else { CertificateStore::None };
    let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(store);
    let failed = |error: SmtpError| DeliveryError(reason(&error));
    for certificate in &authorities.certificates {
        builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(failed)?);
    }
    builder.build().map_err(failed)
}
