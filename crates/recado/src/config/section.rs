//! One section of the configuration, whose keys are taken out one by one; what is left over is unknown.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use config::{Value, ValueKind};

use super::fault::ConfigurationFault;

/// A section and the keys that are still in it.
pub(super) struct Section {
    name: &'static str,
    entries: BTreeMap<String, Value>,
    known: Vec<&'static str>,
    file: Option<PathBuf>,
}

impl Section {
    pub(super) fn new(name: &'static str, entries: BTreeMap<String, Value>, file: Option<PathBuf>) -> Self {
        Self {
            name,
            entries,
            known: Vec::new(),
            file,
        }
    }

    /// Takes a key with one value out.
    pub(super) fn take(&mut self, key: &'static str) -> Result<Option<Entry>, ConfigurationFault> {
        self.known.push(key);
        self.entries
            .remove(key)
            .map(|value| self.entry(key, value))
            .transpose()
    }

    /// Takes a key with a list of values out: a TOML array, or one text with commas.
    pub(super) fn take_list(&mut self, key: &'static str) -> Result<Option<Vec<Entry>>, ConfigurationFault> {
        self.known.push(key);
        let Some(value) = self.entries.remove(key) else {
            return Ok(None);
        };
        let origin = self.origin(key, &value);
        if let ValueKind::Array(items) = value.kind {
            return items
                .into_iter()
                .map(|item| self.entry(key, item))
                .collect::<Result<_, _>>()
                .map(Some);
        }
        let whole = self.entry(key, value)?;
        let parts = whole
            .text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let parts = parts.map(|part| Entry {
            key: whole.key.clone(),
            origin: origin.clone(),
            text: part.to_owned(),
        });
        Ok(Some(parts.collect()))
    }

    /// Takes every key out, for a section whose keys are no fixed names.
    pub(super) fn take_all(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.entries).into_iter().collect()
    }

    /// A value of this section with its place.
    pub(super) fn entry(&self, key: &str, value: Value) -> Result<Entry, ConfigurationFault> {
        let origin = self.origin(key, &value);
        let key = format!("{}.{key}", self.name);
        let text = match value.kind {
            ValueKind::String(text) => text,
            ValueKind::Boolean(value) => value.to_string(),
            ValueKind::I64(value) => value.to_string(),
            ValueKind::U64(value) => value.to_string(),
            ValueKind::Float(value) => value.to_string(),
            _ => return Err(ConfigurationFault::new(key, "takes one value, a text in quotes").at(origin)),
        };
        Ok(Entry { key, origin, text })
    }

    /// Where a value stands, in words for the operator.
    pub(super) fn origin(&self, key: &str, value: &Value) -> String {
        match (value.origin(), &self.file) {
            (Some(_), _) | (None, None) => {
                format!("RECADO_{}__{}", self.name.to_uppercase(), key.to_uppercase())
            }
            (None, Some(file)) => file.display().to_string(),
        }
    }

    /// Refuses keys that nobody took.
    pub(super) fn finish(self) -> Result<(), ConfigurationFault> {
        let Some((key, value)) = self.entries.iter().next() else {
            return Ok(());
        };
        let message = format!("is no key; [{}] has {}", self.name, self.known.join(", "));
        let origin = self.origin(key, value);
        Err(ConfigurationFault::new(format!("{}.{key}", self.name), message).at(origin))
    }
}

/// One value, as text, with its key and its place.
pub(super) struct Entry {
    key: String,
    origin: String,
    text: String,
}

impl Entry {
    /// The text, blanks and all.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads the value; a fault names key and value. Not for secrets.
    pub(super) fn parse<T, E: Display>(
        &self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigurationFault> {
        read(self.text.trim()).map_err(|error| self.fault(format!("{:?}: {error}", self.text)))
    }

    /// A fault of this value; the message must not quote a secret.
    pub(super) fn fault(&self, message: impl Into<String>) -> ConfigurationFault {
        ConfigurationFault::new(self.key.clone(), message).at(self.origin.clone())
    }
}
