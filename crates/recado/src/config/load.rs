//! Gathers the configuration's keys: the file first, the environment over it. Says nothing about what they mean.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Map, Source as _, Value, ValueKind};

use super::fault::ConfigurationFault;
use super::section::Section;

/// The file that is read from the working directory when none is named.
const DEFAULT_FILE: &str = "recado.toml";

/// What every variable of the environment that is ours begins with.
const PREFIX: &str = "RECADO_";

/// What stands between section and key in a variable's name.
const SEPARATOR: &str = "__";

/// Where the configuration comes from.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The file, when there is one.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Sources {
    /// The process's own environment, and the file that the command line names, else `RECADO_CONFIG`, else
    /// `recado.toml` in the working directory where it is there.
    ///
    /// # Errors
    /// A variable of ours that is no UTF-8.
    pub(crate) fn of_process(named: Option<PathBuf>) -> Result<Self, ConfigurationFault> {
        let mut environment = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            if let Some((name, value)) = readable(name, value)? {
                environment.insert(name, value);
            }
        }
        let named = named.or_else(|| environment.get("RECADO_CONFIG").map(PathBuf::from));
        let file = named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
        Ok(Self { file, environment })
    }

    /// Every section that either source names.
    pub(super) fn sections(&self) -> Result<Sections, ConfigurationFault> {
        let mut builder = Config::builder();
        if let Some(path) = &self.file {
            let text = read(path)?;
            check_syntax(path, &text)?;
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let keys: Map<String, String> = self
            .environment
            .iter()
            .filter(|(name, _)| {
                name.strip_prefix(PREFIX)
                    .is_some_and(|rest| rest.contains(SEPARATOR))
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        // Parsing would turn the password `0123` into the number 123. The prefix has a separator of its own: the
        // crate would take `__` for it too, and would not see `RECADO_HTTP__LISTEN`.
        let environment = Environment::with_prefix(PREFIX.trim_end_matches('_'))
            .prefix_separator("_")
            .separator(SEPARATOR)
            .try_parsing(false)
            .source(Some(keys));
        let whole = builder
            .add_source(environment)
            .build()
            .and_then(|whole| whole.collect())
            .map_err(|error| {
                ConfigurationFault::new("the sources", "cannot be put together").because(error)
            })?;
        Ok(Sections {
            tables: whole.into_iter().collect(),
            file: self.file.clone(),
        })
    }
}

/// Sections by name, taken out one by one; what is left over is unknown.
pub(super) struct Sections {
    tables: BTreeMap<String, Value>,
    file: Option<PathBuf>,
}

impl Sections {
    /// Takes a section out; an empty one when no source names it.
    pub(super) fn take(&mut self, name: &'static str) -> Result<Section, ConfigurationFault> {
        let entries = match self.tables.remove(name) {
            None => BTreeMap::new(),
            Some(Value {
                kind: ValueKind::Table(table),
                ..
            }) => table.into_iter().collect(),
            Some(_) => {
                return Err(ConfigurationFault::new(
                    name,
                    format!("is a section, not a key: write [{name}]"),
                ));
            }
        };
        Ok(Section::new(name, entries, self.file.clone()))
    }

    /// Refuses sections that nobody took.
    pub(super) fn finish(self, known: &[&str]) -> Result<(), ConfigurationFault> {
        match self.tables.iter().next() {
            None => Ok(()),
            Some((name, value)) => {
                let message = format!("is no section; the sections are {}", known.join(", "));
                Err(ConfigurationFault::new(name, message).at(self.origin(name, value)))
            }
        }
    }

    /// Where an unknown section stands: in the variable whose name made it, else in the file.
    fn origin(&self, name: &str, value: &Value) -> String {
        let of_environment = |value: &Value| value.origin().is_some();
        let variable = match &value.kind {
            ValueKind::Table(table) => table
                .iter()
                .find(|(_, value)| of_environment(value))
                .map(|(key, _)| key.as_str()),
            _ => None,
        };
        match (variable, &self.file) {
            (None, Some(file)) if !of_environment(value) => file.display().to_string(),
            (key, _) => {
                let key = key.unwrap_or_default();
                format!("{PREFIX}{}{SEPARATOR}{}", name.to_uppercase(), key.to_uppercase())
            }
        }
    }
}

/// The variable, unless it is somebody else's and no UTF-8.
fn readable(name: OsString, value: OsString) -> Result<Option<(String, String)>, ConfigurationFault> {
    let Ok(name) = name.into_string() else {
        return Ok(None);
    };
    match value.into_string() {
        Ok(value) => Ok(Some((name, value))),
        Err(_) if name.starts_with(PREFIX) => {
            Err(ConfigurationFault::new(name, "is no UTF-8 text").at("the environment"))
        }
        Err(_) => Ok(None),
    }
}

fn read(path: &Path) -> Result<String, ConfigurationFault> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigurationFault::new(path.display().to_string(), "cannot be read").because(error))
}

/// Names line and column of a slip; the text itself may hold a password, so it is not quoted.
fn check_syntax(path: &Path, text: &str) -> Result<(), ConfigurationFault> {
    let Err(error) = text.parse::<toml::Table>() else {
        return Ok(());
    };
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let message = format!("is no TOML: {}", error.message().replace('\n', ", "));
    Err(ConfigurationFault::new(
        format!("{}:{line}:{column}", path.display()),
        message,
    ))
}
