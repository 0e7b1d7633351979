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

/// How long a migration waits for a table. Everybody else's statements wait behind it, for as long as a dump of the
/// database reads that table.
const LONGEST_WAIT: &str = "10s";

/// What to do with the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Run what is pending.
    Up,
    /// Undo everything.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests prove that every migration can be undone")
    )]
    Down,
}

/// The newest migration that this version knows, the same for both databases.
pub(crate) fn newest() -> String {
    let migrations =
        MigrationSource::<Pg>::migrations(&POSTGRES).expect("embedded migrations are well named");
    let newest = migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .max();
    newest.expect("there is a first migration")
}

/// Migrates a file. Blocks.
pub(crate) fn migrate_sqlite(path: &Path, direction: Direction) -> Result<(), Fault> {
    let mut connection = sqlite::establish(path)?;
    connection.immediate_transaction(|connection| migrate(connection, SQLITE, direction))
}

/// Migrates a server's database.
pub(crate) async fn migrate_postgres(
    connection: postgres::Connection,
    direction: Direction,
) -> Result<(), Fault> {
    let task = tokio::task::spawn_blocking(move || {
        let mut connection = AsyncConnectionWrapper::<_>::from(connection);
        // The lock is the session's: it ends with this connection, whatever happens.
        connection.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?;
        connection.batch_execute(&format!("SET lock_timeout = '{LONGEST_WAIT}'"))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    use recado_test_support::servers::Postgres;

    use crate::url::DatabaseUrl;

    #[derive(QueryableByName, Debug, PartialEq)]
    struct Definition {
        #[diesel(sql_type = Text)]
        definition: String,
    }

    fn schema(path: &Path) -> Vec<Definition> {
        let mut connection = sqlite::establish(path).unwrap();
        let all = "SELECT coalesce(sql, name) AS definition FROM sqlite_master WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\'
                   AND name NOT LIKE 'sqlite%' AND tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY name";
        diesel::sql_query(all).load(&mut connection).unwrap()
    }

    #[test]
    fn sqlite_goes_up_down_and_up_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("recado.db");
        migrate_sqlite(&path, Direction::Up).unwrap();
        let first = schema(&path);
        assert!(first.len() > 20);
        migrate_sqlite(&path, Direction::Down).unwrap();
        assert_eq!(schema(&path), []);
        migrate_sqlite(&path, Direction::Up).unwrap();
        assert_eq!(schema(&path), first);
    }

    #[test]
    fn a_ticket_closed_before_its_closing_was_noted_counts_as_closed_when_it_changed_last() {
        #[derive(QueryableByName, Debug, PartialEq)]
        struct Closed {
            #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::BigInt>)]
            closed_at: Option<i64>,
        }
        let directory = tempfile::tempdir().unwrap();
        let mut connection = sqlite::establish(&directory.path().join("recado.db")).unwrap();
        connection.run_next_migration(SQLITE).unwrap();
        for (number, status) in [("1", "closed"), ("2", "open")] {
            let ticket = format!(
                "INSERT INTO ticket (id, number, number_folded, search_text, title, requester_name, requester_email,
                    status, attributes, version, created_at, updated_at)
                 VALUES (x'0{number}', '{number}', '{number}', '', '', '', '', '{status}', '{{}}', 1, 10, 20)"
            );
            connection.batch_execute(&ticket).unwrap();
        }
        connection.run_pending_migrations(SQLITE).unwrap();
        let closed: Vec<Closed> = diesel::sql_query("SELECT closed_at FROM ticket ORDER BY number")
            .load(&mut connection)
            .unwrap();
        assert_eq!(
            closed,
            [Closed { closed_at: Some(20) }, Closed { closed_at: None }]
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_goes_up_down_and_up_again() {
        let Some(server) = tokio::task::spawn_blocking(Postgres::for_this_test)
            .await
            .unwrap()
        else {
            return;
        };
        let url = tokio::task::block_in_place(|| server.database("migrations"));
        let tables = || {
            let all = "SELECT table_name, column_name, data_type FROM information_schema.columns
                       WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' ORDER BY 1, 2";
            tokio::task::block_in_place(|| server.query(&url, all).unwrap())
        };
        let Ok(DatabaseUrl::Postgres(config, _)) = DatabaseUrl::parse(&url) else {
            panic!("{url}")
        };
        let to = postgres::Server::new(*config, None);
        migrate_postgres(to.connect().await.unwrap(), Direction::Up)
            .await
            .unwrap();
        let first = tables();
        assert!(first.lines().count() > 100);
        migrate_postgres(to.connect().await.unwrap(), Direction::Down)
            .await
            .unwrap();
        assert_eq!(tables().trim(), "");
        migrate_postgres(to.connect().await.unwrap(), Direction::Up)
            .await
            .unwrap();
        assert_eq!(tables(), first);
    }
}
