//! An operation of the document: a route and a method of it.

use serde_json::{Value, json};

use super::parameters::{path_parameter, query_parameter};
use super::schemas::Schemas;

/// A kind of answer.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// A response with JSON of this schema.
    Json(u16, fn(&mut Schemas) -> Value),
    /// A body of another type.
    Text(&'static str),
    /// A response without a body.
    Empty(u16),
}

/// A route and a method of it.
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    summary: &'static str,
    /// Names of parameters of the query string, and of headers.
    parameters: &'static [&'static str],
    body: Option<fn() -> Value>,
    answer: Answer,
    /// Whether the route needs no token.
    is_public: bool,
}

impl Operation {
    pub(super) const fn get(
        path: &'static str,
        summary: &'static str,
        parameters: &'static [&'static str],
        answer: Answer,
    ) -> Self {
        Self { path, method: "get", summary, parameters, body: None, answer, is_public: false }
    }

    pub(super) const fn change(
        (method, path): (&'static str, &'static str),
        summary: &'static str,
        parameters: &'static [&'static str],
        body: Option<fn() -> Value>,
        answer: Answer,
    ) -> Self {
        Self { path, method, summary, parameters, body, answer, is_public: false }
    }

    /// Opens the operation to requests without a token.
    pub(super) const fn public(self) -> Self {
        Self { is_public: true, ..self }
    }

    /// Writes the operation as the document has it. `path` is the whole path; the schemas of the answer are added to `schemas`.
    pub(super) fn describe(&self, path: &str, schemas: &mut Schemas) -> Value {
        let in_path = path.split('{').skip(1).filter_map(|part| part.split_once('}'));
        let mut parameters: Vec<Value> = in_path.map(|(name, _)| path_parameter(name)).collect();
        parameters.extend(self.parameters.iter().map(|name| query_parameter(name, self.path)));
        let refusal = |description: &str| {
            json!({
                "description": description,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
            })
        };
        let mut responses = json!({
            "400": refusal("A parameter or the body is not allowed; `detail` names it and what is allowed"),
            "401": refusal("The request presents no token, or a wrong one"),
            "403": refusal("The host, the origin or the scope of the token does not allow the request"),
            "404": refusal("The monitor, or another part of the path, does not exist"),
            "503": refusal("The database does not work, or the server shuts down"),
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
            Answer::Empty(status) => (status, json!({"description": "Done"})),
        };
        responses[status.to_string()] = answer;
        if self.method != "get" {
            responses["409"] = refusal("Another change came first, or the change no longer applies");
        }
        let mut described = json!({"summary": self.summary, "parameters": parameters});
        if let Some(body) = self.body {
            responses["413"] = refusal("The body is too large");
            described["requestBody"] =
                json!({"required": true, "content": {"application/json": {"schema": body()}}});
        }
        if self.is_public {
            described["security"] = json!([]);
        }
        described["responses"] = responses;
        described
    }
}
