//! Templates by number.

use async_trait::async_trait;
use recado_domain::template::{StoredTemplate, TemplateId};

use crate::store::StoreError;

/// Whether a write made a new object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was not there.
    Created,
    /// It was.
    Replaced,
}

/// The store of templates.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Templates: Send + Sync {
    /// Stores a template whole; the last write wins. Its `version` is ignored and grows by one.
    async fn put(&self, template: &StoredTemplate) -> Result<Written, StoreError>;

    /// One template.
    async fn find(&self, id: TemplateId) -> Result<Option<StoredTemplate>, StoreError>;

    /// All of them, by number.
    async fn list(&self) -> Result<Vec<StoredTemplate>, StoreError>;
}
