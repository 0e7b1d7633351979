//! Parameters, and the templates that comments are mailed by, kept in memory. The copy counts for as long as the
//! database's own counter of their writes (`settings_version`) stands where it stood; never by time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::parameter::{Parameter, Parameters as Values};
use recado_domain::template::{StoredTemplate, TemplateId};
use recado_ports::parameters::ParameterSnapshot;

use crate::column::corrupt;
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{queries, run};
use crate::schema::{parameter, settings_version, template};
use crate::templates::TemplateRow;

/// Parameters and templates as of one moment.
#[derive(Debug)]
pub(crate) struct Settings {
    version: i64,
    pub(crate) parameters: Arc<ParameterSnapshot>,
    /// Those that [`Values::comment_templates`] names, as far as they exist.
    pub(crate) templates: Arc<BTreeMap<TemplateId, StoredTemplate>>,
}

/// The copy read last.
#[derive(Default)]
pub(crate) struct SettingsCache(Mutex<Option<Arc<Settings>>>);

impl SettingsCache {
    fn at(&self, version: i64) -> Option<Arc<Settings>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| kept.version == version).cloned()
    }

    fn keep(&self, settings: &Arc<Settings>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(settings));
    }
}

queries! {
    pub(super) async fn version(connection: &mut Session, _input: &()) -> Result<i64, Fault> {
        Ok(settings_version::table.select(settings_version::number).first(connection).await?)
    }

    pub(super) async fn read(connection: &mut Session, pinned: &BTreeMap<Parameter, String>) -> Result<Settings, Fault> {
        let mut before = version(connection, &()).await?;
        loop {
            let stored = parameter::table.order(parameter::number).load(connection).await?;
            let parameters = snapshot(before, stored, pinned)?;
            let mut templates = BTreeMap::new();
            for id in parameters.values.comment_templates() {
                let row = template::table.find(id.get()).select(TemplateRow::as_select());
                let row: Option<TemplateRow> = row.first(connection).await.optional()?;
                if let Some(row) = row {
                    templates.insert(id, row.try_into_domain()?);
                }
            }
            let after = version(connection, &()).await?;
            // Every write counts, so nothing was written between the two.
            if before == after {
                return Ok(Settings {
                    version: after,
                    parameters: Arc::new(parameters),
                    templates: Arc::new(templates),
                });
            }
            before = after;
        }
    }
}

/// Pinned values over stored ones.
fn snapshot(
    revision: i64,
    stored: Vec<(i64, String)>,
    pinned: &BTreeMap<Parameter, String>,
) -> Result<ParameterSnapshot, Fault> {
    let mut values = Values::default();
    for (number, value) in stored {
        // A parameter that only a later version knows is none of ours.
        let Some(known) = u16::try_from(number)
            .ok()
            .and_then(|number| Parameter::from_number(number).ok())
        else {
            continue;
        };
        values
            .insert(known, &value)
            .map_err(|source| corrupt(&known.to_string(), source))?;
    }
    for (known, value) in pinned {
        values
            .insert(*known, value)
            .map_err(|source| corrupt(&known.to_string(), source))?;
    }
    let pinned: BTreeSet<_> = pinned.keys().copied().collect();
    Ok(ParameterSnapshot {
        revision,
        values,
        pinned,
    })
}

impl Database {
    /// The settings as they count now.
    pub(crate) async fn settings(&self) -> Result<Arc<Settings>, Fault> {
        let version = run!(self.read(), version, ())?;
        self.settings_at(version).await
    }

    /// The settings at this reading of the counter, or at a later one.
    pub(crate) async fn settings_at(&self, version: i64) -> Result<Arc<Settings>, Fault> {
        if let Some(kept) = self.settings_cache.at(version) {
            return Ok(kept);
        }
        let read = Arc::new(run!(self.read(), read, self.options.pinned.clone())?);
        self.settings_cache.keep(&read);
        Ok(read)
    }
}
