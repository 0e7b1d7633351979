//! A template as an administrator keeps it: numbered, named, active or not.

use std::fmt;

use jiff::Timestamp;

use super::Template;
use crate::locale::Locale;

/// A text or number that is no template's ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template ID {0:?} is no whole number from 1 to {max}", max = i64::MAX)]
pub struct InvalidTemplateId(pub String);

/// A template's ID number, which parameters 417, 253 and 251 hold.
///
/// ```
/// use recado_domain::template::TemplateId;
/// assert_eq!(TemplateId::parse("98")?.get(), 98);
/// assert!(TemplateId::parse("0").is_err());
/// # Ok::<(), recado_domain::template::InvalidTemplateId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "i64", into = "i64"))]
pub struct TemplateId(i64);

impl TemplateId {
    /// Takes a number from 1 upwards.
    pub fn new(number: i64) -> Result<Self, InvalidTemplateId> {
        if number < 1 {
            return Err(InvalidTemplateId(number.to_string()));
        }
        Ok(Self(number))
    }

    /// Reads decimal digits, blanks around them aside.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplateId> {
        let digits = text.trim();
        if digits.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Err(InvalidTemplateId(text.to_owned()));
        }
        let number = digits.parse().map_err(|_| InvalidTemplateId(text.to_owned()))?;
        Self::new(number)
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for TemplateId {
    type Error = InvalidTemplateId;
    fn try_from(number: i64) -> Result<Self, InvalidTemplateId> {
        Self::new(number)
    }
}

impl From<TemplateId> for i64 {
    fn from(id: TemplateId) -> Self {
        id.0
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a template was written, from 1; with its ID it names one immutable text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TemplateVersion(pub i64);

/// Whether a template may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Situation {
    /// It may.
    Active,
    /// It is kept, and not used.
    Inactive,
}

/// A template with what the database keeps beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Its number.
    pub id: TemplateId,
    /// Changes with every write.
    pub version: TemplateVersion,
    /// For people.
    pub name: String,
    /// The subject's source.
    pub subject: String,
    /// The HTML body's source.
    pub html: String,
    /// The text body's source; unset, the text is derived from the HTML.
    pub text: Option<String>,
    /// Active or not.
    pub situation: Situation,
    /// The language of its dates, for tickets that have none of their own.
    pub locale: Option<Locale>,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl StoredTemplate {
    /// The sources, for checking and rendering.
    pub fn source(&self) -> Template<'_> {
        Template {
            subject: &self.subject,
            html: &self.html,
            text: self.text.as_deref(),
        }
    }
}
