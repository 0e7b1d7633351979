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

/// A picture of a template, sent along with each of its mails; the HTML names it as `cid:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateImage {
    /// Its name: letters, digits, `-`, `_` and `.`, at most 80, unique within the template.
    pub name: String,
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    pub content_type: String,
    /// Its octets.
    pub content: Vec<u8>,
}

/// The store of templates' pictures.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TemplateImages: Send + Sync {
    /// A template's pictures, by name.
    async fn images(&self, template: TemplateId) -> Result<Vec<TemplateImage>, StoreError>;

    /// Stores a picture; one with the same name is replaced.
    async fn put_image(&self, template: TemplateId, image: &TemplateImage) -> Result<(), StoreError>;

    /// Removes a picture; `false` when there was none.
    async fn remove_image(&self, template: TemplateId, name: &str) -> Result<bool, StoreError>;
}
