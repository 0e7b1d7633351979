//! Connections that only read. WAL lets them read while the writer commits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use tokio::sync::Semaphore;

use super::connection::{Connection, establish, finished};
use crate::fault::Fault;
use crate::operation::Operation;

/// A few connections, opened when first needed.
pub(super) struct Readers {
    path: Arc<PathBuf>,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, size: usize) -> Self {
        Self {
            path: Arc::new(path),
            permits: Arc::new(Semaphore::new(size.max(1))),
            idle: Arc::new(Mutex::new(Vec::new())),
        }
    }

    /// Runs an operation on a thread that may block. When the caller goes away it still ends by itself.
    pub(super) async fn read<I, T>(
        &self,
        input: I,
        operation: Operation<Connection, I, T>,
    ) -> Result<T, Fault>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match pooled {
                Some(connection) => connection,
                None => open(&path)?,
            };
            let result = finished(operation(&mut connection, &input));
            // After a failure, or a panic, the connection is not used again.
            if result.is_ok() {
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(connection);
            }
            result
        });
        task.await.unwrap_or_else(|panic| Err(Fault::unavailable(panic)))
    }
}

/// What they keep of the file is bounded, since several are open at once, and every commit makes it worthless: the system
/// keeps more.
fn open(path: &std::path::Path) -> Result<Connection, Fault> {
    let mut connection = establish(path)?;
    connection.batch_execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048")?;
    Ok(Connection::new(connection))
}
