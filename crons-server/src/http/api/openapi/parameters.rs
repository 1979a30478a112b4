//! The parameters of paths, query strings and headers.

use serde_json::{Value, json};

use crate::http::api::request::ORGANIZATION;

/// Parts of the paths of routes that take one `environment` at most; others take several.
const ONE_ENVIRONMENT: [&str; 3] = ["/incidents/", "/advice/", "/badge."];

/// Describes a part of a path, in which `{name}` stands for it.
pub(super) fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "organization" => json!({"type": "string", "enum": [ORGANIZATION]}),
        "project" => json!({"type": "string", "enum": [ORGANIZATION, "1"]}),
        "id" => json!({"type": "string", "format": "uuid"}),
        _ => json!({"type": "string", "minLength": 1}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

/// Describes a parameter of the query string, or the header `If-Match`. `path` is that of its route: a few names differ between routes.
pub(super) fn query_parameter(name: &str, path: &str) -> Value {
    let place = if name == "If-Match" { "header" } else { "query" };
    let text = json!({"type": "string"});
    let schema = match name {
        "incident" => json!({"type": "string", "format": "uuid"}),
        "per_page" => json!({"type": "integer", "minimum": 1, "maximum": 100}),
        "sort" => json!({"type": "string", "enum": ["status", "name", "muted"]}),
        "asc" => json!({"type": "string", "enum": ["0", "1"]}),
        "expand" => json!({"type": "array", "items": {"type": "string", "enum": ["groups"]}}),
        "status" => json!({"type": "string", "enum": ["open", "resolved"]}),
        "since" | "until" if path.contains("stats") => json!({"type": "integer", "minimum": 0}),
        "start" | "end" | "before" | "since" => json!({"type": "string", "format": "date-time"}),
        "statsPeriod" | "resolution" => json!({"type": "string", "pattern": "^[1-9][0-9]{0,8}[smhdw]$"}),
        "environment" if ONE_ENVIRONMENT.iter().any(|part| path.contains(part)) => text,
        "environment" | "owner" | "project" | "monitor" => json!({"type": "array", "items": text}),
        _ => text,
    };
    json!({"name": name, "in": place, "required": false, "schema": schema})
}
