//! The project's tasks: `cargo xtask <task>`. One file per task; this one only chooses.

mod bench;
mod check_layers;
mod check_strings;
mod ci;
mod crash;
mod environment;
mod fuzz;
mod install;
mod progress;
mod screenshots;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "The project's tasks",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that a change must pass: formatting, lints, docs, layers, tidiness, tests.
    Ci,
    /// Every test, against real servers where they are installed.
    Test(test::Options),
    /// Kills the real daemon at every named point, and counts what is lost or doubled.
    Crash(crash::Options),
    /// Measures speed and what it costs, beside the limits of the machine.
    Bench(bench::Options),
    /// Feeds mail in with whatever breaks it, led by coverage.
    Fuzz(fuzz::Options),
    /// Takes a picture of every page, in every language, light and dark, on a phone and at a desk.
    Screenshots(screenshots::Options),
    /// Checks which crate depends on which, against the allowlist of the architecture.
    CheckLayers,
    /// Checks that the words of the pages are whole in every language, asked for, and none too many.
    CheckStrings,
    /// Checks the rules of style that neither rustfmt nor clippy knows.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Ci => ci::run(),
        Task::Test(options) => test::run(&options),
        Task::Crash(options) => crash::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Screenshots(options) => screenshots::run(&options),
        Task::CheckLayers => check_layers::run(),
        Task::CheckStrings => check_strings::run(),
        Task::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The causes on one line; a backtrace of a task helps nobody.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
