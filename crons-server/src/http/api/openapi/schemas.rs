//! The schemas of answers, derived from the types that the API answers with.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The schemas that operations refer to, by their names.
pub(super) type Schemas = Map<String, Value>;

/// Adds the schema of a type, and the schemas that it refers to. Returns a reference to it.
pub(super) fn one<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

/// The schema of a list of a type, which is added as by [`one`].
pub(super) fn many<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({"type": "array", "items": one::<T>(schemas)})
}

/// The schema of any object.
pub(super) fn any(_: &mut Schemas) -> Value {
    json!({"type": "object"})
}
