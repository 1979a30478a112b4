//! The `OpenAPI` document and the router say the same.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::collections::BTreeSet;

use harness::{Harness, check_in, id};
use serde_json::{Value, json};

const ROUTER: &str = include_str!("../src/http/router.rs");

fn document(server: &Harness) -> Value {
    let answer = server.get("/api/0/openapi.json");
    assert_eq!(answer.status, 200);
    answer.body
}

/// The routes that a function of the router adds.
fn routes_of(function: &str) -> BTreeSet<String> {
    let (_, body) = ROUTER.split_once(&format!("fn {function}() -> Router<AppState> {{")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let routes = body.split(".route(").skip(1).map(|route| route.split('"').nth(1).unwrap().to_owned());
    routes.collect()
}

/// A path with names of things that exist.
fn filled(server: &Harness, path: &str) -> String {
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let id = if path.contains("/incidents/") {
        incident
    } else if path.contains("/tokens/{id}") {
        let made =
            server.agent.post(server.url("/api/0/organizations/crons/tokens/")).send(token().to_string());
        let made: Value = made.unwrap().body_mut().read_json().unwrap();
        made["id"].as_str().unwrap().to_owned()
    } else {
        id('a')
    };
    path.replace("{organization}", "crons")
        .replace("{project}", "1")
        .replace("{slug}", "job")
        .replace("{environment}", "production")
        .replace("{id}", &id)
}

fn token() -> Value {
    json!({"name": "dashboard", "scope": "read"})
}

fn server() -> Harness {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "error"));
    server
}

#[test]
fn every_route_of_the_api_is_in_the_document() {
    let server = server();
    let document = document(&server);
    let documented: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let below = |prefix: &str| -> BTreeSet<String> {
        documented.iter().filter_map(|path| path.strip_prefix(prefix)).map(str::to_owned).collect()
    };
    let of_monitors = routes_of("api_of_monitors");
    let all: BTreeSet<String> = of_monitors.union(&routes_of("api")).cloned().collect();
    assert!(all.len() > 15, "{all:?}");
    assert_eq!(below("/api/0/organizations/{organization}"), all);
    assert_eq!(below("/api/0/projects/{organization}/{project}"), of_monitors);
}

#[test]
fn every_route_has_the_methods_that_the_document_says() {
    let server = server();
    let document = document(&server);
    for (path, methods) in document["paths"].as_object().unwrap() {
        let request =
            ureq::http::Request::builder().method("OPTIONS").uri(server.url(&filled(&server, path)));
        let answer = server.agent.run(request.body(()).unwrap()).unwrap();
        let allowed = answer.headers()["allow"].to_str().unwrap().to_ascii_lowercase();
        let allowed: BTreeSet<&str> =
            allowed.split(", ").filter(|method| !["head", "options"].contains(method)).collect();
        let documented: BTreeSet<&str> = methods.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(allowed, documented, "{path}");
    }
}

#[test]
fn every_documented_route_answers_as_documented() {
    let document = document(&server());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            // Anew for each: some of them delete what others need.
            let server = server();
            let body = match (method.as_str(), path.as_str()) {
                ("post", path) if path.ends_with("/tokens/") => token(),
                ("post", _) => json!({"name": "New", "config": {"schedule": "0 * * * *"}}),
                ("put", path) if path.ends_with("acknowledgement/") => json!({"by": "Ada"}),
                ("put", path) if path.ends_with("/monitors/") => json!({"ids": ["job"], "isMuted": true}),
                _ => json!({"isMuted": true}),
            };
            let request = ureq::http::Request::builder().method(method.to_ascii_uppercase().as_str());
            let request = request.uri(server.url(&filled(&server, path)));
            let sent = if operation.get("requestBody").is_some() { body.to_string() } else { String::new() };
            let mut answer = server.agent.run(request.body(sent).unwrap()).unwrap();
            let status = answer.status().as_u16().to_string();
            let text = answer.body_mut().read_to_string().unwrap();
            assert!(status.starts_with('2'), "{method} {path}: {status} {text}");
            let documented = &operation["responses"][&status];
            assert!(documented.is_object(), "{method} {path}: {status} is not documented");
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap());
            let kinds = documented["content"].as_object();
            let named = kinds.and_then(|kinds| kinds.keys().next()).map(String::as_str);
            assert_eq!(kind.map(|kind| kind.split(';').next().unwrap()), named, "{method} {path}");
            if let Some("application/json") = named {
                let schema = &documented["content"]["application/json"]["schema"];
                check(&document, schema, &serde_json::from_str(&text).unwrap(), path);
            }
        }
    }
}

/// Checks the kind of a value, and that an object has the keys of its schema and no others.
fn check(document: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#'));
        return check(document, schema.unwrap_or(&Value::Null), value, path);
    }
    if let Some(items) = schema.get("items") {
        for item in value.as_array().unwrap() {
            check(document, items, item, path);
        }
    } else if let Some(properties) = schema["properties"].as_object() {
        let given = value.as_object().unwrap();
        for key in given.keys() {
            assert!(properties.contains_key(key), "{path}: {key} is not documented");
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            assert!(given.contains_key(key.as_str().unwrap()), "{path}: {key} is missing");
        }
        for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            check(document, &properties[key], value, &format!("{path} {key}"));
        }
    } else if schema["type"] == "object" {
        assert!(value.is_object(), "{path}: {value}");
    }
}
