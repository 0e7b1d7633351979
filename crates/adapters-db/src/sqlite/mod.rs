//! SQLite: one file, one writer thread that commits in groups, a few readers.

mod connection;
mod lock;
mod reader;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use recado_ports::clock::Clock;
use recado_ports::events::Topic;

use crate::fault::Fault;
use crate::operation::{Operation, Terms};
use crate::wakeup::{News, Wakeups};

pub(crate) use connection::{Connection, establish};
pub(crate) use lock::DaemonLock;
pub use lock::LockError;
use reader::Readers;
use writer::Writer;

/// A database file.
pub(crate) struct SqliteStore {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    wakeups: Arc<Wakeups>,
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Opens a file that is there and migrated.
    pub(crate) fn new(path: PathBuf, readers: usize, clock: Arc<dyn Clock>) -> Self {
        let wakeups = Arc::new(Wakeups::new());
        Self {
            writer: Writer::start(path.clone(), Arc::clone(&wakeups)),
            readers: Readers::new(path.clone(), readers),
            path,
            clock,
            wakeups,
        }
    }

    /// Runs an operation in a transaction, together with whatever else is queued.
    pub(crate) async fn write<I, T>(
        &self,
        terms: Terms,
        input: I,
        operation: Operation<Connection, I, T>,
    ) -> Result<T, Fault>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(terms, input, operation).await
    }

    /// Runs an operation that only reads.
    pub(crate) async fn read<I, T>(
        &self,
        input: I,
        operation: Operation<Connection, I, T>,
    ) -> Result<T, Fault>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        self.readers.read(input, operation).await
    }

    /// The monotonic clock, by which leases end here: the wall clock jumps, and there is one daemon.
    pub(crate) fn lease_base(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(crate) async fn wait(&self, topic: Topic, at_most: Duration) {
        self.wakeups.wait(topic, at_most).await;
    }

    pub(crate) fn spread(&self, news: News) {
        self.wakeups.spread(news);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
