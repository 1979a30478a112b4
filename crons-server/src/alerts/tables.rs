//! Alerts as they are written in TOML or JSON: tables of targets by kind and name, rules, and the digest.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::digest::Digest;
use super::rules::{ALERT, Alerts, DIGEST};
use super::target::Target;
use crate::quote::quoted;

impl<'de> Deserialize<'de> for Alerts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TablesVisitor)
    }
}

struct TablesVisitor;

impl<'de> Visitor<'de> for TablesVisitor {
    type Value = Alerts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tables such as [webhook.NAME], and [[alert]]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Alerts, A::Error> {
        let (mut targets, mut rules) = (BTreeMap::<String, Target>::new(), Vec::new());
        let mut digest: Option<Digest> = None;
        while let Some(kind) = map.next_key::<String>()? {
            if kind == ALERT {
                rules = map.next_value()?;
                continue;
            }
            if kind == DIGEST {
                digest = Some(map.next_value()?);
                continue;
            }
            for (name, target) in Target::read_tables(&kind, &mut map)? {
                if let Some(other) = targets.get(&name) {
                    return Err(A::Error::custom(format!(
                        "{kind}: the name {} is that of a {}, too, and rules name targets without their kind; choose another",
                        quoted(&name),
                        other.kind()
                    )));
                }
                targets.insert(name, target);
            }
        }
        let alerts = Alerts::with_targets(targets, rules).map_err(A::Error::custom)?;
        match digest {
            Some(digest) => alerts.with_digest(digest).map_err(A::Error::custom),
            None => Ok(alerts),
        }
    }
}
