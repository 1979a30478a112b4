//! The statements about API tokens.

use rusqlite::{OptionalExtension, params};

use super::connection::SqliteTransaction;
use super::reader::SqliteReader;
use super::rows::{self, Micros};
use crate::store::api_token::{ApiToken, TokenChange, TokenHash};
use crate::store::error::StoreError;
use crate::store::view_rows::{API_TOKEN, api_token};

impl SqliteReader {
    pub(super) fn all_api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached(&format!("SELECT {API_TOKEN} FROM api_tokens ORDER BY id"))?;
        let found =
            statement.query_map([], |row| self.unreadable().decode("api_tokens", row, 5, api_token))?;
        Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
    }

    pub(super) fn api_token_of(&self, TokenHash(hash): TokenHash) -> Result<Option<ApiToken>, StoreError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached(&format!("SELECT {API_TOKEN} FROM api_tokens WHERE hash = ?1"))?;
        let found =
            statement.query_row([hash], |row| self.unreadable().decode("api_tokens", row, 5, api_token));
        Ok(found.optional()?)
    }
}

impl SqliteTransaction<'_> {
    pub(super) fn change_token(&self, change: &TokenChange) -> Result<(), StoreError> {
        match change {
            TokenChange::Create(ApiToken { id, name, scope, hash, created }) => {
                self.transaction
                    .prepare_cached(
                        "INSERT INTO api_tokens (guid, name, scope, hash, created_at)
                         SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM api_tokens WHERE name = ?2)",
                    )?
                    .execute(params![id.as_bytes(), name, scope.as_str(), hash.0, Micros(*created)])?;
            }
            TokenChange::Revoke(id) => {
                self.transaction
                    .prepare_cached("DELETE FROM api_tokens WHERE guid = ?1")?
                    .execute([id.as_bytes()])?;
            }
        }
        Ok(())
    }
}
