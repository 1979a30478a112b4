//! The overview of the list: the states of monitors, their counts, and the order of the rows.

use super::filter::Filter;
use crate::http::pages::health::Health;
use crate::store::{EnvironmentSummary, MonitorSummary};

/// The monitors that a filter leaves, and those of each state before the filter by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overview {
    /// In the order of [`Health::ALL`].
    pub counts: [(Health, usize); Health::ALL.len()],
    /// The slugs of all that the filter leaves, the failing first, muted and disabled ones last; among those in the order of slugs, so
    /// that a run that begins or ends moves nothing.
    pub slugs: Vec<String>,
}

impl Overview {
    pub(super) fn new(monitors: &[MonitorSummary], filter: &Filter) -> Self {
        let mut counts = Health::ALL.map(|state| (state, 0));
        let mut left: Vec<(u8, &str)> = Vec::new();
        let search = filter.search.as_ref().map(|part| part.to_lowercase());
        for monitor in monitors.iter().filter(|monitor| is_left(monitor, filter, search.as_deref())) {
            let state = health_of(monitor, filter.environment.as_deref());
            if let Some((_, count)) = counts.iter_mut().find(|(of, _)| *of == state) {
                *count += 1;
            }
            if filter.state.is_none_or(|wanted| wanted == state) {
                left.push((rank(state), &monitor.slug));
            }
        }
        left.sort_unstable();
        Self { counts, slugs: left.into_iter().map(|(_, slug)| slug.to_owned()).collect() }
    }

    /// The overview without a filter.
    pub(super) fn of_all(monitors: &[MonitorSummary]) -> Self {
        Self::new(monitors, &Filter::default())
    }

    /// The number of monitors of all states.
    pub(super) fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// The worst state that any monitor is in.
    pub(super) fn worst(&self) -> Option<Health> {
        self.counts.iter().filter(|(_, count)| *count > 0).map(|(state, _)| *state).min()
    }
}

/// Whether a monitor passes a filter, whatever its state is; `search` is the part that is searched for, in lower case.
fn is_left(monitor: &MonitorSummary, filter: &Filter, search: Option<&str>) -> bool {
    let environments = || monitor.environments.iter().map(|environment| environment.name.as_str());
    let has = |text: &str, part: &str| text.to_lowercase().contains(part);
    filter.owner.as_deref().is_none_or(|owner| monitor.owner.as_deref() == Some(owner))
        && filter.environment.as_deref().is_none_or(|named| environments().any(|name| name == named))
        && search.is_none_or(|part| {
            let texts = [monitor.slug.as_str(), &monitor.name].into_iter().chain(monitor.owner.as_deref());
            texts.chain(environments()).any(|text| has(text, part))
        })
}

/// The state of a monitor: that of its worst environment that is not muted, or of the one that is asked for.
fn health_of(monitor: &MonitorSummary, environment: Option<&str>) -> Health {
    let environments =
        monitor.environments.iter().filter(|row| environment.is_none_or(|name| row.name == name));
    worst(
        monitor.enabled,
        environments.map(|EnvironmentSummary { status, muted, newest, failing, .. }| {
            (*muted, Health::of_environment(*status, *newest, *failing))
        }),
    )
}

/// The state of a monitor whose environments are muted or not, each with its state.
pub(super) fn worst(enabled: bool, environments: impl Iterator<Item = (bool, Health)>) -> Health {
    if !enabled {
        return Health::Disabled;
    }
    let mut any = false;
    let heard = environments.inspect(|_| any = true).filter(|(muted, _)| !muted);
    let worst = heard.map(|(_, state)| state).min();
    worst.unwrap_or(if any { Health::Muted } else { Health::Unknown })
}

