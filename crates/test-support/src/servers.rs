//! Real servers for tests, each started with throw-away data on free loopback ports and stopped with its owner.
//!
//! `cargo xtask test` looks for the programs once and tells the tests by environment variables what it found, see
//! [`Suite`]. A test asks with `for_this_test`, and returns at once when the answer is `None`:
//!
//! ```no_run
//! use recado_test_support::servers::Postgres;
//!
//! # fn test() {
//! let Some(postgres) = Postgres::for_this_test() else { return };
//! let url = postgres.database("outbox");
//! # }
//! ```
//!
//! `None` comes only when the task said that the server is absent, and the task then lists the test as skipped. In a
//! test that was started otherwise (`cargo test -p …`) an absent server is a panic.

mod authority;
pub mod chromium;
pub mod dovecot;
pub mod page_checks;
pub mod postfix;
pub mod postgres;
mod program;
mod suite;
mod supervisor;

pub use chromium::Chromium;
pub use dovecot::Dovecot;
pub use page_checks::PageChecks;
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use suite::{ABSENT, SKIPPED_VARIABLE, SUITES, Suite};
