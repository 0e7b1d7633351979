//! The log: to standard error, as text for people or as JSON lines. Fields and ids, no bodies, no secrets.

use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder
            .with_ansi(Colours::of_standard_error() == Colours::On)
            .try_init(),
    };
    // Only a second call can fail, in tests of one process.
    drop(started);
}
