//! Databases for tests: a new one each, gone with its guard.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_adapters_db::{Database, Options};
use recado_ports::clock::Clock;
use recado_test_support::clock::ManualClock;
use recado_test_support::ids::SequentialIds;
use recado_test_support::servers::Postgres;

/// What a test's database needs.
pub(crate) fn options(clock: Arc<dyn Clock>) -> Options {
    Options {
        connections: 8,
        trusted_certificates: None,
        pinned: BTreeMap::new(),
        clock,
        ids: Arc::new(SequentialIds::new()),
    }
}

/// A clock that a test turns by hand.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new())
}

/// A SQLite database in a directory of its own.
pub(crate) async fn sqlite(clock: Arc<dyn Clock>) -> (Arc<Database>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("recado.db").display());
    (
        Arc::new(Database::open(&url, options(clock)).await.unwrap()),
        directory,
    )
}

/// A PostgreSQL database, its URL, and the server that it is on; `None` where there is no server.
pub(crate) async fn postgres(clock: Arc<dyn Clock>) -> Option<(Arc<Database>, String, Postgres)> {
    // Starting a server of the test's own blocks.
    let server = tokio::task::spawn_blocking(Postgres::for_this_test)
        .await
        .unwrap()?;
    let (server, url) = tokio::task::spawn_blocking(move || {
        let url = server.database("recado");
        (server, url)
    })
    .await
    .unwrap();
    Some((
        Arc::new(Database::open(&url, options(clock)).await.unwrap()),
        url,
        server,
    ))
}
