//! `bench`: first figures of speed, by the release binary, beside the limit of a bare SMTP client in the same run.

use std::process::Command;

use crate::environment::{Build, Environment, Missing};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Mails that are sent end to end
    #[arg(long, default_value_t = 10_000)]
    mails: u32,
    /// Measure one way alone: mail going out, or coming in
    #[arg(long, value_parser = ["out", "in"])]
    only: Option<String>,
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let environment = Environment::prepare(Missing::Install, Build::Release)?;
    let mut bench = Command::new(environment.program("bench"));
    bench
        .arg(options.mails.to_string())
        .args(&options.only)
        .envs(environment.variables());
    workspace::run(&mut bench, "the bench")
}
