//! Tests that the `OpenAPI` document and the router have the same routes.

use std::collections::BTreeSet;

use crate::harness::{API, Harness, check_in, id};
use serde_json::{Value, json};

const ROUTER: &str = include_str!("../../src/http/router.rs");

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
    } else if path.contains("/silences/{id}") {
        server.api("/silences/")[0]["id"].as_str().unwrap().to_owned()
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

fn silence() -> Value {
    let matchers = json!([{"key": "monitor.slug", "match": "glob", "value": "job"}]);
    json!({"matchers": matchers, "for": "2h", "by": "Ada", "why": "migration"})
}

/// A server on which every list has an entry: an incident and its alert, refused payloads, a token, an outage.
fn server() -> Harness {
    // The alert waits, as no receiver listens on this port.
    let webhook = json!({"url": "http://127.0.0.1:1/"});
    let rules = json!({"webhook": {"ops": webhook}, "alert": [{"on": ["opened"], "to": ["ops"], "group_wait": "off"}]});
    let mut server = Harness::with_alerts("10:00:00", rules);
    server.send("10:00:05", &check_in(&id('a'), "error"));
    server.send("10:00:06", &check_in(&id('a'), "ok"));
    server.send("10:00:07", &json!({"monitor_slug": "unknown", "status": "in_progress"}));
    server.post(
        &format!("{API}/tokens/"),
        &[],
        json!({"name": "deploy", "scope": "write"}).to_string().as_bytes(),
    );
    server.post(&format!("{API}/silences/"), &[], silence().to_string().as_bytes());
    server.stop();
    server.start("10:10:00");
    server
}

/// The operations of the document: method, path, description.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect()
}

/// Sends a request without a body. Returns the status and the body.
fn ask(server: &Harness, method: &str, path: &str) -> (u16, String) {
    let request = ureq::http::Request::builder().method(method.to_ascii_uppercase().as_str());
    let mut answer = server.agent.run(request.uri(server.url(path)).body(()).unwrap()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
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

/// Checks an answer to `GET path` against the document.
#[cfg(feature = "postgres")]
pub fn check_list(server: &Harness, path: &str, answer: &Value) {
    assert_ne!(*answer, json!([]), "{path}: an empty list shows nothing");
    let document = document(server);
    let operation = &document["paths"][format!("/api/0/organizations/{{organization}}{path}")]["get"];
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{path} is not documented");
    check(&document, schema, answer, path);
}

#[test]
fn every_documented_route_answers_as_documented() {
    let document = document(&server());
    for (method, path, operation) in operations(&document) {
        // The server is a new one for each: some of them delete what others need.
        let server = server();
        let body = match (method, path) {
            ("post", path) if path.ends_with("/tokens/") => token(),
            ("post", path) if path.ends_with("/silences/") => silence(),
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
            let value: Value = serde_json::from_str(&text).unwrap();
            // SQLite has one server only; `nodes` checks the list of several.
            let may_be_empty = path.ends_with("/nodes/");
            assert!(may_be_empty || value != json!([]), "{path}: an empty list shows nothing");
            check(&document, schema, &value, path);
        }
    }
}

/// The places of a schema that allow any object, by their path in the document.
fn open_objects(schema: &Value, path: &str) -> Vec<String> {
    if let Value::Array(items) = schema {
        return items.iter().flat_map(|item| open_objects(item, path)).collect();
    }
    let Some(keys) = schema.as_object() else { return Vec::new() };
    // An object that may be null has two types.
    let types =
        schema["type"].as_array().map_or_else(|| vec![&schema["type"]], |types| types.iter().collect());
    let is_open = types.iter().any(|kind| **kind == "object") && !keys.contains_key("properties");
    let has_values = schema["additionalProperties"].get("type").is_some();
    let here = (is_open && !has_values).then(|| path.to_owned());
    here.into_iter()
        .chain(keys.iter().flat_map(|(key, value)| open_objects(value, &format!("{path} {key}"))))
        .collect()
}

#[test]
fn no_object_of_an_answer_is_left_open() {
    let document = document(&server());
    let mut found = open_objects(&document["components"]["schemas"], "");
    for (method, path, operation) in operations(&document) {
        found.extend(open_objects(&operation["responses"], &format!("{method} {path}")));
    }
    // Their keys are slugs, the whole document, the numbers of a rule, and the settings that advice changes; the list of groups is empty.
    let open = [
        "monitors-stats",
        "openapi.json",
        " AppliedRule ",
        " AdviceJson properties settings",
        " groups items",
    ];
    let allowed = |path: &String| open.iter().any(|name| path.contains(name));
    found.retain(|path| !allowed(path));
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_query_takes_the_documented_parameters_as_often_as_documented_and_no_others() {
    let server = server();
    let document = document(&server);
    for (method, path, operation) in operations(&document).into_iter().filter(|(method, ..)| *method == "get")
    {
        let address = filled(&server, path);
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let parameters: Vec<&Value> = parameters.filter(|parameter| parameter["in"] == "query").collect();
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            let (_, answer) = ask(&server, method, &format!("{address}?{name}=a&{name}=b"));
            assert!(!answer.contains("is no parameter"), "{path} {name}: {answer}");
            // A server without an admin token does not read the key of a badge.
            if name == "key" {
                continue;
            }
            let takes_several = !answer.contains("write it once");
            assert_eq!(takes_several, parameter["schema"]["type"] == "array", "{path} {name}: {answer}");
        }
        if !parameters.is_empty() {
            let (status, answer) = ask(&server, method, &format!("{address}?colour=red"));
            assert_eq!(status, 400, "{path}: {answer}");
        }
    }
}

#[test]
fn a_change_that_comes_too_late_is_documented() {
    let server = server();
    let document = document(&server);
    server.send("10:20:00", &check_in(&id('b'), "ok"));
    let path = "/api/0/organizations/{organization}/incidents/{id}/acknowledgement/";
    let (status, answer) = ask(&server, "delete", &filled(&server, path));
    assert_eq!(status, 409, "{answer}");
    let documented = &document["paths"][path]["delete"]["responses"]["409"];
    let schema = &documented["content"]["application/json"]["schema"];
    check(&document, schema, &serde_json::from_str(&answer).unwrap(), path);
}

/// The name of a value's kind in a schema.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Checks the kind of a value, and that an object has the keys of its schema and no others.
fn check(document: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#'));
        return check(document, schema.unwrap_or(&Value::Null), value, path);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choice = choices.iter().find(|choice| choice["type"] != "null").unwrap();
        check(document, choice, value, path);
    } else if let Some(items) = schema.get("items") {
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
    } else if let Some(kinds) = schema.get("type") {
        let kinds: Vec<&str> = match kinds {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let is_whole = kind(value) == "integer" && kinds.contains(&"number");
        assert!(kinds.contains(&kind(value)) || is_whole, "{path}: {value} is not of {kinds:?}");
    }
}
