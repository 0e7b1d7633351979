//! People: addresses, names, roles, accounts and groups. Who may see what is `audience`'s.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Why a text is no e-mail address that mail can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// More octets than a path may have (RFC 5321 §4.5.3.1.3, less the angle brackets).
    #[error("the address is longer than {} octets", EmailAddress::MAX_OCTETS)]
    TooLong,
    /// No `@`, or nothing on one side of it.
    #[error("`{0}` is not of the form name@domain")]
    NotAnAddress(String),
    /// A character that would end the address or begin another one in a header or an envelope.
    #[error("`{address}` holds {character:?}, which an address cannot hold")]
    BadCharacter {
        /// The text as given, its control characters escaped when shown.
        address: String,
        /// The first offender.
        character: char,
    },
}

/// An e-mail address (RFC 5321 `Mailbox` in dot-string form; UTF-8 as RFC 6531 allows), in lower case.
///
/// Addresses compare in lower case, the local part too: no service desk has two people whose addresses differ
/// in case alone. Quoted local parts, comments and address literals with white space are refused.
///
/// ```
/// use recado_domain::person::EmailAddress;
/// let address: EmailAddress = "Ana.Pena@Example.ORG".parse()?;
/// assert_eq!(address.as_str(), "ana.pena@example.org");
/// assert_eq!(address.domain(), "example.org");
/// assert!("ana@example.org, victim@example.net".parse::<EmailAddress>().is_err());
/// # Ok::<(), recado_domain::person::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct EmailAddress(String);

impl EmailAddress {
    /// RFC 5321 §4.5.3.1.3 gives a path 256 octets, two of them the angle brackets.
    pub const MAX_OCTETS: usize = 254;

    /// Parses and lower-cases an address; white space around it is dropped.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > Self::MAX_OCTETS {
            return Err(AddressError::TooLong);
        }
        let forbidden = |c: char| c.is_control() || c.is_whitespace() || "<>()[]\\,;:\"".contains(c);
        if let Some(character) = text.chars().find(|&c| forbidden(c)) {
            return Err(AddressError::BadCharacter {
                address: text.to_owned(),
                character,
            });
        }
        let not_an_address = || AddressError::NotAnAddress(text.to_owned());
        let (local, domain) = text.split_once('@').ok_or_else(not_an_address)?;
        let dotted = |part: &str| !part.is_empty() && part.split('.').all(|label| !label.is_empty());
        if !dotted(local) || !dotted(domain) || domain.contains('@') || local.len() > 64 {
            return Err(not_an_address());
        }
        let lower = text.to_lowercase();
        if lower.len() > Self::MAX_OCTETS {
            return Err(AddressError::TooLong);
        }
        Ok(Self(lower))
    }

    /// The whole address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// For logs: the first letter of the local part and the domain, `a…@example.org`.
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('?');
        format!("{first}…@{}", self.domain())
    }
}

/// A text of somebody else's, such as a server's answer, for logs: the addresses in it masked as
/// [`EmailAddress::masked`] does.
///
/// ```
/// use recado_domain::person::mask_addresses;
/// assert_eq!(
///     mask_addresses("550 5.1.1 <ana@example.org>: unknown, see postmaster@example.org"),
///     "550 5.1.1 <a…@example.org>: unknown, see p…@example.org"
/// );
/// ```
pub fn mask_addresses(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for piece in text.split_inclusive('@') {
        let Some(before) = piece.strip_suffix('@') else {
            masked.push_str(piece);
            continue;
        };
        let ends = |c: char| c.is_whitespace() || "<>()[],;:\"'".contains(c);
        let local = before.rsplit(ends).next().unwrap_or_default();
        masked.push_str(&before[..before.len() - local.len()]);
        if let Some(first) = local.chars().next() {
            masked.push(first);
            masked.push('…');
        }
        masked.push('@');
    }
    masked
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A line break would let a name begin a header of its own (RFC 5322 §2.2).
    #[error("the name holds a line break")]
    LineBreak,
    /// Control characters have no place in a header, and PostgreSQL keeps no NUL.
    #[error("the name holds the control character {0:?}")]
    Control(char),
    /// Longer than [`PersonName::MAX_CHARS`].
    #[error("the name is longer than {} characters", PersonName::MAX_CHARS)]
    TooLong,
}

