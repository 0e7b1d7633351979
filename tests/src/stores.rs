//! One test on both databases.

use recado_test_support::servers::Postgres;

use crate::daemon::Store;

/// SQLite.
pub fn sqlite() -> Option<(Store, Option<Postgres>)> {
    Some((Store::Sqlite, None))
}

/// An empty PostgreSQL database; `None` where `cargo xtask test` said that PostgreSQL is absent.
pub fn postgres() -> Option<(Store, Option<Postgres>)> {
    let postgres = Postgres::for_this_test()?;
    let store = Store::Postgres(postgres.database("recado"));
    Some((store, Some(postgres)))
}

/// Instantiates async functions of one argument, `&Store`, as tests on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let (store, _server) = $crate::stores::sqlite().expect("SQLite is always there");
                super::$test(&store).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let Some((store, _server)) = $crate::stores::postgres() else { return };
                super::$test(&store).await;
            })+
        }
    };
}
