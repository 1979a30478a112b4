//! The `OpenAPI` document. Its schemas are derived from the types that the API answers with; a test compares its routes with the router's.

use std::sync::OnceLock;

use axum::Json;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::alerts::Alert;
use super::incident_shapes::Incident;
use super::openapi_bodies::{acknowledgement, bulk, environment, monitor, token};
use super::outages::Outage;
use super::processing_errors::ProcessingErrors;
use super::shapes::{CheckIn, Monitor};
use super::stats::MonitorBucket;
use super::usage::Usage;

/// `GET /api/0/openapi.json`
pub async fn openapi() -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(document))
}

/// The prefixes of routes that exist below the organization, and below its project, too.
const ORGANIZATION: &str = "/api/0/organizations/{organization}";
const PROJECT: &str = "/api/0/projects/{organization}/{project}";

/// A kind of answer.
#[derive(Clone, Copy)]
enum Answer {
    /// JSON of this schema.
    Json(u16, fn(&mut Schemas) -> Value),
    /// A body of another type.
    Text(&'static str),
    /// No body.
    Empty(u16),
}

/// A route and a method of it.
struct Operation {
    path: &'static str,
    method: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    body: Option<fn() -> Value>,
    answer: Answer,
}

impl Operation {
    const fn get(
        path: &'static str,
        summary: &'static str,
        query: &'static [&'static str],
        answer: Answer,
    ) -> Self {
        Self { path, method: "get", summary, query, body: None, answer }
    }

    const fn change(
        (method, path): (&'static str, &'static str),
        summary: &'static str,
        query: &'static [&'static str],
        body: Option<fn() -> Value>,
        answer: Answer,
    ) -> Self {
        Self { path, method, summary, query, body, answer }
    }
}