/// The place of a state in the order of the list.
fn rank(state: Health) -> u8 {
    match state {
        Health::Failed | Health::TimedOut | Health::Missed => 0,
        Health::Unknown | Health::InProgress | Health::Ok => 1,
        Health::Muted => 2,
        Health::Disabled => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EnvironmentStatus, Status};
    use crate::http::query::QueryPairs;

    fn monitor(slug: &str, enabled: bool, environments: &[(&str, bool, Status)]) -> MonitorSummary {
        let environment = |(name, muted, status): &(&str, bool, Status)| EnvironmentSummary {
            name: (*name).to_owned(),
            status: match status {
                Status::Error | Status::Missed | Status::Timeout => EnvironmentStatus::Error,
                _ => EnvironmentStatus::Ok,
            },
            muted: *muted,
            last_check_in: None,
            next_check_in_latest: None,
            newest: Some(*status),
            failing: Some(*status).filter(|status| status.is_finished() && *status != Status::Ok),
        };
        MonitorSummary {
            id: uuid::Uuid::nil(),
            slug: slug.to_owned(),
            name: slug.replace("f-new", "Übertrag"),
            muted: false,
            owner: slug.strip_prefix("ops-").map(|_| "team:Ops".to_owned()),
            enabled,
            environments: environments.iter().map(environment).collect(),
        }
    }

    fn monitors() -> Vec<MonitorSummary> {
        vec![
            monitor("a-disabled", false, &[("production", false, Status::Error)]),
            monitor("b-muted", true, &[("production", true, Status::Missed)]),
            monitor("c-ok", true, &[("production", false, Status::Ok), ("staging", true, Status::Error)]),
            monitor("d-running", true, &[("production", false, Status::InProgress)]),
            monitor(
                "e-missed",
                true,
                &[("production", false, Status::Ok), ("staging", false, Status::Missed)],
            ),
            monitor("f-new", true, &[]),
            monitor(
                "ops-failed",
                true,
                &[("production", false, Status::Missed), ("Nightly", false, Status::Error)],
            ),
            monitor("ops-timeout", true, &[("production", false, Status::Timeout)]),
        ]
    }

    fn overview(query: &str) -> Overview {
        let query = QueryPairs::of(&format!("/?{query}").parse().unwrap());
        Overview::new(&monitors(), &Filter::of_query(&query).unwrap())
    }

    #[test]
    fn failing_monitors_come_first_and_muted_and_disabled_ones_last() {
        let expected =
            ["e-missed", "ops-failed", "ops-timeout", "c-ok", "d-running", "f-new", "b-muted", "a-disabled"];
        assert_eq!(overview("").slugs, expected);
    }

    #[test]
    fn counts_are_of_the_worst_environment_that_is_not_muted() {
        let overview = overview("");
        let counts: Vec<usize> = Health::ALL
            .into_iter()
            .map(|state| overview.counts.iter().find(|(of, _)| *of == state).unwrap().1)
            .collect();
        assert_eq!(counts, [1; 8]);
        assert_eq!((overview.total(), overview.worst()), (8, Some(Health::Failed)));
    }

    #[test]
    fn filters_leave_what_they_name() {
        for (query, expected) in [
            ("state=failed", vec!["ops-failed"]),
            ("state=timeout", vec!["ops-timeout"]),
            ("state=muted", vec!["b-muted"]),
            ("state=disabled", vec!["a-disabled"]),
            ("state=unknown", vec!["f-new"]),
            ("query=OPS", vec!["ops-failed", "ops-timeout"]),
            ("query=night", vec!["ops-failed"]),
            ("query=%C3%BCBER", vec!["f-new"]),
            ("query=F-New", vec!["f-new"]),
            ("query=team%3Aops&state=timeout", vec!["ops-timeout"]),
            ("owner=team%3AOps&query=fail", vec!["ops-failed"]),
            ("owner=team%3Aops", vec![]),
            ("environment=staging", vec!["e-missed", "c-ok"]),
            ("query=%25", vec![]),
        ] {
            assert_eq!(overview(query).slugs, expected, "{query}");
        }
        let staging = overview("environment=staging");
        assert_eq!(staging.counts[5], (Health::Muted, 1), "the states are those of that environment");
        let failed = overview("state=failed");
        assert_eq!(failed.total(), 8, "the counts stay those of all states");
    }
}
