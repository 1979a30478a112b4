//! The query string of the list of monitors: a filter and an order, with Sentry's names.

use std::cmp::Reverse;

use crons_types::Owner;
use jiff::Timestamp;

use super::cursor::PAGING;
use super::request::project;
use super::search::{Term, terms};
use crate::domain::EnvironmentStatus;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::quote::quoted;
use crate::store::MonitorSummary;

/// The parameters of the list.
pub(super) const PARAMETERS: [&str; 8] =
    ["query", "owner", "environment", "project", "sort", "asc", PAGING[0], PAGING[1]];

/// The filter and the order of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct MonitorQuery {
    terms: Vec<Term>,
    /// Owners, of which a monitor has one; `None` is a monitor without an owner. Empty: all monitors.
    owners: Vec<Option<String>>,
    /// Names of environments, of which a monitor has at least one. Empty: all monitors.
    pub(super) environments: Vec<String>,
    sort: Sort,
    is_descending: bool,
    /// The parameters as they were written, for links to other pages.
    pub(super) written: Vec<(&'static str, Option<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sort {
    /// Failing monitors first, muted and disabled ones last.
    #[default]
    Status,
    Name,
    /// Monitors that are not muted first, then those with some muted environments, then muted ones.
    Muted,
}

impl MonitorQuery {
    /// Reads the query string.
    ///
    /// # Errors
    /// If a parameter is unknown or has no allowed value.
    pub(super) fn of_query(query: &QueryPairs) -> Result<Self, HttpError> {
        query.only(&PARAMETERS)?;
        for named in query.values("project")? {
            project(named)?;
        }
        let owners = query.values("owner")?;
        let environments = query.values("environment")?;
        let search = query.value("query")?;
        let mut written: Vec<(&str, Option<String>)> = Vec::new();
        for name in ["query", "sort", "asc"] {
            written.push((name, query.value(name)?.map(str::to_owned)));
        }
        written.extend(owners.iter().map(|owner| ("owner", Some((*owner).to_owned()))));
        written.extend(environments.iter().map(|name| ("environment", Some((*name).to_owned()))));
        Ok(Self {
            terms: search.map(terms).transpose()?.unwrap_or_default(),
            owners: owners.into_iter().map(owner).collect::<Result<_, _>>()?,
            environments: environments.into_iter().map(str::to_owned).collect(),
            sort: Sort::of_query(query)?,
            is_descending: is_descending(query)?,
            written,
        })
    }

    /// The slugs of the monitors that match the query, in its order.
    pub(super) fn apply(&self, mut monitors: Vec<MonitorSummary>) -> Vec<String> {
        monitors.retain(|monitor| self.takes(monitor));
        match self.sort {
            Sort::Status => {
                monitors.sort_by_cached_key(|monitor| {
                    (status_rank(monitor), Reverse(last_check_in(monitor)), monitor.slug.clone())
                });
            }
            Sort::Name => {
                monitors.sort_by_cached_key(|monitor| (monitor.name.to_lowercase(), monitor.slug.clone()));
            }
            Sort::Muted => monitors.sort_by_cached_key(|monitor| {
                (muted_rank(monitor), monitor.name.to_lowercase(), monitor.slug.clone())
            }),
        }
        if self.is_descending {
            monitors.reverse();
        }
        monitors.into_iter().map(|monitor| monitor.slug).collect()
    }

    fn takes(&self, monitor: &MonitorSummary) -> bool {
        let is_in = |name: &String| monitor.environments.iter().any(|row| row.name == *name);
        (self.owners.is_empty() || self.owners.contains(&monitor.owner))
            && (self.environments.is_empty() || self.environments.iter().any(is_in))
            && self.terms.iter().all(|term| term.takes(monitor))
    }
}

impl Sort {
    fn of_query(query: &QueryPairs) -> Result<Self, HttpError> {
        match query.value("sort")? {
            None | Some("status") => Ok(Self::Status),
            Some("name") => Ok(Self::Name),
            Some("muted") => Ok(Self::Muted),
            Some(other) => Err(refused("sort", other, "status, name or muted")),
        }
    }
}

fn is_descending(query: &QueryPairs) -> Result<bool, HttpError> {
    match query.value("asc")? {
        None | Some("1" | "true") => Ok(false),
        Some("0" | "false") => Ok(true),
        Some(other) => Err(refused("asc", other, "1 or 0")),
    }
}

fn refused(name: &str, value: &str, allowed: &str) -> HttpError {
    let value = quoted(value);
    HttpError::bad_request(format!("{name}: {value} is not allowed; write {allowed}, or leave it out"))
}

fn owner(written: &str) -> Result<Option<String>, HttpError> {
    match written {
        "unassigned" => Ok(None),
        "myteams" => Err(HttpError::bad_request(
            "owner: the server does not know which teams are yours; write each as `team:<name or id>`",
        )),
        _ => match written.parse::<Owner>() {
            Ok(owner) => Ok(Some(owner.to_string())),
            Err(error) => Err(HttpError::bad_request(format!("{error}; or write `unassigned`"))),
        },
    }
}

/// Returns the rank in Sentry's order: by the worst environment that is not muted; muted and disabled monitors last.
fn status_rank(monitor: &MonitorSummary) -> u8 {
    const NEW: u8 = 2;
    if !monitor.enabled {
        return NEW + 2;
    }
    if is_muted(monitor) {
        return NEW + 1;
    }
    let heard = monitor.environments.iter().filter(|environment| !environment.muted);
    let ranks = heard.map(|environment| match environment.status {
        EnvironmentStatus::Error => 0,
        EnvironmentStatus::Ok => 1,
        EnvironmentStatus::Active => NEW,
    });
    ranks.min().unwrap_or(NEW)
}

fn muted_rank(monitor: &MonitorSummary) -> u8 {
    let any = monitor.environments.iter().any(|environment| environment.muted);
    u8::from(any) + u8::from(is_muted(monitor))
}

fn is_muted(monitor: &MonitorSummary) -> bool {
    match monitor.environments.as_slice() {
        [] => monitor.muted,
        environments => environments.iter().all(|environment| environment.muted),
    }
}

fn last_check_in(monitor: &MonitorSummary) -> Option<Timestamp> {
    monitor.environments.iter().filter_map(|environment| environment.last_check_in).max()
}
