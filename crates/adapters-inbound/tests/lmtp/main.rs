//! The LMTP server as its peers see it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../intake/mod.rs"]
mod intake;

mod cuts;
mod dialogue;
mod harness;
mod ledger;
mod limits;
mod smuggling;
mod stop;
