//! Sends messages to a target of any kind.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::addresses::{AddressPolicy, PrivateTargets};
use super::chat::ChatTarget;
use super::command::CommandTarget;
use super::http_client::{DeliveryError, HttpClient, Trust};
use super::kind::Target;
use super::link_keys::without_link_keys;
use super::response::TargetResponse;
use super::smtp::SmtpClient;
use super::webhook::Webhook;
use crate::alerts::payload::{Message, test_body};

/// A target and its connections.
pub(crate) struct TargetClient(Connection);

enum Connection {
    Webhook(Webhook, HttpClient),
    Chat(ChatTarget, HttpClient),
    Email(SmtpClient),
    Command(CommandTarget),
}

impl TargetClient {
    /// # Errors
    /// If the target needs TLS and the certificates that the environment names cannot be used.
    pub(crate) fn new(
        target: &Target,
        policy: &Arc<AddressPolicy>,
        trust: &mut Trust,
    ) -> Result<Self, DeliveryError> {
        let policy = Arc::clone(policy);
        let connection = match target {
            Target::Webhook(webhook) => {
                let client = HttpClient::new(&webhook.url, webhook.timeout, Some(policy), trust)?;
                Connection::Webhook(webhook.clone(), client)
            }
            Target::Chat(chat) => {
                let client = HttpClient::new(&chat.url, chat.timeout, Some(policy), trust)?;
                Connection::Chat(chat.clone(), client)
            }
            Target::Email(email) => Connection::Email(SmtpClient::new(email, policy, trust)?),
            Target::Command(command) => Connection::Command(command.clone()),
        };
        Ok(Self(connection))
    }

    /// Sends a stored message. `id` is the same on every attempt; `now` is the time of this one.
    ///
    /// # Errors
    /// If there is no answer.
    pub(crate) async fn send(
        &self,
        id: Uuid,
        now: Timestamp,
        body: &str,
    ) -> Result<TargetResponse, DeliveryError> {
        // Webhooks get the message as it is stored, the others in words of their own.
        let message = serde_json::from_str::<Message>(body);
        let outcome = match (&self.0, &message) {
            (Connection::Webhook(webhook, client), _) => {
                client.send(webhook.request(id, now, body.to_owned())).await.map(TargetResponse::from)
            }
            (_, Err(error)) => Ok(TargetResponse::unreadable(error)),
            (Connection::Chat(chat, client), Ok(message)) => {
                client.send(chat.request(message)).await.map(TargetResponse::from)
            }
            (Connection::Email(client), Ok(message)) => client.send(message, now).await,
            (Connection::Command(command), Ok(message)) => command.send(message, body).await,
        };
        match &message {
            Ok(message) => without_link_keys(message, outcome),
            Err(_) => outcome,
        }
    }
}

impl Target {
    /// Sends a test message and waits for the answer, whatever it is. `name` is the name of the target in the text of the message.
    ///
    /// # Errors
    /// If there is no answer, the address must not be used, or the certificate authorities cannot be read.
    pub async fn test(&self, name: &str, private: PrivateTargets) -> Result<TargetResponse, DeliveryError> {
        let (id, now) = (Uuid::new_v4(), Timestamp::now());
        let policy = Arc::new(AddressPolicy::new(private));
        let client = TargetClient::new(self, &policy, &mut Trust::default())?;
        client.send(id, now, &test_body(name, id, now)).await
    }
}
