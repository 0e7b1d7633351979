//! The real binary, run as an operator runs it: exit codes, what it says, and its orderly end.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set fails its test")]

mod command_line;
mod configuration;
mod demo;
mod house;
mod incoming;
mod serve;
