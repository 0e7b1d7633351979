//! The real binary, run as an operator runs it: exit codes, what it says, and its orderly end.

mod command_line;
mod configuration;
mod demo;
mod house;
mod serve;
