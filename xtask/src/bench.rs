//! `bench`: speed and its cost, by the release binary, beside the limits of the machine in the same run.

use std::path::PathBuf;
use std::process::Command;

use crate::environment::{Build, Environment, Missing};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Mails end to end in one repetition
    #[arg(long)]
    mails: Option<u32>,
    /// Repetitions
    #[arg(long)]
    repetitions: Option<u32>,
    /// Mails a second and their cost alone
    #[arg(long)]
    quick: bool,
    /// Parts, with commas between: databases (sqlite, postgres) and what is measured
    #[arg(long)]
    only: Option<String>,
    /// Write the figures here as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Compare with the figures in this file
    #[arg(long)]
    against: Option<PathBuf>,
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let environment = Environment::prepare(Missing::Install, Build::Release)?;
    let mut bench = Command::new(environment.program("bench"));
    bench.envs(environment.variables());
    let mut pass = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            bench.args([name, &value]);
        }
    };
    pass("--mails", options.mails.map(|mails| mails.to_string()));
    pass(
        "--repetitions",
        options.repetitions.map(|repetitions| repetitions.to_string()),
    );
    pass("--only", options.only.clone());
    pass(
        "--json",
        options.json.as_ref().map(|file| file.display().to_string()),
    );
    pass(
        "--against",
        options.against.as_ref().map(|file| file.display().to_string()),
    );
    if options.quick {
        bench.arg("--quick");
    }
    workspace::run(&mut bench, "the bench")
}
