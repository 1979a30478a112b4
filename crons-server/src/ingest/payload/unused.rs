//! Remarks about values of a payload that are read but have no effect.

use serde_json::Value;

use super::config::MonitorConfig;
use crate::ingest::json_object::JsonObject;
use crate::quote::shown_value;

/// Remarks about the values of a configuration that have no effect.
pub(super) fn of_config(config: &MonitorConfig) -> Vec<String> {
    let mut remarks = Vec::new();
    let JsonObject(schedule) = &config.schedule;
    if let Some(unit) = schedule.unused_unit() {
        let unit = shown_value(unit);
        remarks.push(format!(
            "monitor_config.schedule.unit: {unit} is not used with a crontab; leave it out, or write the type `interval`"
        ));
    }
    let differs = |named: &&Value| !named.is_null() && named.as_str() != Some(schedule.type_name());
    if let Some(named) = config.schedule_type.as_ref().filter(differs) {
        remarks.push(format!(
            "monitor_config.schedule_type: {} is not used, as `monitor_config.schedule.type` is \"{}\"; leave it out",
            shown_value(named),
            schedule.type_name()
        ));
    }
    if config.owner.as_deref() == Some("") {
        remarks.push(
            "monitor_config.owner: it is empty, so the owner stays as it was; write `user:<name or id>` or \
             `team:<name or id>`, or leave it out"
                .to_owned(),
        );
    }
    remarks
}

/// A remark about `note` if it is no text.
pub(super) fn of_note(note: &Value) -> Option<String> {
    let is_read = note.is_string() || note.is_null();
    (!is_read).then(|| {
        format!("note: {} is not used, as it is no text; write a string, or leave it out", shown_value(note))
    })
}

/// A remark about `contexts` or its trace if they have the wrong shape.
pub(super) fn of_contexts(contexts: &Value) -> Option<String> {
    const TRACE: &str = "write {\"trace\": {\"trace_id\": \"<32 hexadecimal digits>\"}}, or leave it out";
    let unused = |field: &str, value: &Value| {
        format!("{field}: {} is not used, as it is not a JSON object; {TRACE}", shown_value(value))
    };
    match contexts {
        Value::Null => None,
        Value::Object(contexts) => match (contexts.get("trace"), contexts.get("trace_id")) {
            (Some(Value::Object(_) | Value::Null), _) | (None, None) => None,
            (None, Some(id)) => Some(format!(
                "contexts.trace_id: {} is not used here; write it as `contexts.trace.trace_id`",
                shown_value(id)
            )),
            (Some(trace), _) => Some(unused("contexts.trace", trace)),
        },
        other => Some(unused("contexts", other)),
    }
}
