//! The part of a monitor that its page shows: one environment or all, and from which run on.

use jiff::Timestamp;

use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::store::{MonitorView, RunPlace};

/// The parameters of the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// `None` for all environments.
    pub environment: Option<String>,
    /// The place behind which the table of runs begins; `None` for the newest run.
    pub after: Option<RunPlace>,
}

impl Scope {
    /// # Errors
    /// If a parameter is unknown, or `after` is no place.
    pub(super) fn of(query: &QueryPairs) -> Result<Self, HttpError> {
        query.only(&["environment", "after"])?;
        let environment = query.value("environment")?.filter(|name| !name.is_empty()).map(str::to_owned);
        let after = query.value("after")?.map(place).transpose()?;
        Ok(Self { environment, after })
    }

    /// # Errors
    /// If the monitor does not have the environment that is asked for.
    pub(super) fn check(&self, view: &MonitorView) -> Result<(), HttpError> {
        /// More names would not fit into a message.
        const NAMED: usize = 20;
        let names = || view.environments.iter().map(|view| view.environment.name.as_str());
        let Some(unknown) = self.environment.as_deref().filter(|wanted| names().all(|name| name != *wanted))
        else {
            return Ok(());
        };
        let unknown: String = unknown.chars().take(80).collect();
        let mut known: Vec<String> = names().take(NAMED).map(|name| format!("{name:?}")).collect();
        if view.environments.len() > NAMED {
            known.push(format!("{} more", view.environments.len() - NAMED));
        }
        Err(HttpError::bad_request(format!(
            "environment: {unknown:?} is no environment of {}; allowed are {}, or leave it out for all",
            view.monitor.slug,
            if known.is_empty() { "none yet".to_owned() } else { known.join(", ") }
        )))
    }

    /// The environment whose durations are charted: the one that is asked for, else the one that needs attention most; `None` without
    /// any.
    pub(super) fn charted<'a>(&'a self, view: &'a MonitorView) -> Option<&'a str> {
        let first = || view.environments.first().map(|view| view.environment.name.as_str());
        self.environment.as_deref().or_else(first)
    }

    /// The address of the page in this scope.
    pub(super) fn address(&self, slug: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(environment) = &self.environment {
            query.append_pair("environment", environment);
        }
        if let Some(RunPlace { started, arrival_seq }) = self.after {
            query.append_pair("after", &format!("{}:{arrival_seq}", started.as_microsecond()));
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/monitors/{slug}{mark}{query}")
    }
}

fn place(written: &str) -> Result<RunPlace, HttpError> {
    let parsed = written.split_once(':').and_then(|(micros, arrival)| {
        let started = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
        Some(RunPlace { started, arrival_seq: arrival.parse().ok()? })
    });
    parsed.ok_or_else(|| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "after: {written:?} is no place in the list of runs; take it from the link \"Earlier runs\", or leave it out for the newest"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(query: &str) -> Result<Scope, HttpError> {
        Scope::of(&QueryPairs::of(&format!("/?{query}").parse().unwrap()))
    }

    #[test]
    fn an_address_leads_back_to_its_scope() {
        for (query, address) in [
            ("", "/monitors/job"),
            ("environment=", "/monitors/job"),
            ("environment=a%26b%2Fc", "/monitors/job?environment=a%26b%2Fc"),
            ("after=-5:7", "/monitors/job?after=-5%3A7"),
            (
                "after=1700000000000000:9&environment=prod",
                "/monitors/job?environment=prod&after=1700000000000000%3A9",
            ),
        ] {
            let parsed = scope(query).unwrap();
            assert_eq!(parsed.address("job"), address);
            assert_eq!(scope(address.split_once('?').map_or("", |(_, query)| query)).unwrap(), parsed);
        }
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        for query in
            ["after=", "after=1", "after=1:", "after=x:1", "after=1:2:3", "after=9e18:1", "before=1:2"]
        {
            assert!(scope(query).is_err(), "{query}");
        }
    }
}
