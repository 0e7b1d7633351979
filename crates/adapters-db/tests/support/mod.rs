//! Databases for tests: a new one each, gone with its guard.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use recado_adapters_db::{Database, Options};
use recado_ports::clock::Clock;
use recado_test_support::clock::ManualClock;
use recado_test_support::ids::SequentialIds;

/// What a test's database needs.
pub fn options(clock: Arc<dyn Clock>) -> Options {
    Options {
        connections: 8,
        trusted_certificates: None,
        pinned: BTreeMap::new(),
        clock,
        ids: Arc::new(SequentialIds::new()),
    }
}

/// A clock that a test turns by hand.
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new())
}

/// A SQLite database in a directory of its own.
pub async fn sqlite(clock: Arc<dyn Clock>) -> (Arc<Database>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("recado.db").display());
    (Arc::new(Database::open(&url, options(clock)).await.unwrap()), directory)
}

/// The URL of a new PostgreSQL database; `None` where no server was given to the tests.
#[expect(clippy::disallowed_methods, reason = "the task that runs the tests names the server so")]
pub async fn postgres_url() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let admin = std::env::var("RECADO_TEST_POSTGRES_URL").ok()?;
    let name = format!("db_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    let mut url = url::Url::parse(&admin).unwrap();
    url.set_path(&name);
    Some(url.into())
}
