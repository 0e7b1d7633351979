//! `crash`: kills the real daemon at every named point, on both databases, and counts what is lost or doubled.

use std::process::Command;

use crate::environment::{Build, Environment, Missing};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rounds at each point and database
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// Only this point
    #[arg(long)]
    point: Option<String>,
}

impl Options {
    /// One round at each point.
    pub(crate) fn short() -> Self {
        Self { runs: 1, point: None }
    }
}

/// Runs the crash harness.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let environment = Environment::prepare(Missing::Install, Build::Tests)?;
    let mut harness = Command::new(environment.program("crash"));
    harness
        .args(["--runs", &options.runs.to_string()])
        .envs(environment.variables());
    if let Some(point) = &options.point {
        harness.args(["--point", point]);
    }
    workspace::run(&mut harness, "the crash harness")
}
