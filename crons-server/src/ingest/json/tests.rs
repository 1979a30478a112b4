//! The path and the value in an error.

use std::collections::BTreeMap;

use super::read;

#[test]
fn an_error_names_the_path_with_escapes_on_one_line() {
    for (json, expected) in [
        (r#"{"a": {"b": [1, "x"]}}"#, "a.b[1]: it is \"x\", and must be a whole number, 0 or more"),
        (r#"{"a\n": {"b\"": [-1]}}"#, r#"a\n.b\"[0]: it is -1, and must be a whole number, 0 or more"#),
        (r#"{"a": 1}"#, "a: it is 1, and must be a JSON object"),
        (r#"["a"]"#, "it is an array, and must be a JSON object"),
        ("{", "the JSON is incomplete; send all of it (column 1)"),
        (" ", "it is empty"),
    ] {
        let refused = read::<BTreeMap<String, BTreeMap<String, Vec<u8>>>>(json.as_bytes()).unwrap_err();
        assert_eq!(refused, expected, "{json}");
    }
}
