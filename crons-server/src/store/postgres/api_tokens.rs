//! The reads of API tokens.

use super::reader::PostgresReader;
use crate::store::api_token::{ApiToken, TokenHash};
use crate::store::error::StoreError;
use crate::store::view_rows::{API_TOKEN, api_token};

impl PostgresReader {
    pub(super) fn all_api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let sql = format!("SELECT {API_TOKEN} FROM api_tokens ORDER BY id");
        let found = self.read(|session| session.query(&sql, &[]))?;
        self.unreadable().decode_rows("api_tokens", &found, 5, api_token)
    }

    pub(super) fn api_token_of(&self, TokenHash(hash): TokenHash) -> Result<Option<ApiToken>, StoreError> {
        let sql = format!("SELECT {API_TOKEN} FROM api_tokens WHERE hash = $1");
        let found = self.read(|session| session.query_first(&sql, &[&hash.to_vec()]))?;
        Ok(found.map(|row| self.unreadable().decode_row("api_tokens", &row, 5, api_token)).transpose()?)
    }
}
