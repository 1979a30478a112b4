//! The `OpenAPI` document. Its schemas are derived from the types that the API answers with; a test compares its routes with the router's.

// The modules are in layer order: each uses only those above it.
mod bodies;
mod schemas;
mod answers;
mod parameters;
mod operation;
mod operations;

use std::sync::OnceLock;

use axum::Json;
use serde_json::{Map, Value, json};

use operations::{OF_MONITORS, OF_ORGANIZATION, OF_SERVER};
use schemas::Schemas;

/// `GET /api/0/openapi.json`
pub async fn openapi() -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(document))
}

/// The prefixes of routes that exist below the organization, and below its project, too.
const ORGANIZATION: &str = "/api/0/organizations/{organization}";
const PROJECT: &str = "/api/0/projects/{organization}/{project}";

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
