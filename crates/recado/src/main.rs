//! The daemon and its command line: the one place that knows every adapter, the environment and the clock.

mod clock;
mod config;
mod ids;

fn main() {}
