//! The API as its callers see it, over stores in memory.

mod comments;
mod deliveries;
mod document;
mod errors;
mod events;
mod harness;
mod idempotency;
mod permissions;
mod server;
mod settings;
mod tickets;
