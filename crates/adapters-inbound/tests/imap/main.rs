//! The reader of a mailbox, against a server that does what a test wants, and against Dovecot.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../intake/mod.rs"]
mod intake;

mod server;

mod harness;

mod check;
mod cuts;
mod dovecot;
mod faults;
mod messages;
mod protection;
mod waiting;
