//! Tickets: the number, the parties, the status and the attributes that templates may name.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::locale::Locale;
use crate::person::{EmailAddress, Party};

/// Why a text is no ticket number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketNumberError {
    /// Nothing there.
    #[error("the ticket number is empty")]
    Empty,
    /// Longer than [`TicketNumber::MAX_CHARS`].
    #[error("the ticket number is longer than {} characters", TicketNumber::MAX_CHARS)]
    TooLong,
    /// It would break a subject line.
    #[error("the ticket number holds the control character {0:?}")]
    Control(char),
}

/// A ticket's public key: an opaque text, kept as given, unique without regard to case.
///
/// ```
/// use recado_domain::ticket::TicketNumber;
/// let number = TicketNumber::parse("INC-000123")?;
/// assert_eq!(number.as_str(), "INC-000123");
/// assert_eq!(number.folded(), TicketNumber::parse("inc-000123")?.folded());
/// assert_ne!(TicketNumber::parse("000123")?.folded(), TicketNumber::parse("123")?.folded());
/// # Ok::<(), recado_domain::ticket::TicketNumberError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct TicketNumber(String);

impl TicketNumber {
    /// Longest number, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Checks a number; it is kept to the letter.
    pub fn parse(text: &str) -> Result<Self, TicketNumberError> {
        if text.is_empty() {
            return Err(TicketNumberError::Empty);
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(TicketNumberError::Control(control));
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(TicketNumberError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The number as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which numbers are compared: lower case, nothing else changed.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TicketNumber {
    type Error = TicketNumberError;
    fn try_from(text: String) -> Result<Self, TicketNumberError> {
        Self::parse(&text)
    }
}

impl From<TicketNumber> for String {
    fn from(number: TicketNumber) -> Self {
        number.0
    }
}

/// A ticket's internal id, a UUIDv7; never shown, so that a renumbered ticket keeps its comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TicketId(pub Uuid);

/// Whether work on a ticket goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum TicketStatus {
    /// It does.
    Open,
    /// It does not.
    Closed,
}

impl TicketStatus {
    /// The name by which the status is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The inverse of [`TicketStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// How often a ticket was written; a write names the version that it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

/// A ticket, as another system keeps it in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Internal id.
    pub id: TicketId,
    /// Public key.
    pub number: TicketNumber,
    /// One line.
    pub title: String,
    /// Who asked.
    pub requester: Party,
    /// The technician who answers for it.
    pub responsible: Option<Party>,
    /// The group that answers for it while nobody does.
    pub group: Option<Party>,
    /// Open or closed.
    pub status: TicketStatus,
    /// The contract; later it decides the mail account.
    pub contract: Option<String>,
    /// The language of its mails' dates; unset, the template's.
    pub locale: Option<Locale>,
    /// They get every public comment.
    pub watchers: Vec<Party>,
    /// Values of the further ticket keys (`template::TicketKey`), by canonical name in upper case.
    pub attributes: BTreeMap<String, String>,
    /// For read-modify-write.
    pub version: Version,
    /// When it was first put.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// The ticket that this one goes on from: an answer came too long after that one was closed.
    pub follows: Option<TicketNumber>,
}

impl Ticket {
    /// Whether the address is the requester's, the responsible's or a watcher's.
    pub fn names(&self, email: &EmailAddress) -> bool {
        self.requester.email == *email
            || self
                .responsible
                .as_ref()
                .is_some_and(|party| party.email == *email)
            || self.watchers.iter().any(|party| party.email == *email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_text_or_with_a_control_character_is_refused() {
        assert_eq!(TicketNumber::parse(""), Err(TicketNumberError::Empty));
        assert_eq!(TicketNumber::parse("1\n2"), Err(TicketNumberError::Control('\n')));
        assert_eq!(
            TicketNumber::parse(&"9".repeat(201)),
            Err(TicketNumberError::TooLong)
        );
        assert_eq!(
            TicketNumber::parse(&"é".repeat(200))
                .unwrap()
                .as_str()
                .chars()
                .count(),
            200
        );
    }
}
