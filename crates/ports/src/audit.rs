//! The audit trail. A use case records what it is about to do before it does it, so nothing is done untold.

use async_trait::async_trait;
use recado_domain::audit::{Action, Entry};
use recado_domain::person::EmailAddress;

use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// Which lines to list. Empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those of this person.
    pub person: Option<EmailAddress>,
    /// Those of this action.
    pub action: Option<Action>,
    /// Those about this object.
    pub object: Option<String>,
}

/// The trail. Lines are added, never changed.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Audit: Send + Sync {
    /// Adds a line; flushed to disk when it returns. Repeating a call with the same id is harmless.
    async fn record(&self, entry: &Entry) -> Result<(), StoreError>;

    /// Lines, the newest first.
    async fn list(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<Entry>, StoreError>;
}
