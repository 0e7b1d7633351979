//! The daemon and its command line: the one place that knows every adapter, the environment and the clock.

mod cli;
mod clock;
mod config;
mod demo;
#[cfg(feature = "failpoints")]
mod failpoints;
mod ids;
mod log;
mod serve;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    if let Err(error) = failpoints::arm() {
        cli::report(&error);
        return ExitCode::FAILURE;
    }
    cli::run()
}
