//! `[parameters]`: values that the configuration pins, by number. They win over the database and cannot be set.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Value, ValueKind};
use recado_domain::parameter::{Parameter, Parameters};

use super::fault::ConfigurationFault;
use super::load::Sources;
use super::section::Section;

/// Reads the pins. `Parameters` shows no secret in Debug, and neither do the faults here.
pub(super) fn read(section: &mut Section, sources: &Sources) -> Result<Parameters, ConfigurationFault> {
    let mut pins = Parameters::default();
    for (key, value) in section.take_all() {
        let origin = section.origin(&key, &value);
        let fault = |message: String| {
            ConfigurationFault::new(format!("parameters.{key}"), message).at(origin.clone())
        };
        let number: u16 = key
            .parse()
            .map_err(|_| fault("needs a parameter's number for a key, such as 14".to_owned()))?;
        let parameter = Parameter::from_number(number).map_err(|error| fault(error.to_string()))?;
        let text = match value.kind {
            ValueKind::Table(table) => {
                let table = table.into_iter().collect();
                elsewhere(table, sources)
                    .map_err(|message| fault(format!("{} {message}", parameter.name())))?
            }
            _ => section.entry(&key, value)?.text().to_owned(),
        };
        pins.insert(parameter, &text).map_err(|error| {
            // The error names the parameter already; a source of it says what is wrong with an address.
            let cause = std::error::Error::source(&error)
                .map(|source| format!(": {source}"))
                .unwrap_or_default();
            fault(format!("{error}{cause}"))
        })?;
    }
    Ok(pins)
}

/// Reads `{ env = "NAME" }` or `{ file = "PATH" }`. A line break at the end of a file is not the value's.
fn elsewhere(mut table: BTreeMap<String, Value>, sources: &Sources) -> Result<String, String> {
    let text = |value: Option<Value>| match value {
        None => Ok(None),
        Some(Value {
            kind: ValueKind::String(text),
            ..
        }) => Ok(Some(text)),
        Some(_) => Err("needs a text for env and for file".to_owned()),
    };
    let (env, file) = (text(table.remove("env"))?, text(table.remove("file"))?);
    if let Some(key) = table.keys().next() {
        return Err(format!(
            "takes {{ env = \"NAME\" }} or {{ file = \"PATH\" }}, not {key}"
        ));
    }
    match (env, file) {
        (Some(name), None) => sources
            .environment
            .get(&name)
            .cloned()
            .ok_or_else(|| format!("is to come from the variable {name}, which is not set")),
        (None, Some(path)) => match std::fs::read_to_string(Path::new(&path)) {
            Ok(text) => Ok(text
                .strip_suffix('\n')
                .map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text))
                .to_owned()),
            Err(error) => Err(format!(
                "is to come from the file {path}, which cannot be read: {error}"
            )),
        },
        _ => Err("takes either { env = \"NAME\" } or { file = \"PATH\" }".to_owned()),
    }
}
