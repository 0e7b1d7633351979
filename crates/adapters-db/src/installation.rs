//! What is known of the installation as a whole: its secret's fingerprint, its starts, whether it can be reached.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use recado_ports::store::StoreError;

use crate::column::count;
use crate::database::{Database, StartCounter, StartError};
use crate::fault::Fault;
use crate::migrations;
use crate::operation::{Purpose, queries, run};
use crate::schema::installation;
use crate::wakeup::News;

const SECRET: &str = "secret_fingerprint";
const STARTS: &str = "starts";

#[derive(QueryableByName)]
struct Starts {
    #[diesel(sql_type = BigInt)]
    starts: i64,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

queries! {
    /// Stores a value unless there is one; gives the one that is there then.
    pub(super) async fn first_value(
        connection: &mut Session,
        input: &(&'static str, String),
    ) -> Result<String, Fault> {
        let (key, value) = input;
        let rows = [(installation::key.eq(key), installation::value.eq(value))];
        insert_new!(connection, installation::table, &rows);
        Ok(installation::table.find(key).select(installation::value).first(connection).await?)
    }

    /// Replaces a value where it is the old one.
    pub(super) async fn replace_value(
        connection: &mut Session,
        input: &(&'static str, String, String),
    ) -> Result<usize, Fault> {
        let (key, old, new) = input;
        let row = installation::table.find(key).filter(installation::value.eq(old));
        Ok(diesel::update(row).set(installation::value.eq(new)).execute(connection).await?)
    }

    pub(super) async fn count_start(connection: &mut Session, _input: &()) -> Result<i64, Fault> {
        let rows = [(installation::key.eq(STARTS), installation::value.eq("0"))];
        insert_new!(connection, installation::table, &rows);
        let counted: Starts = diesel::sql_query(
            "UPDATE installation SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'starts'
             RETURNING CAST(value AS BIGINT) AS starts",
        )
        .get_result(connection)
        .await?;
        Ok(counted.starts)
    }

    pub(super) async fn newest_migration(connection: &mut Session, _input: &()) -> Result<Option<String>, Fault> {
        let newest =
            diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1");
        Ok(newest.get_result::<Applied>(connection).await.optional()?.map(|row| row.version))
    }

    pub(super) async fn reseat_log(connection: &mut Session, _input: &()) -> Result<usize, Fault> {
        let reseat = diesel::sql_query("UPDATE event SET xid = 0 WHERE xid > pg_current_xact_id()::text::bigint");
        Ok(reseat.execute(connection).await?)
    }
}

impl Database {
    /// Whether the database can be reached and has the schema of this version, or a later one.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let newest = run!(self.read(), newest_migration, ())?;
        if newest.is_some_and(|newest| newest >= migrations::newest()) {
            return Ok(());
        }
        Err(StoreError::Unavailable(
            "the database's schema is older than this version".into(),
        ))
    }

    /// Rotates the secret: its fingerprint takes the place of that of an older one which the daemon still accepts. To
    /// be called before [`Database::start_daemon`].
    pub async fn adopt_secret(&self, fingerprint: &str, older: &[String]) -> Result<(), StoreError> {
        for old in older {
            let input = (SECRET, old.clone(), fingerprint.to_owned());
            if run!(
                self.write(Purpose::Record.with(News::Nothing)),
                replace_value,
                input
            )? > 0
            {
                tracing::info!("the signing secret was rotated");
            }
        }
        Ok(())
    }

    pub(crate) async fn check_secret(&self, fingerprint: &str) -> Result<(), StartError> {
        let input = (SECRET, fingerprint.to_owned());
        let stored = run!(
            self.write(Purpose::Record.with(News::Nothing)),
            first_value,
            input
        );
        if stored.map_err(StoreError::from)? == fingerprint {
            Ok(())
        } else {
            Err(StartError::OtherSecret)
        }
    }

    pub(crate) async fn next_start(&self) -> Result<StartCounter, StoreError> {
        let starts = run!(self.write(Purpose::Record.with(News::Nothing)), count_start, ())?;
        let current: u64 = count("the count of starts", starts)?;
        Ok(StartCounter {
            previous: current.saturating_sub(1),
            current,
        })
    }

    /// PostgreSQL: a log that was restored into another cluster names transactions that are yet to come there. Its
    /// entries are put before everything, in the order of their numbers.
    pub(crate) async fn reseat_log(&self) -> Result<(), StoreError> {
        let reseated = run!(self.write(Purpose::Record.with(News::Nothing)), reseat_log, ())?;
        if reseated > 0 {
            tracing::info!(
                reseated,
                "the log of events comes from another cluster; its order is kept"
            );
        }
        Ok(())
    }
}
