//! Lists of monitors, each with its environments and their newest check-ins.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::parameter::texts;
use super::reader::{PostgresReader, monitor_id};
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, DecodeError, ENVIRONMENT, FAILING, MONITOR};
use super::session::Session;
use crate::domain::PROJECT;
use crate::store::configs::Configs;
use crate::store::error::StoreError;
use crate::store::view_rows::environment_view;
use crate::store::views::{EnvironmentView, MonitorView};

impl PostgresReader {
    pub(super) fn has_monitor_of(&self, slug: &str) -> Result<bool, StoreError> {
        self.read(|session| Ok(monitor_id(session, slug)?.is_some()))
    }

    pub(super) fn slug_of_guid(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let sql = "SELECT slug FROM monitors WHERE project = $1 AND guid = $2";
        let row = self.read(|session| session.query_first(sql, &[&PROJECT.cast_signed(), &id]))?;
        Ok(row.map(|row| rows::get(&row, 0)).transpose()?)
    }

    pub(super) fn monitor_of(&self, slug: &str) -> Result<Option<MonitorView>, StoreError> {
        let mut found =
            self.read(|session| self.monitors_of(session, &[slug], |unreadable| Err(unreadable.into())))?;
        Ok(found.pop())
    }

    pub(super) fn monitors_of_slugs(&self, slugs: &[String]) -> Result<Vec<MonitorView>, StoreError> {
        self.read(|session| self.monitors_of(session, slugs, |unreadable| unreadable.reason().map(drop)))
    }

    /// The monitors of these slugs, in the order of slugs. `on_unreadable` fails for a monitor that cannot be decoded, or leaves it out.
    fn monitors_of(
        &self,
        session: Session<'_>,
        slugs: &[impl AsRef<str>],
        on_unreadable: impl Fn(DecodeError) -> Result<(), StoreError>,
    ) -> Result<Vec<MonitorView>, StoreError> {
        let sql = format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.project = $1 AND m.slug = ANY($2) ORDER BY m.slug"
        );
        let mut configs = Configs::default();
        let mut found = Vec::new();
        for row in &session.query(&sql, &[&PROJECT.cast_signed(), &texts(slugs)])? {
            let decode = |row: &Row| rows::monitor_with(row, |text| configs.decode(text));
            match self.unreadable().decode_row("monitors", row, 0, decode) {
                Ok((id, monitor)) => found.push((id, MonitorView { monitor, environments: Vec::new() })),
                Err(error) => on_unreadable(error)?,
            }
        }
        let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
        let places: HashMap<i64, usize> = ids.iter().copied().zip(0..).collect();
        // The order is Sentry's: error, ok, active, and muted ones last; among those, the latest check-in first.
        let sql = format!(
            "SELECT {CHECK_IN}, {ENVIRONMENT}, i.started_at, e.monitor_id, {FAILING},
             i.broken_at, i.broken_muted_at FROM environments e
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             LEFT JOIN LATERAL (SELECT * FROM check_ins WHERE environment_id = e.id
                 ORDER BY date_added DESC, id DESC LIMIT 1) c ON TRUE
             LEFT JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id = ANY($1) ORDER BY e.muted,
             CASE e.status WHEN 'error' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, e.last_check_in DESC NULLS LAST, e.name"
        );
        for row in &session.query(&sql, &[&ids])? {
            let environment = self.environment(session, row, &mut configs);
            let Some((monitor, view)) = environment? else { continue };
            if let Some((_, found)) = places.get(&monitor).and_then(|place| found.get_mut(*place)) {
                found.environments.push(view);
            }
        }
        Ok(found.into_iter().map(|(_, view)| view).collect())
    }

    /// Decodes an environment. Returns the row id of its monitor, and the view; `None` if it cannot be read.
    fn environment(
        &self,
        session: Session<'_>,
        row: &Row,
        configs: &mut Configs,
    ) -> Result<Option<(i64, EnvironmentView)>, StoreError> {
        let environment = |row: &Row| rows::environment_from(row, CHECK_IN_COLUMNS);
        let decoded = self.unreadable().decode_row("environments", row, CHECK_IN_COLUMNS, environment);
        let Some((id, environment)) = rows::skip_unreadable(decoded)? else { return Ok(None) };
        let newest = match rows::maybe::<i64, _>(row, 0)? {
            Some(_) => {
                let decoded = self.unreadable().decode_row("check_ins", row, 0, |row| configs.check_in(row));
                match rows::skip_unreadable(decoded)? {
                    Some((_, newest)) => Some(newest),
                    None => self.newest_check_in(session, id)?,
                }
            }
            None => None,
        };
        Ok(Some(environment_view(row, environment, newest)?))
    }
}
