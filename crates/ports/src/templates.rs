//! Templates by number.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::locale::Locale;
use recado_domain::parameter::TemplateId;
use recado_domain::ticket::Version;

use crate::store::StoreError;

/// Whether a template may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// It may.
    Active,
    /// It may not: a parameter that points at it counts as unset.
    Inactive,
}

/// A stored template. Its source was checked when it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Its number.
    pub id: TemplateId,
    /// Grows with each write; with the number it names a compiled form.
    pub version: Version,
    /// For people.
    pub name: String,
    /// Subject, with keys.
    pub subject: String,
    /// HTML body, with keys.
    pub html: String,
    /// Text body, with keys; derived from the HTML when absent.
    pub text: Option<String>,
    /// Active or not.
    pub situation: Situation,
    /// The language of dates where the ticket names none.
    pub locale: Option<Locale>,
    /// When it was last written.
    pub updated_at: Timestamp,
}

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