const LIST: [&str; 8] = ["query", "owner", "environment", "project", "sort", "asc", "per_page", "cursor"];
const CHECK_INS: [&str; 7] = ["environment", "expand", "start", "end", "statsPeriod", "per_page", "cursor"];
const INCIDENTS: [&str; 4] = ["environment", "status", "before", "cursor"];
const USAGE: [&str; 3] = ["since", "per_page", "cursor"];
const MONITOR: Answer = Answer::Json(200, one::<Monitor<'static>>);
const INCIDENT: Answer = Answer::Json(200, one::<Incident<'static>>);
const ANY: Answer = Answer::Json(200, any);

/// The routes of monitors, relative to the organization or the project.
const OF_MONITORS: [Operation; 16] = [
    Operation::get("/monitors/", "List monitors", &LIST, Answer::Json(200, many::<Monitor<'static>>)),
    Operation::change(
        ("post", "/monitors/"),
        "Create a monitor",
        &[],
        Some(monitor),
        Answer::Json(201, one::<Monitor<'static>>),
    ),
    Operation::change(("put", "/monitors/"), "Change several monitors", &[], Some(bulk), ANY),
    Operation::get("/monitors/{slug}/", "Get a monitor", &[], MONITOR),
    Operation::change(
        ("put", "/monitors/{slug}/"),
        "Change a monitor",
        &["If-Match"],
        Some(monitor),
        MONITOR,
    ),
    Operation::change(
        ("delete", "/monitors/{slug}/"),
        "Delete a monitor, or environments of it",
        &["environment", "project"],
        None,
        Answer::Empty(202),
    ),
    Operation::change(
        ("put", "/monitors/{slug}/environments/{environment}/"),
        "Mute or unmute an environment",
        &[],
        Some(environment),
        MONITOR,
    ),
    Operation::change(
        ("delete", "/monitors/{slug}/environments/{environment}/"),
        "Delete an environment",
        &[],
        None,
        Answer::Empty(202),
    ),
    Operation::get(
        "/monitors/{slug}/checkins/",
        "List check-ins",
        &CHECK_INS,
        Answer::Json(200, many::<CheckIn<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/checkins/{id}/",
        "Get a check-in",
        &["expand"],
        Answer::Json(200, one::<CheckIn<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/stats/",
        "Count the check-ins of a monitor by buckets of time",
        &["since", "until", "resolution", "environment"],
        Answer::Json(200, many::<MonitorBucket>),
    ),
    Operation::get(
        "/monitors/{slug}/advice/",
        "Get advice on the configuration of a monitor",
        &["environment"],
        Answer::Json(200, any_list),
    ),
    Operation::get("/monitors/{slug}/badge/", "Get the addresses of the badges of a monitor", &[], ANY),
    Operation::get(
        "/monitors/{slug}/incidents/",
        "List the incidents of a monitor",
        &INCIDENTS,
        Answer::Json(200, many::<Incident<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/processing-errors/",
        "List refused payloads of a monitor",
        &[],
        Answer::Json(200, many::<ProcessingErrors<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/usage/",
        "Count the check-ins of a monitor by hour and outcome",
        &USAGE,
        Answer::Json(200, many::<Usage<'static>>),
    ),
];

/// The other routes of the organization.
const OF_ORGANIZATION: [Operation; 13] = [
    Operation::get(
        "/monitors-stats/",
        "Count check-ins by buckets of time",
        &["monitor", "since", "until", "resolution", "environment", "project"],
        ANY,
    ),
    Operation::get("/incidents/", "List incidents", &INCIDENTS, Answer::Json(200, many::<Incident<'static>>)),
    Operation::get("/incidents/{id}/", "Get an incident", &[], INCIDENT),
    Operation::change(
        ("put", "/incidents/{id}/acknowledgement/"),
        "Acknowledge an incident",
        &[],
        Some(acknowledgement),
        INCIDENT,
    ),
    Operation::change(
        ("delete", "/incidents/{id}/acknowledgement/"),
        "Take an acknowledgement back",
        &[],
        None,
        INCIDENT,
    ),
    Operation::get("/explanations/{id}/", "Explain the status of a check-in or an incident", &[], ANY),
    Operation::get("/alerts/", "List alerts", &[], Answer::Json(200, many::<Alert<'static>>)),
    Operation::get(
        "/processing-errors/",
        "List refused payloads for no known monitor",
        &[],
        Answer::Json(200, many::<ProcessingErrors<'static>>),
    ),
    Operation::get(
        "/usage/",
        "Count check-ins by hour and outcome",
        &USAGE,
        Answer::Json(200, many::<Usage<'static>>),
    ),
    Operation::get(
        "/outages/",
        "List the times in which the server was not receiving",
        &USAGE,
        Answer::Json(200, many::<Outage>),
    ),
    Operation::get("/tokens/", "List API tokens", &[], Answer::Json(200, any_list)),
    Operation::change(("post", "/tokens/"), "Create an API token", &[], Some(token), Answer::Json(201, any)),
    Operation::change(("delete", "/tokens/{id}/"), "Revoke an API token", &[], None, Answer::Empty(204)),
];

/// The routes outside of the organization.
const OF_SERVER: [Operation; 7] = [
    Operation::get("/api/0/", "Describe the user and the scopes of the request", &[], ANY),
    Operation::get("/api/0/openapi.json", "Get this document", &[], ANY),
    Operation::get("/health", "Check that the process answers", &[], ANY),
    Operation::get("/ready", "Check that database, clock and outbox work", &[], ANY),
    Operation::get(
        "/metrics",
        "Get metrics for Prometheus",
        &[],
        Answer::Text("application/openmetrics-text"),
    ),
    Operation::get(
        "/monitors/{slug}/badge.svg",
        "Get a badge as a picture",
        &["key", "environment"],
        Answer::Text("image/svg+xml"),
    ),
    Operation::get("/monitors/{slug}/badge.json", "Get a badge as JSON", &["key", "environment"], ANY),
];

/// The schemas that operations refer to, by their names.
type Schemas = Map<String, Value>;

fn document() -> Value {
    let mut schemas = Schemas::new();
    schemas.insert(
        "Refusal".to_owned(),
        json!({"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}),
    );
    let mut paths: Map<String, Value> = Map::new();
    let groups = [
        (ORGANIZATION, &OF_MONITORS[..]),
        (PROJECT, &OF_MONITORS),
        (ORGANIZATION, &OF_ORGANIZATION),
        ("", &OF_SERVER),
    ];
    for (prefix, operations) in groups {
        for operation in operations {
            let path = format!("{prefix}{}", operation.path);
            let methods = paths.entry(path.clone()).or_insert_with(|| json!({}));
            methods[operation.method] = operation.describe(&path, &mut schemas);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "crons",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Monitors, check-ins and incidents, in the paths and shapes of Sentry's API where Sentry has them.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    })
}

impl Operation {
    fn describe(&self, path: &str, schemas: &mut Schemas) -> Value {
        let in_path = path.split('{').skip(1).filter_map(|part| part.split_once('}'));
        let mut parameters: Vec<Value> = in_path.map(|(name, _)| path_parameter(name)).collect();
        parameters.extend(self.query.iter().map(|name| query_parameter(name, self.path)));
        let refusal = |description: &str| {
            json!({
                "description": description,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
            })
        };
        let mut responses = json!({
            "400": refusal("A parameter or the body is not allowed; `detail` names it and what is allowed"),
            "401": refusal("The admin token is missing or wrong"),
            "403": refusal("The host or the origin of the request is not allowed"),
            "404": refusal("Nothing is there"),
            "503": refusal("The database does not work"),
        });
        let (status, answer) = match self.answer {
            Answer::Json(status, schema) => {
                let schema = schema(schemas);
                (
                    status,
                    json!({"description": "The answer", "content": {"application/json": {"schema": schema}}}),
                )
            }
            Answer::Text(kind) => {
                let schema = json!({"type": "string"});
                (200, json!({"description": "The answer", "content": {kind: {"schema": schema}}}))
            }
            Answer::Empty(status) => (status, json!({"description": "It is done"})),
        };
        responses[status.to_string()] = answer;
        let mut described =
            json!({"summary": self.summary, "parameters": parameters, "responses": responses.clone()});
        if let Some(body) = self.body {
            responses["409"] = refusal("Somebody else has changed it meanwhile, or it is over");
            responses["413"] = refusal("The body is too large");
            described["responses"] = responses;
            described["requestBody"] =
                json!({"required": true, "content": {"application/json": {"schema": body()}}});
        }
        described
    }
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "organization" => json!({"type": "string", "enum": [super::request::ORGANIZATION]}),
        "project" => json!({"type": "string", "enum": [super::request::ORGANIZATION, "1"]}),
        "id" => json!({"type": "string", "format": "uuid"}),
        _ => json!({"type": "string", "minLength": 1}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

fn query_parameter(name: &str, path: &str) -> Value {
    let place = if name == "If-Match" { "header" } else { "query" };
    let text = json!({"type": "string"});
    let schema = match name {
        "per_page" => json!({"type": "integer", "minimum": 1, "maximum": 100}),
        "sort" => json!({"type": "string", "enum": ["status", "name", "muted"]}),
        "asc" => json!({"type": "string", "enum": ["0", "1"]}),
        "expand" => json!({"type": "string", "enum": ["groups"]}),
        "status" => json!({"type": "string", "enum": ["open", "resolved"]}),
        "since" | "until" if path.contains("stats") => json!({"type": "integer", "minimum": 0}),
        "start" | "end" | "before" | "since" => json!({"type": "string", "format": "date-time"}),
        "statsPeriod" | "resolution" => json!({"type": "string", "pattern": "^[1-9][0-9]{0,8}[smhdw]$"}),
        "environment" | "owner" | "project" | "monitor" => json!({"type": "array", "items": text}),
        _ => text,
    };
    json!({"name": name, "in": place, "required": false, "schema": schema})
}

/// A reference to the schema of a type, which is added with those that it refers to.
fn one<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

fn many<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({"type": "array", "items": one::<T>(schemas)})
}

fn any(_: &mut Schemas) -> Value {
    json!({"type": "object"})
}

fn any_list(_: &mut Schemas) -> Value {
    json!({"type": "array", "items": {"type": "object"}})
}
