//! What holds for every page, and the way in: over stores in memory, as a browser without scripts.

#![expect(clippy::unwrap_used, reason = "a test ends where what it expects is not so")]

#[path = "../api/administration.rs"]
mod administration;
#[expect(dead_code, reason = "the API's tests share it")]
#[path = "../api/harness.rs"]
mod harness;
#[expect(dead_code, reason = "the API's tests share it")]
#[path = "../api/inbox.rs"]
mod inbox;

mod visitor;

mod guards;
mod live;
mod signing_in;
