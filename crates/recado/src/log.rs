//! The log: to standard error, as text for people or as JSON lines. Fields and ids, no bodies, no secrets.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::Colours;
use crate::config::{LogFormat, LogSettings};

/// What kind of process logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// It logs what the configuration says.
    Daemon,
    /// It answers a command: warnings alone, unless more is asked for.
    Command,
}

/// Starts logging; a second call changes nothing.
pub(crate) fn start(settings: &LogSettings, process: Process, verbose: u8) {
    let level = match (process, verbose) {
        (Process::Daemon, 0) => settings.level.as_str(),
        (Process::Command, 0) => "warn",
        (Process::Command, 1) => "info",
        (_, 1 | 2) => {
            "info,recado=debug,recado_app=debug,recado_adapters_db=debug,recado_adapters_http=debug,recado_adapters_inbound=debug,recado_adapters_smtp=debug"
        }
        _ => "trace",
    };
    let filter: Targets = level
        .parse()
        .unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry
            .with(lines.with_ansi(Colours::of_standard_error() == Colours::On))
            .try_init(),
    };
    // Only a second call can fail, in tests of one process.
    drop(started);
}
