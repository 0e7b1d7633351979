//! One daemon per file: its leases end by its own clock, so a second one would send its mails again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Why the daemon's lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A daemon is running.
    #[error("another daemon serves this database: it holds {}", .0.display())]
    Held(PathBuf),
    /// The lock file cannot be made.
    #[error("the lock file {} cannot be opened", .path.display())]
    File {
        /// Beside the database.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Held for as long as the daemon lives; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DaemonLock {
    _file: File,
}

impl DaemonLock {
    /// Locks `<database>.lock`.
    pub(crate) fn acquire(database: &Path) -> Result<Self, LockError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = opened.map_err(|source| LockError::File {
            path: path.clone(),
            source,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(path)),
            Err(TryLockError::Error(source)) => Err(LockError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_until_the_first_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("recado.db");
        let first = DaemonLock::acquire(&database).unwrap();
        assert!(matches!(DaemonLock::acquire(&database), Err(LockError::Held(_))));
        drop(first);
        assert!(DaemonLock::acquire(&database).is_ok());
    }
}
