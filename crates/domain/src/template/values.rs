//! What a message puts in the place of a template's keys.

use std::collections::BTreeMap;

use super::key::{Key, TicketKey};
use super::link::SignedLink;

/// The values of one message, as they are: nothing in them is escaped yet.
///
/// ```
/// use recado_domain::template::{TemplateKey, TemplateValues, TicketKey};
/// let values = TemplateValues::new()
///     .with(TemplateKey::TicketNumber, "4711")
///     .with_attributes([("Prioridade", "alta"), ("FAVOURITECOLOUR", "blue")]);
/// assert_eq!(values.get(TemplateKey::TicketNumber), Some("4711"));
/// assert_eq!(values.get(TicketKey::parse("PRIORITY").unwrap()), Some("alta"));
/// assert_eq!(values.get(TemplateKey::CommentText), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateValues {
    values: BTreeMap<Key, String>,
    links: BTreeMap<SignedLink, String>,
}

impl TemplateValues {
    /// No value at all; every key will be empty, with a warning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a key its value; the last one given counts.
    #[must_use]
    pub fn with(mut self, key: impl Into<Key>, value: impl Into<String>) -> Self {
        self.values.insert(key.into(), value.into());
        self
    }

    /// Takes a ticket's attributes over, by any of their names; those that no key names are left out.
    #[must_use]
    pub fn with_attributes<N: AsRef<str>, V: Into<String>>(
        mut self,
        attributes: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in attributes {
            if let Some(key) = TicketKey::parse(name.as_ref()) {
                self.values.insert(key.into(), value.into());
            }
        }
        self
    }

    /// Gives a signed link its URL. Which links a template needs, [`super::TemplateSource::links`] tells.
    #[must_use]
    pub fn with_link(mut self, link: SignedLink, url: impl Into<String>) -> Self {
        self.links.insert(link, url.into());
        self
    }

    /// A key's value.
    pub fn get(&self, key: impl Into<Key>) -> Option<&str> {
        self.values.get(&key.into()).map(String::as_str)
    }

    /// A signed link's URL.
    pub fn link(&self, link: SignedLink) -> Option<&str> {
        self.links.get(&link).map(String::as_str)
    }
}
