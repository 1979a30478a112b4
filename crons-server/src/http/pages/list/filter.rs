//! The query string of the list: the filters, the window of the timelines, and the page.

use std::fmt::Write;

use super::window::Window;
use crate::http::api::page_request;
use crate::http::error::HttpError;
use crate::http::pages::health::Health;
use crate::http::query::QueryPairs;
use crate::store::PageRequest;

/// The monitors of a page unless the query gives their number.
const PER_PAGE: u32 = 50;

const PARAMETERS: [&str; 7] = ["state", "query", "owner", "environment", "window", "per_page", "cursor"];

/// The choices of the reader. All of them are in the address of the page, so that it can be kept and passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub state: Option<Health>,
    /// A part of the name, the slug, the owner or the name of an environment, in any case of letters.
    pub search: Option<String>,
    pub owner: Option<String>,
    pub environment: Option<String>,
    pub window: Window,
    pub page: PageRequest,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            state: None,
            search: None,
            owner: None,
            environment: None,
            window: Window::default(),
            page: PageRequest { skip: 0, limit: PER_PAGE },
        }
    }
}

impl Filter {
    /// Reads the query string. A parameter without a value, as a form sends it, is not given.
    ///
    /// # Errors
    /// If a parameter is unknown or has no allowed value.
    pub(super) fn of_query(query: &QueryPairs) -> Result<Self, HttpError> {
        query.only(&PARAMETERS)?;
        let text = |name: &str| -> Result<Option<String>, HttpError> {
            Ok(query.value(name)?.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let mut page = page_request(query)?;
        if query.value("per_page")?.is_none() {
            page.limit = PER_PAGE;
        }
        Ok(Self {
            state: text("state")?.as_deref().map(Health::of_query).transpose()?,
            search: text("query")?,
            owner: text("owner")?,
            environment: text("environment")?,
            window: Window::of_query(query)?,
            page,
        })
    }

    /// Whether all monitors are shown.
    pub(super) fn is_open(&self) -> bool {
        self.state.is_none() && self.counts_all()
    }

    /// Whether the states of all monitors are counted.
    pub(super) fn counts_all(&self) -> bool {
        self.search.is_none() && self.owner.is_none() && self.environment.is_none()
    }

    /// The address of the list with these choices.
    pub(super) fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let texts = [
            ("state", self.state.map(Health::key)),
            ("query", self.search.as_deref()),
            ("owner", self.owner.as_deref()),
            ("environment", self.environment.as_deref()),
            ("window", Some(self.window).filter(|window| *window != Window::default()).map(Window::key)),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let PageRequest { skip, limit } = self.page;
        if limit != PER_PAGE {
            query.append_pair("per_page", &limit.to_string());
        }
        if skip > 0 {
            query.append_pair("cursor", &format!("{limit}:{skip}:0"));
        }
        let query = query.finish();
        let mut address = "/".to_owned();
        if !query.is_empty() {
            let _ = write!(address, "?{query}");
        }
        address
    }

    /// Returns these choices with another state, from the first page on.
    pub(super) fn with_state(&self, state: Option<Health>) -> Self {
        let page = PageRequest { skip: 0, ..self.page };
        Self { state, page, ..self.clone() }
    }

    pub(super) fn with_window(&self, window: Window) -> Self {
        Self { window, ..self.clone() }
    }

    pub(super) fn with_skip(&self, skip: u32) -> Self {
        Self { page: PageRequest { skip, ..self.page }, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Filter, HttpError> {
        Filter::of_query(&QueryPairs::of(&format!("/?{query}").parse().unwrap()))
    }

    #[test]
    fn the_address_of_a_list_leads_back_to_it() {
        for query in [
            "",
            "state=failed",
            "query=a%26b&owner=team%3A%C3%A9&environment=production",
            "state=in_progress&query=%3Cscript%3E&window=90d&per_page=10&cursor=10:20:0",
        ] {
            let filter = read(query).unwrap();
            let address = filter.address();
            let again = read(address.split_once('?').map_or("", |(_, query)| query)).unwrap();
            assert_eq!(again, filter, "{query} became {address}");
        }
        assert_eq!(read("state=&query=&window=24h").unwrap().address(), "/");
    }

    #[test]
    fn a_choice_that_does_not_exist_is_refused() {
        for query in [
            "state=broken",
            "state=OK",
            "window=1y",
            "window=",
            "per_page=many",
            "cursor=none",
            "status=failed",
            "state=ok&state=failed",
            "query=%FF",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
