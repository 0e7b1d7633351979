//! The ledger of incoming mail: every mail that came in, kept before anything is decided, and the one outcome that it
//! got.
//!
//! What a mail says is [`crate::incoming`]'s; what becomes of it is decided there too.

use jiff::Timestamp;
use uuid::Uuid;

use crate::comment::CommentId;
use crate::outbox::DeliveryId;
use crate::person::EmailAddress;
use crate::ticket::TicketId;

/// The id of a mail that came in, a UUIDv7: in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MailId(pub Uuid);

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

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
    /// The way in.
    Via {
        /// Read from a mailbox.
        Imap = "imap",
        /// Handed over by a mail server (RFC 2033).
        Lmtp = "lmtp",
        /// Read from standard input by `recado receive`.
        Pipe = "pipe",
    }
}

named! {
    /// What became of a mail; exactly one of these, once it is judged.
    Outcome {
        /// It is a comment on a ticket.
        Attached = "attached",
        /// It opened a ticket, whose first comment it is.
        Opened = "opened",
        /// A program wrote it: kept, never delivered on.
        Automatic = "automatic",
        /// A report about a mail of ours that did not arrive.
        Bounce = "bounce",
        /// It waits for the desk to say whether it may stand in anybody's name.
        Quarantined = "quarantined",
        /// The same mail came before, and has its outcome.
        Duplicate = "duplicate",
        /// The desk turned it down.
        Refused = "refused",
        /// It could not be read or stored; it can be replayed when the fault is mended.
        Failed = "failed",
    }
}

impl Outcome {
    /// Whether the desk may still accept the mail, in the sender's own name. One that was taken for a program's may be
    /// a person's after all: some lists and servers mark every mail.
    pub fn can_be_released(self) -> bool {
        matches!(self, Self::Quarantined | Self::Refused | Self::Automatic)
    }

    /// Whether the desk may turn the mail down.
    pub fn can_be_refused(self) -> bool {
        matches!(self, Self::Quarantined)
    }

    /// Whether the mail may be judged anew, as if it had just come. What stands on a ticket never may: it would stand
    /// there twice.
    pub fn can_be_replayed(self) -> bool {
        matches!(self, Self::Quarantined | Self::Failed)
    }

    /// Whether a second copy of such a mail says nothing new.
    pub fn makes_copies_duplicates(self) -> bool {
        matches!(
            self,
            Self::Attached | Self::Opened | Self::Automatic | Self::Bounce
        )
    }
}

/// What a report said about a mail of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceNote {
    /// The address that the report is about, as it stands there.
    pub recipient: Option<String>,
    /// The enhanced status code, `5.1.1`.
    pub status: Option<String>,
    /// What the other server said.
    pub diagnostic: Option<String>,
    /// Whether it is for good.
    pub permanent: bool,
    /// The mail of ours that it provably is about; none when nothing in the report proves one.
    pub delivery: Option<DeliveryId>,
}

/// A mail in the ledger, without its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its id.
    pub id: MailId,
    /// When it was stored.
    pub received_at: Timestamp,
    /// The way in.
    pub via: Via,
    /// Envelope sender; `None` where the way in knows none, an empty text for the null sender `<>`.
    pub envelope_from: Option<String>,
    /// Envelope recipient, where the way in knows one.
    pub envelope_to: Option<EmailAddress>,
    /// `From`, as it reads; empty when there is none.
    pub from: String,
    /// `To`, as it reads.
    pub to: String,
    /// `Subject`, decoded.
    pub subject: String,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<String>,
    /// Octets of the mail.
    pub size: u64,
    /// What became of it; `None` for the moment between storing and judging.
    pub outcome: Option<Outcome>,
    /// Why, in a sentence for the desk.
    pub reason: Option<String>,
    /// The ticket that it stands on, opened, or would belong to.
    pub ticket: Option<TicketId>,
    /// The comment that it became.
    pub comment: Option<CommentId>,
    /// For a bounce.
    pub bounce: Option<BounceNote>,
    /// For a quarantined mail: the person whose token it bears. Accepting it remembers the sender as one who may
    /// answer for them.
    pub person: Option<EmailAddress>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_what_they_were() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(*outcome));
        }
        for via in Via::ALL {
            assert_eq!(Via::parse(via.as_str()), Some(*via));
        }
    }

    #[test]
    fn what_stands_on_a_ticket_is_neither_released_nor_replayed() {
        for outcome in [Outcome::Attached, Outcome::Opened] {
            assert!(!outcome.can_be_released() && !outcome.can_be_replayed() && !outcome.can_be_refused());
        }
    }
}
