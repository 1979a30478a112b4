//! Compares the incidents and misses of the service with those of the replay.

use std::collections::{BTreeMap, HashMap, HashSet};

use crons_server::{IncidentRow, Report};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::verdict::{Kind, Verdict};

/// A stretch of failures in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) environment: String,
    pub(super) started_at: Timestamp,
    /// `None` if it is open at the end of the history.
    pub(super) resolved_at: Option<Timestamp>,
}

/// A miss that the service has not reported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Miss {
    pub(super) environment: String,
    pub(super) expected_at: Timestamp,
}

/// The differences between the service and the replay.
#[derive(Debug)]
pub(super) struct Comparison {
    /// The incidents of the service, each with whether it would have opened.
    pub(super) yours: Vec<(Incident, bool)>,
    /// Incidents of the replay at times without one of the service.
    pub(super) others: Vec<Incident>,
    /// Misses of the replay that the service has not reported, oldest first.
    pub(super) misses: Vec<Miss>,
}

impl Comparison {
    pub(super) fn new(verdicts: &[Verdict], report: &Report) -> Self {
        let yours = incidents(verdicts);
        let simulated: Vec<Incident> = report.incidents.iter().map(Incident::from).collect();
        let others = {
            let by_environment = by_environment(&yours);
            simulated.iter().filter(|incident| !incident.meets_one_of(&by_environment)).cloned().collect()
        };
        let known: HashSet<(&str, i64)> = verdicts
            .iter()
            .filter(|verdict| matches!(verdict.kind, Kind::Missed | Kind::Unknown))
            .map(|verdict| (verdict.environment.as_str(), minute(verdict.at)))
            .collect();
        let rows = report.check_ins.iter().filter(|row| row.status == "missed");
        let mut misses: Vec<Miss> = rows
            .map(|row| (row.environment.as_str(), row.expected_time.unwrap_or(row.date_added)))
            .filter(|(environment, at)| !known.contains(&(environment, minute(*at))))
            .map(|(environment, expected_at)| Miss { environment: environment.to_owned(), expected_at })
            .collect();
        misses.sort_by_key(|miss| miss.expected_at);
        let by_environment = by_environment(&simulated);
        let yours = yours.into_iter().map(|incident| {
            let opens = incident.meets_one_of(&by_environment);
            (incident, opens)
        });
        Self { yours: yours.collect(), others, misses }
    }

    /// The number of incidents of the service that would not have opened.
    pub(super) fn not_opened(&self) -> usize {
        self.yours.iter().filter(|(_, opens)| !opens).count()
    }

    /// The comparison for programs.
    pub(super) fn json(&self) -> Value {
        let of = |incident: &Incident| json!({"environment": incident.environment, "startedAt": incident.started_at, "resolvedAt": incident.resolved_at});
        let yours: Vec<Value> = self
            .yours
            .iter()
            .map(|(incident, opens)| {
                let mut row = of(incident);
                row["wouldOpen"] = json!(opens);
                row
            })
            .collect();
        let misses = self.misses.iter();
        let misses =
            misses.map(|miss| json!({"environment": miss.environment, "expectedAt": miss.expected_at}));
        json!({
            "incidents": yours,
            "notOpened": self.not_opened(),
            "otherIncidents": self.others.iter().map(of).collect::<Vec<_>>(),
            "missesNeverSeen": misses.collect::<Vec<_>>(),
        })
    }
}

/// The incidents of each environment, the oldest first. Those of one environment do not overlap.
type ByEnvironment<'a> = HashMap<&'a str, Vec<&'a Incident>>;

fn by_environment(incidents: &[Incident]) -> ByEnvironment<'_> {
    let mut found = ByEnvironment::new();
    for incident in incidents {
        found.entry(&incident.environment).or_default().push(incident);
    }
    for incidents in found.values_mut() {
        incidents.sort_by_key(|incident| incident.started_at);
    }
    found
}

impl Incident {
    fn end(&self) -> Timestamp {
        self.resolved_at.unwrap_or(Timestamp::MAX)
    }

