//! The traits through which Recado meets databases, mail servers and clocks.
//!
//! A port's documentation is its contract: what is atomic, what may be called twice, and what each error asks of
//! the caller. One call is one transaction; there is no unit-of-work object and no connection in a signature.
//! With feature `mocks` every port has a mock (`MockComments`, …) made by mockall.

pub mod accounts;
pub mod audit;
pub mod channels;
pub mod clock;
pub mod comments;
pub mod events;
pub mod ids;
pub mod inbox;
pub mod ledger;
pub mod mail;
pub mod mailbox;
pub mod outbox;
pub mod page;
pub mod parameters;
pub mod people;
pub mod preferences;
pub mod reader;
pub mod renderer;
pub mod sessions;
pub mod store;
pub mod suppressions;
pub mod templates;
pub mod tickets;
