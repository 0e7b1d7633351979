//! The API as its callers see it, over stores in memory.

#![expect(clippy::unwrap_used, reason = "a test ends where what it expects is not so")]

mod administration;
mod comments;
mod deliveries;
mod document;
mod errors;
mod events;
mod harness;
mod idempotency;
mod inbox;
mod log;
mod mails;
mod permissions;
mod server;
mod settings;
mod tickets;
