//! The pages as browsers without scripts see them, over stores in memory.

#![expect(clippy::unwrap_used, reason = "a test ends where what it expects is not so")]

#[path = "../api/administration.rs"]
mod administration;
#[expect(dead_code, reason = "the API's tests share it")]
#[path = "../api/harness.rs"]
mod harness;
#[expect(dead_code, reason = "the API's tests share it")]
#[path = "../api/inbox.rs"]
mod inbox;

mod browser;
mod conversation;
mod lists;
mod strangers;
