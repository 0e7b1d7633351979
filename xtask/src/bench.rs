//! `bench`: speed and its cost, by the release binary, beside the limits of the machine in the same run.

use std::ffi::OsString;
use std::process::Command;

use crate::environment::{Build, Environment, Missing};
use crate::workspace;

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Options of the program that measures, `--help` among them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

/// Builds, and runs the program that measures.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let is_profile = options.options.iter().any(|option| option == "--profile");
    let build = if is_profile {
        Build::Profile
    } else {
        Build::Release
    };
    let environment = Environment::prepare(Missing::Install, build)?;
    let mut bench = Command::new(environment.program("bench"));
    bench.args(&options.options).envs(environment.variables());
    workspace::run(&mut bench, "the bench")
}
