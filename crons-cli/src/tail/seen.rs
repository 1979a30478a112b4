//! The runs that `crons tail` has seen: finds those that are new or have changed since the last look at the server.

use std::collections::HashMap;

use crons_types::Slug;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::Value;

use crate::api_client::ApiClient;
use crate::api_error::ApiError;

/// The runs of a page.
const PAGE: usize = 100;
/// The most pages of an environment that are read in one look.
const MOST_PAGES: usize = 10;
/// The most runs of an environment that are found in one look.
pub(super) const MOST_RUNS: usize = PAGE * MOST_PAGES;

/// The runs that have begun or changed since the last look.
#[derive(Default)]
pub(super) struct News {
    /// Each run with the slug of its monitor, in the order of their last reports.
    pub(super) runs: Vec<(String, Value)>,
    /// The environments of which not all runs were read, each a slug and a name.
    pub(super) incomplete: Vec<(String, String)>,
}

/// The environments at the last look, by the slug of their monitor and their name.
pub(super) struct Seen {
    /// The start of the command by the server's clock, without the fraction of its second.
    start: Timestamp,
    // An environment that is listed no longer stays known: lists are read page by page, and a monitor that moves to another page
    // meanwhile is missing for once.
    environments: HashMap<(String, String), SeenEnvironment>,
}

/// An environment at the last look.
#[derive(Debug, Default)]
struct SeenEnvironment {
    /// The state, as lists of monitors have it.
    state: Value,
    /// Runs that were added at this instant or earlier are older than the command; `None` if all were read at the first look.
    floor: Option<Timestamp>,
    /// The status and the time of the last report of the runs that the last look has read, and of all open ones, by id.
    runs: HashMap<String, (Value, Value)>,
}

impl Seen {
    /// Takes the first look. Appends the runs that began or ended since its start to `news`; if a monitor is named and there are none, its
    /// newest run.
    ///
    /// # Errors
    /// If a request fails.
    pub(super) fn begin(client: &ApiClient, only: Option<&Slug>, news: &mut News) -> Result<Self, ApiError> {
        let mut seen = Self { start: client.time()?, environments: HashMap::new() };
        // The whole second, since runs of its part before the start are none of this command.
        let after = seen.start.saturating_add(SignedDuration::from_secs(1)).unwrap_or(seen.start);
        let mut newest: Option<(String, Value)> = None;
        for (place, state) in environments(&list(client, only)?) {
            let (rows, next) = match page(client, &place, None) {
                Err(error) if error.is_not_found() => continue,
                read => read?,
            };
            let floor = rows.last().filter(|_| next.is_some()).map(|run| instant(run, "dateAdded"));
            let mut environment = SeenEnvironment { state, floor, runs: HashMap::new() };
            let runs = environment.update(rows);
            if only.is_some() {
                let candidates =
                    newest.into_iter().chain(runs.first().map(|run| (place.0.clone(), run.clone())));
                newest = candidates.max_by_key(|(_, run)| instant(run, "dateUpdated"));
            }
            let recent = runs.into_iter().filter(|run| instant(run, "dateUpdated") > after);
            news.runs.extend(recent.map(|run| (place.0.clone(), run)));
            seen.environments.insert(place, environment);
        }
        if news.runs.is_empty() {
            news.runs.extend(newest);
        }
        news.sort();
        Ok(seen)
    }

    /// Appends the runs that have begun or changed since the last look to `news`.
    ///
    /// # Errors
    /// If a request fails. `news` has the runs of the environments that were read before; the others are news at the next look.
    pub(super) fn look(
        &mut self,
        client: &ApiClient,
        only: Option<&Slug>,
        news: &mut News,
    ) -> Result<(), ApiError> {
        let looked = self.look_at(client, environments(&list(client, only)?), news);
        news.sort();
        looked
    }

    fn look_at(
        &mut self,
        client: &ApiClient,
        listed: Vec<((String, String), Value)>,
        news: &mut News,
    ) -> Result<(), ApiError> {
        for (place, state) in listed {
            let start = self.start;
            // An environment that the first look has not listed is new, or its monitor moved between two pages.
            let new = || SeenEnvironment { floor: Some(start), ..SeenEnvironment::default() };
            let environment = self.environments.entry(place.clone()).or_insert_with(new);
            if !environment.may_differ(&state) {
                continue;
            }
            let (rows, is_complete) = match environment.read(client, &place) {
                // The monitor was deleted meanwhile.
                Err(error) if error.is_not_found() => continue,
                read => read?,
            };
            environment.state = state;
            let slug = &place.0;
            news.runs.extend(environment.update(rows).into_iter().map(|run| (slug.clone(), run)));
            if !is_complete {
                news.incomplete.push(place);
            }
        }
        Ok(())
    }
}

impl News {
    fn sort(&mut self) {
        self.runs.sort_by_key(|(_, run)| instant(run, "dateUpdated"));
    }
}

impl SeenEnvironment {
    /// Returns whether runs may have changed since the last look. An end that changes no state of the environment is found by the open run.
    fn may_differ(&self, state: &Value) -> bool {
        self.state != *state || self.open().next().is_some()
    }

    /// The ids of the open runs.
    fn open(&self) -> impl Iterator<Item = &String> {
        self.runs.iter().filter(|(_, (status, _))| status == "in_progress").map(|(id, _)| id)
    }

