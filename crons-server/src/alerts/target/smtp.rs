//! Sends one mail by SMTP and reads the answers.

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
use super::response::{TargetResponse, Verdict};
use crate::alerts::payload::Message;
use crate::alerts::text::truncate;

/// The time that the server has to answer the end of a conversation. The mail is accepted by then.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of bytes of an answer that are kept.
const MAX_ANSWER: usize = 1024;

/// A target that gets e-mail, with all that a connection needs.
pub(super) struct SmtpClient {
    target: EmailTarget,
    /// `None` for a connection without TLS.
    tls: Option<TlsParameters>,
    policy: Arc<AddressPolicy>,
}

/// The end of a conversation that did not deliver the mail.
enum Failure {
    /// An answer of the server. `about_mail`: to this mail, and not to the connection or the sign-in.
    Answer { error: SmtpError, about_mail: bool },
    /// No answer.
    None(DeliveryError),
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
        Ok(Self { target: target.clone(), tls, policy })
    }

    /// Sends a message. Recipients that the server refuses are named in the answer if it accepts others.
    ///
    /// # Errors
    /// If there is no answer, or the address must not be used.
    pub(super) async fn send(
        &self,
        message: &Message,
        now: Timestamp,
    ) -> Result<TargetResponse, DeliveryError> {
        let begin = Instant::now();
        let origin = self.target.origin();
        let mail = self.target.mail(message, now).map_err(|error| DeliveryError::new(&origin, &error))?;
        let ended = tokio::time::timeout(self.target.timeout, self.converse(&mail.formatted()))
            .await
            .map_err(|_| DeliveryError::timed_out(&origin, self.target.timeout))?;
        let answer = |verdict, status, mut body: String| {
            truncate(&mut body, MAX_ANSWER);
            let (elapsed, advice) = (begin.elapsed(), advice(verdict));
            TargetResponse { verdict, status, body, elapsed, retry_after: None, advice }
        };
        match ended {
            Ok((mut connection, response, left_out)) => {
                let _ = tokio::time::timeout(QUIT_TIMEOUT, connection.quit()).await;
                let words: Vec<&str> =
                    response.message().chain(left_out.iter().map(String::as_str)).collect();
                Ok(answer(Verdict::Accepted, format!("SMTP {}", response.code()), words.join("\n")))
            }
            Err(Failure::None(error)) => Err(error),
            Err(Failure::Answer { error, about_mail }) => match error.status() {
                Some(code) => {
                    let refused = about_mail && error.is_permanent();
                    let verdict = if refused { Verdict::Refused } else { Verdict::NotNow };
                    Ok(answer(verdict, format!("SMTP {code}"), chain(&error)))
                }
                None => Err(DeliveryError::new(&origin, &error)),
            },
        }
    }

    /// Delivers a mail. Returns the connection, the last answer, and the recipients that the server refuses.
    async fn converse(&self, mail: &[u8]) -> Result<(AsyncSmtpConnection, Response, Vec<String>), Failure> {
        let mut connection = self.connect().await?;
        let EmailTarget { from, to, .. } = &self.target;
        connection.command(Mail::new(Some(from.email.clone()), Vec::new())).await.map_err(about_mail)?;
        let (mut left_out, mut last_refusal) = (Vec::new(), None);
        for recipient in to {
            match connection.command(Rcpt::new(recipient.email.clone(), Vec::new())).await {
                Ok(_) => {}
                Err(error) if error.status().is_none() => return Err(about_mail(error)),
                Err(error) => {
                    left_out.push(format!("not sent to {}: {}", recipient.email, chain(&error)));
                    // A recipient who may be accepted later decides that the mail is sent again.
                    last_refusal = last_refusal.filter(SmtpError::is_transient).or(Some(error));
                }
            }
        }
        if left_out.len() == to.len()
            && let Some(error) = last_refusal
        {
            connection.abort().await;
            return Err(about_mail(error));
        }
        connection.command(Data).await.map_err(about_mail)?;
        let response = connection.message(mail).await.map_err(about_mail)?;
        Ok((connection, response, left_out))
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

fn about_connection(error: SmtpError) -> Failure {
    Failure::Answer { error, about_mail: false }
}

fn about_mail(error: SmtpError) -> Failure {
    Failure::Answer { error, about_mail: true }
}

fn advice(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "the message was delivered",
        Verdict::Refused => "the mail server refuses the mail; compare `from` and `to` with what it accepts",
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
    let failed = |error: SmtpError| DeliveryError(chain(&error));
    for certificate in &authorities.certificates {
        builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(failed)?);
    }
    builder.build().map_err(failed)
}
