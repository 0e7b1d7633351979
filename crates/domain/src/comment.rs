//! Comments: a text that somebody wrote on a ticket, with its visibility, origin and attachments.

use jiff::Timestamp;
use uuid::Uuid;

use crate::person::Party;
use crate::ticket::TicketId;

/// A comment's id, a UUIDv7: in the order of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CommentId(pub Uuid);

/// An attachment's id, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AttachmentId(pub Uuid);

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The name by which it is stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The inverse of `as_str`.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

named! {
    /// Who may read a comment.
    Visibility {
        /// Everybody on the ticket.
        Public = "public",
        /// The desk alone.
        Internal = "internal",
    }
}

named! {
    /// Which of the portal's two icons a comment came through; it chooses the template
    /// (417 for messages; 253 and 251 for notes, where they are set).
    Kind {
        /// A message of the messaging service.
        Message = "message",
        /// A note on the request.
        Note = "note",
    }
}

named! {
    /// Where a comment was written.
    Origin {
        /// By another system or a script.
        Api = "api",
        /// By the requester in the portal.
        Portal = "portal",
        /// By a technician at the desk.
        Desk = "desk",
        /// By answering a mail.
        Mail = "mail",
    }
}

/// A file that came with a comment; its bytes are stored once per content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its own id.
    pub id: AttachmentId,
    /// The file's name, without folders.
    pub name: AttachmentName,
    /// Its media type as given, `application/octet-stream` when it was not a media type.
    pub content_type: MediaType,
    /// Octets.
    pub size: u64,
    /// SHA-256 of the octets, in lower-case hexadecimal.
    pub sha256: String,
}

/// Why a comment cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommentError {
    /// Neither text nor attachment.
    #[error("the comment is empty: give it a text or an attachment")]
    Empty,
    /// PostgreSQL keeps no NUL, and no mail shows one.
    #[error("the text holds a NUL character")]
    Nul,
}

/// A comment's text, kept to the letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommentText(String);

impl CommentText {
    /// Checks a text. It may be empty where an attachment stands beside it, which the caller says by
    /// `attachments`, the number of files.
    pub fn parse(text: &str, attachments: usize) -> Result<Self, CommentError> {
        if text.contains('\0') {
            return Err(CommentError::Nul);
        }
        if text.trim().is_empty() && attachments == 0 {
            return Err(CommentError::Empty);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A comment on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id; its order within the ticket too.
    pub id: CommentId,
    /// The ticket.
    pub ticket: TicketId,
    /// Who wrote it, by the name they had then.
    pub author: Party,
    /// What they wrote.
    pub text: CommentText,
    /// Who may read it.
    pub visibility: Visibility,
    /// Message or note.
    pub kind: Kind,
    /// Where it was written.
    pub origin: Origin,
    /// What was set aside from a mailed text.
    pub quoted: Option<String>,
    /// What was mailed as HTML, made harmless; `text` says the same without it.
    pub html: Option<String>,
    /// The files with it.
    pub attachments: Vec<Attachment>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A file name that is safe in a header and on a disk.
///
/// Folders are dropped, control characters and quotes become `_`, and an empty name becomes `attachment`.
///
/// ```
/// use recado_domain::comment::AttachmentName;
/// assert_eq!(AttachmentName::clean("../../etc/passwd").as_str(), "passwd");
/// assert_eq!(AttachmentName::clean("a\r\nb.txt").as_str(), "a__b.txt");
/// assert_eq!(AttachmentName::clean("").as_str(), "attachment");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttachmentName(String);

impl AttachmentName {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 150;

    /// Makes a safe name out of any text.
    pub fn clean(text: &str) -> Self {
        let base = text.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        let safe: String = base
            .chars()
            .map(|c| {
                if c.is_control() || matches!(c, '"' | '\u{2028}' | '\u{2029}') {
                    '_'
                } else {
                    c
                }
            })
            .take(Self::MAX_CHARS)
            .collect();
        match safe.as_str() {
            "" | "." | ".." => Self("attachment".to_owned()),
            _ => Self(safe),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A media type `type/subtype` in lower case, without parameters (RFC 6838 §4.2).
///
/// ```
/// use recado_domain::comment::MediaType;
/// assert_eq!(MediaType::parse_or_octets("Image/PNG; x=1").as_str(), "image/png");
/// assert_eq!(MediaType::parse_or_octets("no such thing").as_str(), "application/octet-stream");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaType(String);

impl MediaType {
    /// Reads a media type; whatever is none becomes `application/octet-stream`, which every program saves.
    pub fn parse_or_octets(text: &str) -> Self {
        let essence = text
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let token = |part: &str| {
            !part.is_empty()
                && part.len() <= 127
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        match essence.split_once('/') {
            // A message or multipart that is not one would be taken apart by the receiver's mail program.
            Some((kind, subtype))
                if token(kind) && token(subtype) && !matches!(kind, "multipart" | "message") =>
            {
                Self(essence)
            }
            _ => Self("application/octet-stream".to_owned()),
        }
    }

    /// `type/subtype`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_needs_a_text_or_an_attachment() {
        assert_eq!(CommentText::parse(" \n", 0), Err(CommentError::Empty));
        assert_eq!(CommentText::parse("", 1).unwrap().as_str(), "");
        assert_eq!(CommentText::parse("a\0", 0), Err(CommentError::Nul));
        assert_eq!(CommentText::parse(" a\n", 0).unwrap().as_str(), " a\n");
    }

    #[test]
    fn a_structured_media_type_is_never_taken_over() {
        for text in ["multipart/mixed", "message/rfc822"] {
            assert_eq!(
                MediaType::parse_or_octets(text).as_str(),
                "application/octet-stream"
            );
        }
    }
}
