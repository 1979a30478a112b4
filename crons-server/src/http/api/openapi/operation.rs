//! An operation of the document: a route and a method of it.

use serde_json::{Value, json};

use super::parameters::{path_parameter, query_parameter};
use super::schemas::Schemas;

/// A kind of answer.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// JSON of this schema.
    Json(u16, fn(&mut Schemas) -> Value),
    /// A body of another type.
    Text(&'static str),
    /// No body.
    Empty(u16),
}

/// A route and a method of it.
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    body: Option<fn() -> Value>,
    answer: Answer,
}

impl Operation {
    pub(super) const fn get(
        path: &'static str,
        summary: &'static str,
        query: &'static [&'static str],
        answer: Answer,
    ) -> Self {
        Self { path, method: "get", summary, query, body: None, answer }
    }

    pub(super) const fn change(
        (method, path): (&'static str, &'static str),
        summary: &'static str,
        query: &'static [&'static str],
        body: Option<fn() -> Value>,
        answer: Answer,
    ) -> Self {
        Self { path, method, summary, query, body, answer }
    }
}

impl Operation {
    pub(super) fn describe(&self, path: &str, schemas: &mut Schemas) -> Value {
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