    /// Reads the runs from the newest back to one that is known or older than the command, and each open run that is not among them. Returns
    /// them, and whether that run was reached within [`MOST_PAGES`].
    fn read(&self, client: &ApiClient, place: &(String, String)) -> Result<(Vec<Value>, bool), ApiError> {
        let (mut rows, mut cursor, mut is_complete) = (Vec::new(), None::<String>, false);
        for _ in 0..MOST_PAGES {
            let (read, next) = page(client, place, cursor.as_deref())?;
            is_complete = next.is_none() || read.last().is_none_or(|run| self.is_old(run));
            rows.extend(read);
            cursor = next;
            if is_complete {
                break;
            }
        }
        let missing = |wanted: &&String| !rows.iter().any(|run| id(run) == **wanted);
        let mut ended = Vec::new();
        for id in self.open().filter(missing) {
            match client.get(&["monitors", &place.0, "checkins", id], &[]) {
                Ok(answer) => ended.push(answer.body),
                // The run was deleted meanwhile.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        rows.extend(ended);
        Ok((rows, is_complete))
    }

    fn is_old(&self, run: &Value) -> bool {
        self.runs.contains_key(id(run)) || self.floor.is_some_and(|floor| instant(run, "dateAdded") <= floor)
    }

    /// Replaces the runs by those of this look. Returns the ones that are new or have changed.
    fn update(&mut self, rows: Vec<Value>) -> Vec<Value> {
        let before = std::mem::take(&mut self.runs);
        let mut news = Vec::new();
        for run in rows {
            let state = (run["status"].clone(), run["dateUpdated"].clone());
            let is_news = match before.get(id(&run)) {
                Some(known) => *known != state,
                None => self.floor.is_none_or(|floor| instant(&run, "dateAdded") > floor),
            };
            // A run that moves to the next page while the pages are read is on both.
            let is_first = self.runs.insert(id(&run).to_owned(), state).is_none();
            if is_first && is_news {
                news.push(run);
            }
        }
        news
    }
}

/// Reads the monitors, or the one that is named.
fn list(client: &ApiClient, only: Option<&Slug>) -> Result<Vec<Value>, ApiError> {
    match only {
        Some(slug) => {
            let is_monitor = |_: u16, answer: &Value| answer["slug"] == slug.as_str();
            let path = ["monitors", slug.as_str()];
            Ok(vec![client.send_expecting(Method::GET, &path, &[], None, is_monitor)?])
        }
        None => client.monitors(),
    }
}

/// The environments of monitors with their states, by slug and name.
fn environments(monitors: &[Value]) -> Vec<((String, String), Value)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for monitor in monitors {
        for environment in monitor["environments"].as_array().into_iter().flatten() {
            found.push(((text(&monitor["slug"]), text(&environment["name"])), environment.clone()));
        }
    }
    found
}

/// Reads a page of the runs of an environment, newest first. Returns them, and the cursor of the next page.
fn page(
    client: &ApiClient,
    (slug, environment): &(String, String),
    cursor: Option<&str>,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let per_page = PAGE.to_string();
    let mut query = vec![("environment", environment.as_str()), ("per_page", &per_page)];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    client.page(&["monitors", slug, "checkins"], &query)
}

fn id(run: &Value) -> &str {
    run["id"].as_str().unwrap_or_default()
}

fn instant(run: &Value, key: &str) -> Timestamp {
    run[key].as_str().and_then(|at| at.parse().ok()).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(id: &str, status: &str) -> Value {
        let at = format!("2024-06-03T10:00:0{id}Z");
        json!({"id": id, "status": status, "dateAdded": at, "dateUpdated": at})
    }

    #[test]
    fn a_run_is_news_once_and_when_it_changes() {
        let mut environment = SeenEnvironment::default();
        let (open, done) = (run("1", "in_progress"), run("1", "ok"));
        let page = vec![open];
        assert_eq!(environment.update(page.clone()), page);
        assert_eq!(environment.update(page), Vec::<Value>::new());
        assert!(environment.may_differ(&Value::Null), "the open run may end");
        let other = run("2", "ok");
        let both_twice = vec![other.clone(), done.clone(), other.clone(), done.clone()];
        assert_eq!(environment.update(both_twice), [other.clone(), done]);
        assert!(!environment.may_differ(&Value::Null) && environment.may_differ(&json!([])));
        environment.update(vec![other]);
        assert_eq!(environment.runs.len(), 1, "a run that is no longer listed is forgotten");
    }

    #[test]
    fn a_run_from_before_the_first_look_is_news_only_if_it_was_open() {
        let mut environment = SeenEnvironment { floor: None, ..SeenEnvironment::default() };
        environment.update(vec![run("3", "in_progress"), run("2", "ok")]);
        environment.floor = Some("2024-06-03T10:00:02Z".parse().unwrap());
        let (missed, ended) = (run("4", "missed"), run("3", "timeout"));
        let news = environment.update(vec![missed.clone(), ended.clone(), run("2", "ok"), run("1", "ok")]);
        assert_eq!(news, [missed, ended]);
        assert!(environment.is_old(&run("0", "ok")), "the search for runs ends there");
    }
}
