//! Values of statements, each with its type in PostgreSQL: numbers and instants are `BIGINT`, and an instant is in microseconds since 1970.

use std::borrow::Cow;

use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A value of a statement.
pub(super) trait Parameter: Sync {
    /// The type that the statement is to have it as.
    fn sql_type(&self) -> Type;
    /// The value in the form of the driver.
    fn value(&self) -> &(dyn ToSql + Sync);
    /// Returns the SQL that stands for the value at `place`, such as `$1`, in a statement that writes rows.
    fn in_sql(&self, place: &str) -> String {
        place.to_owned()
    }
}

/// A text as PostgreSQL can store it: U+FFFD in place of U+0000, which its texts cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

/// The text as a parameter.
pub(super) fn text(value: &str) -> Text<'_> {
    Text(if value.contains('\0') { value.replace('\0', "\u{fffd}").into() } else { value.into() })
}

/// The texts as one parameter.
pub(super) fn texts<'a>(
    values: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>,
) -> Vec<Text<'a>> {
    values.into_iter().map(|value| text(value.as_ref())).collect()
}

/// An instant as it is stored.
pub(super) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// An instant as it is stored.
pub(super) fn maybe_micros(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(micros)
}

impl ToSql for Text<'_> {
    fn to_sql(
        &self,
        sql_type: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(sql_type, out)
    }

    fn accepts(sql_type: &Type) -> bool {
        <&str as ToSql>::accepts(sql_type)
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Implements [`Parameter`] for a type, its option, the lists of both, and slices of the type.
macro_rules! parameters {
    ($($rust:ty => $one:ident, $many:ident;)*) => {$(
        parameters!(@ $rust => $one);
        parameters!(@ Option<$rust> => $one);
        parameters!(@ Vec<$rust> => $many);
        parameters!(@ Vec<Option<$rust>> => $many);
        parameters!(@ &[$rust] => $many);
    )*};
    (@ $rust:ty => $sql:ident) => {
        impl Parameter for $rust {
            fn sql_type(&self) -> Type {
                Type::$sql
            }

            fn value(&self) -> &(dyn ToSql + Sync) {
                self
            }
        }
    };
}

parameters! {
    i64 => INT8, INT8_ARRAY;
    bool => BOOL, BOOL_ARRAY;
    Text<'_> => TEXT, TEXT_ARRAY;
    Uuid => UUID, UUID_ARRAY;
    Vec<u8> => BYTEA, BYTEA_ARRAY;
}
