//! SQLite and PostgreSQL stores behind the ports, with diesel.
//!
//! [`Database`] implements every store port. An operation is written once, in a file named after its port, and
//! compiled for both databases (module `operation`); what the databases say differently stands in `dialect`. SQLite has
//! one writer thread that commits in groups (`sqlite`), PostgreSQL a pool (`postgres`).

mod accounts;
mod audit;
mod cached;
mod channels;
mod column;
mod comments;
mod database;
mod dialect;
mod events;
mod fault;
mod gather;
mod inbox;
mod installation;
mod ledger;
mod literal;
mod migrations;
mod operation;
mod outbox;
mod parameters;
mod people;
mod postgres;
mod preferences;
mod rows;
mod schema;
mod sessions;
mod settings;
mod sqlite;
mod suppressions;
mod template_images;
mod templates;
mod tickets;
mod url;
mod wakeup;

pub use database::{Database, OpenError, Options, StartCounter, StartError};
pub use postgres::TlsError;
pub use sqlite::LockError;
pub use url::UrlError;
