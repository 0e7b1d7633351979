//! PostgreSQL: a pool of connections, transactions in tasks of their own, news by LISTEN and NOTIFY.

mod listen;
mod pool;
mod statement;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AnsiTransactionManager, TransactionManager};
use recado_ports::events::Topic;
use uuid::Uuid;

use crate::fault::Fault;
use crate::operation::{Operation, Terms};
use crate::wakeup::{News, Wakeups};

use listen::Messenger;
use pool::Pool;
pub(crate) use pool::Server;
pub(crate) use statement::statement;
pub use tls::TlsError;
pub(crate) use tls::connector;

/// The connection that queries see.
pub(crate) type Connection = diesel_async::AsyncPgConnection;

/// Longest time that one operation may take, waiting for its connection included. The server may be unreachable
/// without the connection's knowing.
const OPERATION: Duration = Duration::from_secs(30);
/// How often a transaction that collided with another one is run anew.
const RUNS: u32 = 6;

/// A database on a server.
pub(crate) struct PostgresStore {
    pool: Arc<Pool>,
    wakeups: Arc<Wakeups>,
    messenger: Messenger,
}

impl PostgresStore {
    /// Connects lazily. `instance` tells this process's own notifications from others'.
    pub(crate) fn new(server: Server, connections: usize, instance: Uuid) -> Self {
        let wakeups = Arc::new(Wakeups::new());
        let pool = Arc::new(Pool::new(server, connections));
        Self {
            messenger: Messenger::new(Arc::clone(&pool), Arc::clone(&wakeups), instance),
            pool,
            wakeups,
        }
    }

    /// Runs an operation in a transaction, again when it collided with another one. It goes on when the caller goes
    /// away: a cancelled future never leaves a transaction open.
    pub(crate) async fn write<I, T>(
        &self,
        terms: Terms,
        input: I,
        operation: Operation<Connection, I, T>,
    ) -> Result<T, Fault>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (pool, messenger) = (Arc::clone(&self.pool), self.messenger.clone());
        let task = tokio::spawn(async move {
            let result = repeat(&pool, terms, &input, operation).await;
            if result.is_ok() {
                messenger.spread(terms.news);
            }
            result
        });
        task.await.unwrap_or_else(|panic| Err(Fault::unavailable(panic)))
    }

    /// Runs an operation that only reads, without a transaction.
    pub(crate) async fn read<I, T>(
        &self,
        input: I,
        operation: Operation<Connection, I, T>,
    ) -> Result<T, Fault>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        bounded(async {
            let mut lent = self.pool.lend().await?;
            let result = operation(lent.connection(), &input).await;
            lent.give_back_after(&result);
            result
        })
        .await
    }

    pub(crate) async fn wait(&self, topic: Topic, at_most: Duration) {
        self.messenger.listen();
        self.wakeups.wait(topic, at_most).await;
    }

    pub(crate) fn spread(&self, news: News) {
        self.messenger.spread(news);
    }
}

async fn bounded<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let in_time = tokio::time::timeout(OPERATION, work).await;
    in_time.unwrap_or_else(|_| Err(Fault::unavailable("the database server does not answer")))
}

async fn repeat<I: Sync, T: Send>(
    pool: &Pool,
    terms: Terms,
    input: &I,
    operation: Operation<Connection, I, T>,
) -> Result<T, Fault> {
    let mut run = 1;
    loop {
        match bounded(transact(pool, terms, input, operation)).await {
            Err(fault) if fault.is_collision() && run < RUNS => {
                tracing::debug!(run, "a transaction collided with another one and is run again");
                tokio::time::sleep(Duration::from_millis(u64::from(run * run))).await;
                run += 1;
            }
            result => return result,
        }
    }
}

/// One transaction; one statement is one by itself. Whenever this does not come to its end, the connection is closed and
/// not given back.
async fn transact<I: Sync, T: Send>(
    pool: &Pool,
    terms: Terms,
    input: &I,
    operation: Operation<Connection, I, T>,
) -> Result<T, Fault> {
    let mut lent = pool.lend().await?;
    if terms.is_one_statement() {
        terms.before_commit();
        let result = operation(lent.connection(), input).await;
        if result.is_ok() {
            terms.after_commit();
        }
        lent.give_back_after(&result);
        return result;
    }
    let begin = if terms.is_flushed() {
        "BEGIN"
    } else {
        "BEGIN; SET LOCAL synchronous_commit = off"
    };
    AnsiTransactionManager::begin_transaction_sql(lent.connection(), begin).await?;
    let result = match operation(lent.connection(), input).await {
        Ok(value) => {
            terms.before_commit();
            let committed = AnsiTransactionManager::commit_transaction(lent.connection()).await;
            terms.after_commit();
            committed.map(|()| value).map_err(Fault::from)
        }
        Err(fault) => {
            AnsiTransactionManager::rollback_transaction(lent.connection()).await?;
            Err(fault)
        }
    };
    lent.give_back_after(&result);
    result
}
