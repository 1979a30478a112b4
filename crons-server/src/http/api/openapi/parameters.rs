//! The parameters of paths, query strings and headers.

use serde_json::{Value, json};

use crate::http::api::request::ORGANIZATION;

pub(super) fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "organization" => json!({"type": "string", "enum": [ORGANIZATION]}),
        "project" => json!({"type": "string", "enum": [ORGANIZATION, "1"]}),
        "id" => json!({"type": "string", "format": "uuid"}),
        _ => json!({"type": "string", "minLength": 1}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

pub(super) fn query_parameter(name: &str, path: &str) -> Value {
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
