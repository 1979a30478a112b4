//! The query of lists by time: a page of the rows that ended after an instant.

use axum::http::HeaderName;
use jiff::Timestamp;

use super::cursor::{PAGING, links, page_request};
use super::request::instant;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::store::PageRequest;

/// The parameters of such a list.
pub(super) const PARAMETERS: [&str; 3] = ["since", PAGING[0], PAGING[1]];

/// A query that names a page, and perhaps an instant.
pub(super) struct SinceQuery {
    pub(super) page: PageRequest,
    since: Option<Timestamp>,
}

impl SinceQuery {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// If it has another parameter, or a value is wrong.
    pub(super) fn read(query: &QueryPairs) -> Result<Self, HttpError> {
        query.only(&PARAMETERS)?;
        Ok(Self { page: page_request(query)?, since: instant(query, "since")? })
    }

    /// Returns the instant; without `since`, the earliest one.
    pub(super) fn since(&self) -> Timestamp {
        self.since.unwrap_or(Timestamp::MIN)
    }

    /// Returns the header `Link` of the answer, with the pages before and after.
    pub(super) fn links(&self, list: &str, more: bool) -> [(HeaderName, String); 1] {
        let since = self.since.map(|since| since.to_string());
        let same_query = [("per_page", Some(self.page.limit.to_string())), ("since", since)];
        links(list, &same_query, self.page, more)
    }
}
