//! A connection to the file, with the pragmas that every one of them needs.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, SqliteConnection};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::fault::Fault;

/// diesel-async's face of a SQLite connection, so that queries read the same for both databases.
pub(crate) type Connection = SyncConnectionWrapper<SqliteConnection, Inline>;

/// Runs what would block at once, on the thread that asks: writer and readers have threads of their own.
pub(crate) struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        Box::pin(std::future::ready(Ok(task())))
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// The value of a future whose every step is [`Inline`].
pub(crate) fn finished<T>(future: BoxFuture<'_, T>) -> T {
    future.now_or_never().expect("nothing that runs inline waits")
}

/// For how long a process that finds the file locked waits for the other one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the file. A process that finds it locked waits ten seconds for the other one.
///
/// `synchronous` starts as FULL; the writer lowers it for groups that may be lost in a power failure.
pub(crate) fn establish(path: &Path) -> Result<SqliteConnection, Fault> {
    let path = path
        .to_str()
        .ok_or_else(|| Fault::unavailable("the path of the database is not UTF-8"))?;
    let mut connection = SqliteConnection::establish(path).map_err(Fault::unavailable)?;
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", PATIENCE.as_millis()))?;
    log_ahead(&mut connection)?;
    connection.batch_execute(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// Switches the file to write-ahead logging. Where several processes switch a new file at once, each holds what another
/// waits for; SQLite refuses some of them at once, whatever the busy timeout, and these try again.
fn log_ahead(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let start = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if is_locked(&error) && start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            switched => return Ok(switched?),
        }
    }
}

/// diesel keeps no result code; this is SQLite's only wording of `SQLITE_BUSY`.
fn is_locked(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, information) if information.message() == "database is locked")
}
