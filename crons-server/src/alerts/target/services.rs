//! The services that get messages by HTTP. Adding one is adding an entry.

use serde_json::json;

use super::service::Constant::{Number, Text};
use super::service::{ByEvent, Key, Service};
use crate::alerts::escape::Markup;

const fn required(name: &'static str) -> Key {
    Key { name, required: true, secret: false, default: None, allowed: &[] }
}

const fn optional(name: &'static str) -> Key {
    Key { name, required: false, secret: false, default: None, allowed: &[] }
}

const fn secret(name: &'static str) -> Key {
    Key { name, required: true, secret: true, default: None, allowed: &[] }
}

/// The address of a service that has only one, apart from self-hosted copies of it.
const fn url(default: &'static str) -> Key {
    Key { name: "url", required: false, secret: false, default: Some(default), allowed: &[] }
}

/// A service that gets a POST of plain text.
const POST: Service = Service {
    name: "",
    put: false,
    per_incident: false,
    path: &[],
    header: None,
    keys: &[],
    by_event: &[],
    markup: Markup::Plain,
    line_break: "\n",
    limit: 4_000,
    body: || json!(null),
};

/// The services, each in the words of its documentation.
pub(super) static SERVICES: [Service; 11] = [
    // <https://api.slack.com/messaging/webhooks>; Mattermost and Rocket.Chat take the same.
    Service {
        name: "slack",
        keys: &[secret("url")],
        markup: Markup::Slack,
        body: || json!({"text": "{text}", "mrkdwn": false, "unfurl_links": false, "unfurl_media": false}),
        ..POST
    },
    // <https://discord.com/developers/docs/resources/webhook#execute-webhook>; 4 is SUPPRESS_EMBEDS.
    Service {
        name: "discord",
        keys: &[secret("url")],
        markup: Markup::Markdown,
        limit: 1_900,
        body: || json!({"content": "{text}", "allowed_mentions": {"parse": []}, "flags": 4}),
        ..POST
    },
    // <https://core.telegram.org/bots/api#sendmessage>; without `parse_mode` the text is plain.
    Service {
        name: "telegram",
        path: &["bot{token}", "sendMessage"],
        keys: &[
            secret("token"),
            required("chat_id"),
            optional("message_thread_id"),
            url("https://api.telegram.org"),
        ],
        body: || {
            json!({"chat_id": "{chat_id}", "message_thread_id": "{message_thread_id}", "text": "{text}",
                "link_preview_options": {"is_disabled": true}})
        },
        ..POST
    },
    // A workflow "Post to a channel when a webhook request is received"; it takes cards only
    // (<https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>).
    Service {
        name: "teams",
        keys: &[secret("url")],
        markup: Markup::Markdown,
        line_break: "\n\n",
        body: || {
            json!({"type": "message", "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {"type": "TextBlock", "text": "{headline}", "weight": "Bolder", "wrap": true},
                        {"type": "TextBlock", "text": "{details}", "wrap": true},
                    ],
                },
            }]})
        },
        ..POST
    },
    // <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>; all events of an environment have one `dedup_key`.
    Service {
        name: "pagerduty",
        per_incident: true,
        path: &["v2", "enqueue"],
        keys: &[
            secret("routing_key"),
            Key {
                name: "severity",
                required: false,
                secret: false,
                default: Some("error"),
                allowed: &["critical", "error", "warning", "info"],
            },
            url("https://events.pagerduty.com"),
        ],
        by_event: &[ByEvent {
            name: "action",
            failing: Text("trigger"),
            resolved: Text("resolve"),
            // The end of an incident that is not known tests the key, and calls nobody.
            test: Text("resolve"),
        }],
        markup: Markup::Verbatim,
        limit: 1_000,
        body: || {
            json!({
                "routing_key": "{routing_key}",
                "event_action": "{action}",
                "dedup_key": "{fingerprint}",
                "client": "crons",
                "client_url": "{monitor}",
                "links": [{"href": "{acknowledge}", "text": "Acknowledge or mute"}, {"href": "{why}", "text": "Why"}],
                "payload": {
                    "summary": "{headline}",
                    "source": "{slug}",
                    "severity": "{severity}",
                    "timestamp": "{at}",
                    "component": "{slug}",
                    "group": "{environment}",
                    "class": "cron",
                    "custom_details": {"details": "{details}"},
                },
            })
        },
        ..POST
    },
    // <https://docs.ntfy.sh/publish/#publish-as-json>; 4,096 bytes, longer texts become files.
    Service {
        name: "ntfy",
        header: Some(("authorization", "Bearer {token}")),
        keys: &[
            required("topic"),
            Key { name: "token", required: false, secret: true, default: None, allowed: &[] },
            url("https://ntfy.sh"),
        ],
        by_event: &[
            ByEvent { name: "priority", failing: Number(4), resolved: Number(3), test: Number(3) },
            ByEvent {
                name: "tag",
                failing: Text("rotating_light"),
                resolved: Text("white_check_mark"),
                test: Text("information_source"),
            },
        ],
        body: || {
            json!({"topic": "{topic}", "title": "{headline}", "message": "{details}", "priority": "{priority}",
                "tags": ["{tag}"], "click": "{why}"})
        },
        ..POST
    },
    // <https://pushover.net/api>; a title of 250 and a message of 1,024 characters.
    Service {
        name: "pushover",
        path: &["1", "messages.json"],
        keys: &[secret("token"), secret("user"), url("https://api.pushover.net")],
        by_event: &[ByEvent { name: "priority", failing: Number(1), resolved: Number(0), test: Number(0) }],
        limit: 1_000,
        body: || {
            json!({"token": "{token}", "user": "{user}", "title": "{headline}", "message": "{details}",
                "priority": "{priority}", "url": "{why}"})
        },
        ..POST
    },
    // <https://developers.google.com/workspace/chat/format-messages>; `<users/all>` mentions everybody.
    Service {
        name: "google_chat",
        keys: &[secret("url")],
        markup: Markup::Angles,
        body: || json!({"text": "{text}"}),
        ..POST
    },
    // <https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>: a repetition of an id is
    // not shown again; an empty `m.mentions` mentions nobody.
    Service {
        name: "matrix",
        put: true,
        path: &["_matrix", "client", "v3", "rooms", "{room}", "send", "m.room.message", "{id}"],
        header: Some(("authorization", "Bearer {token}")),
        keys: &[required("url"), secret("token"), required("room")],
        body: || json!({"msgtype": "m.text", "body": "{text}", "m.mentions": {}}),
        ..POST
    },
    // <https://gotify.net/docs/pushmsg>, <https://gotify.net/docs/msgextras>
    Service {
        name: "gotify",
        path: &["message"],
        header: Some(("x-gotify-key", "{token}")),
        keys: &[required("url"), secret("token")],
        by_event: &[ByEvent { name: "priority", failing: Number(8), resolved: Number(4), test: Number(4) }],
        body: || {
            json!({"title": "{headline}", "message": "{details}", "priority": "{priority}",
                "extras": {"client::display": {"contentType": "text/plain"}}})
        },
        ..POST
    },
    // <https://github.com/caronc/apprise-api>: `url` is that of a stored configuration, `https://…/notify/KEY`.
    Service {
        name: "apprise",
        keys: &[secret("url"), optional("tag")],
        by_event: &[ByEvent {
            name: "type",
            failing: Text("failure"),
            resolved: Text("success"),
            test: Text("info"),
        }],
        body: || json!({"title": "{headline}", "body": "{details}", "type": "{type}", "format": "text", "tag": "{tag}"}),
        ..POST
    },
];
