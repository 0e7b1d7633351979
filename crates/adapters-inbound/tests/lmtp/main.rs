//! The LMTP server as its peers see it.

#[path = "../intake/mod.rs"]
mod intake;

mod cuts;
mod dialogue;
mod harness;
mod limits;
mod smuggling;
mod stop;
