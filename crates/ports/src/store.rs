//! What a store can answer instead of a result.

use std::error::Error;

/// The cause behind a port's error, kept as `source`.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or has no room, for now. Nothing was written; the call may be repeated.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
    /// Somebody else wrote first. Nothing was written; read again and decide anew.
    #[error("{what} was changed by somebody else meanwhile")]
    Conflict {
        /// What was to be written.
        what: String,
    },
    /// What is stored makes no sense to this version. Repeating does not help.
    #[error("{what} in the database cannot be read")]
    Corrupt {
        /// The object that cannot be read.
        what: String,
        /// What is wrong with it.
        #[source]
        source: Cause,
    },
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict { .. })
    }
}