    /// Whether an incident of its environment overlaps it.
    fn meets_one_of(&self, others: &ByEnvironment<'_>) -> bool {
        let Some(others) = others.get(self.environment.as_str()) else { return false };
        // Of those that begin before its end, the last one ends last.
        let after = others.partition_point(|other| other.started_at <= self.end());
        let last = after.checked_sub(1).and_then(|place| others.get(place));
        last.is_some_and(|last| self.started_at <= last.end())
    }
}

impl From<&IncidentRow> for Incident {
    fn from(row: &IncidentRow) -> Self {
        Self {
            environment: row.environment.clone(),
            started_at: row.started_at,
            resolved_at: row.resolved_at,
        }
    }
}

/// The incidents that the verdicts of the service make, by the thresholds of each: the oldest first.
fn incidents(verdicts: &[Verdict]) -> Vec<Incident> {
    let mut by_environment: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts {
        by_environment.entry(&verdict.environment).or_default().push(verdict);
    }
    let mut found = Vec::new();
    for (environment, mut verdicts) in by_environment {
        verdicts.sort_by_key(|verdict| verdict.at);
        let (mut failing, mut well) = (Vec::new(), 0);
        let mut open: Option<Timestamp> = None;
        for verdict in verdicts.into_iter().filter(|verdict| verdict.kind != Kind::Unknown) {
            if verdict.kind == Kind::Ok {
                failing.clear();
                well += 1;
                if well >= verdict.recoveries
                    && let Some(started_at) = open.take()
                {
                    let environment = environment.to_owned();
                    found.push(Incident { environment, started_at, resolved_at: Some(verdict.at) });
                }
            } else {
                well = 0;
                failing.push(verdict.at);
                if failing.len() >= verdict.failures as usize && open.is_none() {
                    open = failing.get(failing.len() - verdict.failures.max(1) as usize).copied();
                }
            }
        }
        let environment = environment.to_owned();
        found.extend(open.map(|started_at| Incident { environment, started_at, resolved_at: None }));
    }
    found.sort_by_key(|incident| incident.started_at);
    found
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::Kind::{Failed, Missed, Ok};
    use super::*;

    #[test]
    fn an_incident_meets_those_that_overlap_it_in_its_environment() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let incident = |environment: &str, started: i64, resolved: Option<i64>| Incident {
            environment: environment.to_owned(),
            started_at: at(started),
            resolved_at: resolved.map(at),
        };
        let others = [
            incident("production", 50, None),
            incident("production", 10, Some(20)),
            incident("production", 30, Some(40)),
            incident("staging", 0, Some(100)),
        ];
        let others = by_environment(&others);
        for (started, resolved, expected) in [
            (0, Some(9), false),
            (0, Some(10), true),
            (20, Some(22), true),
            (21, Some(29), false),
            (5, Some(60), true),
            (41, Some(49), false),
            (41, None, true),
            (90, Some(91), true),
        ] {
            let found = incident("production", started, resolved).meets_one_of(&others);
            assert_eq!(found, expected, "{started} to {resolved:?}");
        }
        assert!(!incident("dev", 0, None).meets_one_of(&others));
    }

    #[test]
    fn incidents_follow_the_thresholds_of_their_verdicts() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let verdict = |minute, kind, failures, recoveries| Verdict {
            environment: "production".to_owned(),
            at: at(minute),
            kind,
            failures,
            recoveries,
        };
        let of = |kinds: &[Kind], failures, recoveries| {
            let verdicts: Vec<Verdict> = (0_i64..)
                .zip(kinds)
                .map(|(minute, kind)| verdict(minute, *kind, failures, recoveries))
                .collect();
            incidents(&verdicts)
                .iter()
                .map(|incident| {
                    let minute = |at: Timestamp| at.as_second() / 60;
                    (minute(incident.started_at), incident.resolved_at.map(minute))
                })
                .collect::<Vec<_>>()
        };
        let kinds = [Ok, Failed, Ok, Missed, Failed, Ok, Ok, Failed];
        assert_eq!(of(&kinds, 1, 1), [(1, Some(2)), (3, Some(5)), (7, None)]);
        assert_eq!(of(&kinds, 2, 1), [(3, Some(5))]);
        assert_eq!(of(&kinds, 2, 2), [(3, Some(6))]);
        assert_eq!(of(&kinds, 3, 1), []);
    }
}
