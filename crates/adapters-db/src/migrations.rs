//! The schema's history, for both databases. Whichever process comes first runs what is pending; the others wait.

use std::path::Path;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::fault::Fault;
use crate::{postgres, sqlite};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The lock that migrating PostgreSQL takes; any number does that nobody else uses.
const ADVISORY_LOCK: i64 = 0x7265_6361_646f;

/// What to do with the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Run what is pending.
    Up,
    /// Undo everything.
    #[cfg_attr(not(test), expect(dead_code, reason = "going back is an operator's decision; tests prove that it works"))]
    Down,
}

/// The newest migration that this version knows, the same for both databases.
pub(crate) fn newest() -> String {
    let migrations = MigrationSource::<Pg>::migrations(&POSTGRES).expect("embedded migrations are well named");
    let newest = migrations.iter().map(|migration| migration.name().version().to_string()).max();
    newest.expect("there is a first migration")
}

/// Migrates a file. Blocks.
pub(crate) fn migrate_sqlite(path: &Path, direction: Direction) -> Result<(), Fault> {
    let mut connection = sqlite::establish(path)?;
    connection.immediate_transaction(|connection| migrate(connection, SQLITE, direction))
}

/// Migrates a server's database.
pub(crate) async fn migrate_postgres(connection: postgres::Connection, direction: Direction) -> Result<(), Fault> {
    let task = tokio::task::spawn_blocking(move || {
        let mut connection = AsyncConnectionWrapper::<_>::from(connection);
        // The lock is the session's: it ends with this connection, whatever happens.
        connection.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?;
        migrate(&mut connection, POSTGRES, direction)
    });
    task.await.unwrap_or_else(|panic| Err(Fault::unavailable(panic)))
}

fn migrate<DB: Backend, C: MigrationHarness<DB>>(
    connection: &mut C,
    migrations: EmbeddedMigrations,
    direction: Direction,
) -> Result<(), Fault>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let done = match direction {
        Direction::Up => connection.run_pending_migrations(migrations),
        Direction::Down => connection.revert_all_migrations(migrations),
    };
    for migration in done.map_err(Fault::unavailable)? {
        tracing::info!(%migration, ?direction, "migrated the database");
    }
    Ok(())
}