/// A person's or group's name, kept as it was given; it may be empty.
///
/// ```
/// use recado_domain::person::{NameError, PersonName};
/// assert_eq!(PersonName::parse("Peña, Ana")?.as_str(), "Peña, Ana");
/// assert_eq!(PersonName::parse("x\r\nBcc: y@example.net"), Err(NameError::LineBreak));
/// # Ok::<(), NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct PersonName(String);

impl PersonName {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Checks a name; it is kept to the letter.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let line_break = |c| {
            matches!(
                c,
                '\r' | '\n' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
        };
        if text.contains(line_break) {
            return Err(NameError::LineBreak);
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(NameError::Control(control));
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PersonName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

/// A name and an address, as one ticket or comment gives them. The same address may bear another name elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Party {
    /// As given on that ticket or comment.
    pub name: PersonName,
    /// The key by which people are known.
    pub email: EmailAddress,
}

impl Party {
    /// Parses both halves.
    pub fn parse(name: &str, email: &str) -> Result<Self, PartyError> {
        Ok(Self {
            name: PersonName::parse(name)?,
            email: EmailAddress::parse(email)?,
        })
    }
}

/// Which half of a [`Party`] is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartyError {
    /// The name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The address.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// What an account may do. The order is that of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Role {
    /// Writes on tickets that are theirs.
    Requester,
    /// Works at the desk: sees its tickets, internal comments and deliveries.
    Technician,
    /// Sees and changes everything; the role of other systems' tokens.
    Administrator,
}

impl Role {
    /// The name by which the role is stored and given on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Technician => "technician",
            Self::Administrator => "administrator",
        }
    }

    /// The inverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Requester, Self::Technician, Self::Administrator]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// The id of an account, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserId(pub Uuid);

/// Whether an account may sign in and use its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not; its history stays.
    Disabled,
}

/// An account, keyed by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Made once, by the ids port.
    pub id: UserId,
    /// The account's own name and address.
    pub party: Party,
    /// What it may do.
    pub role: Role,
    /// Whether it may do anything.
    pub standing: Standing,
}

/// Several people behind one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group's name, and the address that its mail goes to.
    pub party: Party,
    /// Whoever belongs to it sees its tickets.
    pub members: Vec<EmailAddress>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_header_syntax_in_it_is_refused() {
        for text in [
            "x, victim@y.example",
            "a@b.example\r\nBcc: c@d.example",
            "<a@b.example>",
            "a b@c.example",
            "\"a\"@b.example",
        ] {
            assert!(
                matches!(EmailAddress::parse(text), Err(AddressError::BadCharacter { .. })),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_address_without_two_sides_is_refused() {
        for text in [
            "a",
            "@b.example",
            "a@",
            "a@@b.example",
            "a@b@c.example",
            ".a@b.example",
            "a@b..example",
        ] {
            assert!(
                matches!(EmailAddress::parse(text), Err(AddressError::NotAnAddress(_))),
                "{text:?}"
            );
        }
        assert_eq!(EmailAddress::parse("  "), Err(AddressError::Empty));
        assert_eq!(
            EmailAddress::parse(&format!("a@{}.example", "b".repeat(300))),
            Err(AddressError::TooLong)
        );
    }

    #[test]
    fn a_masked_address_shows_one_letter_and_the_domain() {
        assert_eq!(
            EmailAddress::parse("ana@example.org").unwrap().masked(),
            "a…@example.org"
        );
    }

    #[test]
    fn a_text_without_addresses_stays_as_it_is() {
        for text in ["", "@", "a @ b", "connection refused", "número 5"] {
            assert_eq!(mask_addresses(text), text);
        }
        assert_eq!(mask_addresses("ñandú@x ana@b@c"), "ñ…@x a…@b…@c");
    }

    #[test]
    fn every_character_that_breaks_a_line_is_refused_in_a_name() {
        for c in ['\r', '\n', '\u{85}', '\u{2028}'] {
            assert_eq!(PersonName::parse(&format!("a{c}b")), Err(NameError::LineBreak));
        }
        assert_eq!(PersonName::parse("a\0b"), Err(NameError::Control('\0')));
    }
}
