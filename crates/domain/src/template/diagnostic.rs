//! What is wrong with a template, said to the administrator who wrote it.

use std::fmt;
use std::ops::Range;

use super::key::Key;
use super::link::SignedLink;
use super::source::{Fault, Span};

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Severity {
    /// The template can be saved and used.
    Warning,
    /// The template must not be saved.
    Error,
}

/// A part of a template, and of the mail that comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Field {
    /// The subject line.
    Subject,
    /// The HTML body.
    Html,
    /// The plain text body.
    Text,
}

impl Field {
    /// The field's name in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What a diagnostic is about, for callers that word it themselves, in another language say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
        pub enum Code { $($(#[$doc])* $variant),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

codes! {
    /// [`Fault::UnknownKey`].
    UnknownKey = "unknown-key",
    /// [`Fault::StraySpace`].
    StraySpace = "stray-space",
    /// [`Fault::Unclosed`] with a name.
    UnclosedKey = "unclosed-key",
    /// [`Fault::Unclosed`] without one.
    UnclosedBrace = "unclosed-brace",
    /// [`Fault::Empty`].
    EmptyKey = "empty-key",
    /// [`Fault::MissingDollar`].
    MissingDollar = "missing-dollar",
    /// [`Fault::MalformedLink`].
    MalformedLink = "malformed-link",
    /// A key of the messaging service that had no value.
    NoValue = "no-value",
    /// A key whose attribute the ticket has not.
    NoAttribute = "no-attribute",
    /// A signed link that could not be made.
    NoLink = "no-link",
    /// A field longer than [`Template::MAX_SOURCE_BYTES`](super::Template::MAX_SOURCE_BYTES).
    TooLong = "too-long",
    /// A field without anything in it.
    EmptyField = "empty-field",
    /// The comment's text stands nowhere.
    NoComment = "no-comment",
    /// A value would stand in a tag, outside quotes.
    Unquoted = "unquoted",
    /// A value would stand in a style or script element.
    RawElement = "raw-element",
    /// A picture that the HTML names and the template has not.
    NoPicture = "no-picture",
    /// There are more diagnostics than are listed.
    NotListed = "not-listed",
}

/// One thing to tell the administrator, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub code: Code,
    /// The part of the template.
    pub field: Field,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes of the field, for an editor to mark.
    pub range: Range<usize>,
    /// The name of the key in question, as written, without `${` and `}`.
    pub key: Option<String>,
    /// What is wrong: one line, without a period.
    pub message: String,
    /// What to write in that place instead.
    pub suggestion: Option<String>,
}

/// `html:3:14: error: …`, the way compilers do.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(
            f,
            "{}:{}:{}: {severity}: {}",
            self.field, self.line, self.column, self.message
        )?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; write {suggestion}"),
            None => Ok(()),
        }
    }
}

/// What stands in a template for a value, and had none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// A key.
    Key(Key),
    /// A signed link.
    Link(SignedLink),
}

impl Diagnostic {
    /// The warning that a mail left with nothing in a key's or a link's place.
    pub fn missing_value(field: Field, span: &Span, placeholder: Placeholder) -> Self {
        let (code, key, message) = match placeholder {
            Placeholder::Key(Key::Message(key)) => (
                Code::NoValue,
                Some(key.name()),
                format!("{} has no value for this message", Key::from(key)),
            ),
            Placeholder::Key(Key::Ticket(key)) => (
                Code::NoAttribute,
                Some(key.name()),
                format!("the ticket has no attribute {}", key.name()),
            ),
            Placeholder::Link(_) => (Code::NoLink, None, "the signed link could not be made".to_owned()),
        };
        Self::at(
            (Severity::Warning, code),
            field,
            span,
            key.map(str::to_owned),
            message,
            None,
        )
    }

    /// What a fault means to the administrator.
    pub fn of_fault(field: Field, span: &Span, fault: &Fault) -> Self {
        Self::worded(field, span, fault, Key::nearest_name)
    }

    pub(super) fn worded(
        field: Field,
        span: &Span,
        fault: &Fault,
        nearest: impl Fn(&str) -> Option<&'static str>,
    ) -> Self {
        let meant = |name: &str| {
            let known = if Key::parse(name).is_some() {
                Some(name)
            } else {
                nearest(name)
            };
            known.map(|known| format!("${{{known}}}"))
        };
        let mut severity = Severity::Error;
        let (code, key, message, suggestion) = match fault {
            Fault::UnknownKey { name } => {
                let message = format!("there is no key named {name:?}");
                (Code::UnknownKey, Some(name), message, meant(name))
            }
            Fault::StraySpace { name } => (
                Code::StraySpace,
                Some(name),
                format!("the key {name:?} is written with a space, and would not be filled in"),
                meant(name),
            ),
            Fault::Unclosed { name } if name.is_empty() => {
                let message = "`${` has no closing brace".to_owned();
                (Code::UnclosedBrace, None, message, None)
            }
            Fault::Unclosed { name } => (
                Code::UnclosedKey,
                Some(name),
                format!("the key {name:?} has no closing brace"),
                meant(name),
            ),
            Fault::Empty => (Code::EmptyKey, None, "`${}` names no key".to_owned(), None),
            Fault::MissingDollar { name } => {
                severity = Severity::Warning;
                (
                    Code::MissingDollar,
                    Some(name),
                    format!("the key {name:?} has no dollar sign, and stays as written"),
                    meant(name),
                )
            }
            Fault::MalformedLink => (
                Code::MalformedLink,
                None,
                "`{TOKEN(` does not begin a link to the ticket".to_owned(),
                Some(SignedLink::EXAMPLE.to_owned()),
            ),
        };
        Self::at((severity, code), field, span, key.cloned(), message, suggestion)
    }

    pub(super) fn at(
        (severity, code): (Severity, Code),
        field: Field,
        span: &Span,
        key: Option<String>,
        message: String,
        suggestion: Option<String>,
    ) -> Self {
        let Span { bytes, line, column } = span.clone();
        Self {
            severity,
            code,
            field,
            line,
            column,
            range: bytes,
            key,
            message,
            suggestion,
        }
    }

    pub(super) fn of_field(kind: (Severity, Code), field: Field, message: impl Into<String>) -> Self {
        Self::at(
            kind,
            field,
            &Span {
                bytes: 0..0,
                line: 1,
                column: 1,
            },
            None,
            message.into(),
            None,
        )
    }
}
