//! A mail that came in, as data, and the judgement of it: whose word it is, and where it belongs.
//!
//! Reading octets into an [`IncomingMail`] is the inbound adapter's, looking up the facts a use case's. The
//! judgement is here, without I/O: [`judge()`] holds the whole policy of what may stand in whose name.

mod authentication;
mod circumstances;
mod judge;
mod judgement;
mod shared_domains;
mod subject;

use jiff::Timestamp;

use crate::bounce::DeliveryReport;
use crate::comment::{AttachmentName, MediaType};
use crate::person::{EmailAddress, Party};
use crate::token::{MessageId, ReplyToken};

pub use authentication::{Authentication, AuthenticationResults, AuthenticationTrust, Method, MethodResult};
pub use circumstances::{Circumstances, OpenTickets, Policy, Proof, ProofPlace, SenderFacts};
pub use judge::judge;
pub use judgement::{Flag, Judgement, QuarantineReason, Reopening};
pub use subject::{bare_subject, is_answer, is_forward, ticket_tags};

/// Who a mail says it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// One address in one field, as RFC 5322 §3.6.2 has it for a mail without `Sender`.
    One(Party),
    /// No field, or none with an address that could be answered.
    Missing,
    /// More than one field or more than one address: programs show one and check another, so nobody is believed.
    Several,
}

impl From {
    /// The one author.
    pub fn party(&self) -> Option<&Party> {
        match self {
            Self::One(party) => Some(party),
            Self::Missing | Self::Several => None,
        }
    }
}

/// Why a mail is a program's and no person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutomaticSign {
    /// `Auto-Submitted` with anything but `no` (RFC 3834 §5), with its value.
    AutoSubmitted(String),
    /// The null envelope sender.
    NullSender,
    /// `Precedence: bulk`, `junk`, `list` or `auto_reply`, with its value.
    Precedence(String),
    /// A header that mailing lists or bulk mailers set (RFC 2369, RFC 2919), by name.
    MailingList(String),
    /// A vendor's header, by name.
    VendorHeader(String),
    /// A disposition notification (RFC 8098): the mail was read.
    ReadReceipt,
    /// An answer to an invitation (RFC 5546).
    CalendarAnswer,
    /// A mail program asks to take a mail back.
    Recall,
    /// A complaint about a mail (RFC 5965).
    AbuseReport,
}

impl AutomaticSign {
    /// What it is, for the desk.
    pub fn describe(&self) -> String {
        match self {
            Self::AutoSubmitted(value) => format!("Auto-Submitted: {value}"),
            Self::NullSender => "it has no return path".to_owned(),
            Self::Precedence(value) => format!("Precedence: {value}"),
            Self::MailingList(header) => format!("it comes from a mailing list ({header})"),
            Self::VendorHeader(header) => format!("a program wrote it ({header})"),
            Self::ReadReceipt => "it is a read receipt".to_owned(),
            Self::CalendarAnswer => "it is an answer to an invitation".to_owned(),
            Self::Recall => "it asks to take a mail back".to_owned(),
            Self::AbuseReport => "it is an abuse report".to_owned(),
        }
    }

    /// Whether a listed sender (monitoring) may open a ticket with such a mail: it tells something new, where the
    /// others are echoes of a mail.
    pub fn may_open_tickets(&self) -> bool {
        match self {
            Self::AutoSubmitted(value) => !value.to_ascii_lowercase().starts_with("auto-replied"),
            Self::NullSender | Self::Precedence(_) | Self::MailingList(_) | Self::VendorHeader(_) => true,
            Self::ReadReceipt | Self::CalendarAnswer | Self::Recall | Self::AbuseReport => false,
        }
    }
}

/// A file in a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct IncomingAttachment {
    /// Safe for a header and a disk.
    pub name: AttachmentName,
    /// Its media type.
    pub content_type: MediaType,
    /// Its octets, decoded.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for IncomingAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "IncomingAttachment({:?}, {} octets)",
            self.name.as_str(),
            self.content.len()
        )
    }
}

/// What the desk should know of how a mail was read; none of it loses anything, for the raw mail is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Parts are nested deeper, or are more, than is read.
    StructureCut,
    /// The text is longer than a comment may be; the whole of it is attached as a file.
    TextCut,
    /// Files were left out: more, or larger, than a comment may have.
    AttachmentsLeftOut(usize),
    /// An encrypted or signed mail that cannot be opened is attached as it is.
    Opaque,
    /// Octets that are no text in the charset that the mail names.
    Undecodable,
}

impl Remark {
    /// What it says, for the desk.
    pub fn describe(&self) -> String {
        match self {
            Self::StructureCut => {
                "its parts are too many or nested too deep, and not all were read".to_owned()
            }
            Self::TextCut => "its text is too long for a comment; the whole of it is attached".to_owned(),
            Self::AttachmentsLeftOut(1) => "a file was left out, which the stored mail holds".to_owned(),
            Self::AttachmentsLeftOut(files) => {
                format!("{files} files were left out, which the stored mail holds")
            }
            Self::Opaque => "it is encrypted or signed as a whole, and attached as it is".to_owned(),
            Self::Undecodable => "parts of its text are not in the charset that it names".to_owned(),
        }
    }
}

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingMail {
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// Who it is from.
    pub from: From,
    /// `Sender`, when there is one with an address.
    pub sender: Option<Party>,
    /// `From`, `To` and `Subject` as they read.
    pub shown: Shown,
    /// Every address that the mail was sent to or came through: the envelope recipient, then those in `To`, `Cc`,
    /// `Delivered-To`, `X-Original-To` and `Envelope-To`.
    pub recipients: Vec<EmailAddress>,
    /// `Date`.
    pub date: Option<Timestamp>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<MessageId>,
    /// `References`.
    pub references: Vec<MessageId>,
    /// The tokens of our reference lines, found anywhere in the text.
    pub reference_tokens: Vec<ReplyToken>,
    /// Every `Authentication-Results` (RFC 8601), topmost first.
    pub authentication: Vec<AuthenticationResults>,
    /// `X-MS-Exchange-Organization-AuthAs: Internal`: an Exchange organisation says that it is a mail of its own.
    pub exchange: Option<ExchangeOrigin>,
    /// The first sign that a program wrote it.
    pub automatic: Option<AutomaticSign>,
    /// A report about a mail of ours.
    pub report: Option<DeliveryReport>,
    /// What the person wrote.
    pub text: String,
    /// What was set aside: quoted mails, signatures.
    pub quoted: Option<String>,
    /// What the person wrote as HTML, made harmless; when the mail had any.
    pub html: Option<String>,
    /// Its files, inline images too.
    pub attachments: Vec<IncomingAttachment>,
    /// What the desk should know.
    pub remarks: Vec<Remark>,
}

/// What a list of mails shows: decoded, line breaks and NUL turned into spaces, at most 1,000 characters each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// `From`.
    pub from: String,
    /// `To`.
    pub to: String,
    /// `Subject`.
    pub subject: String,
}

/// Where an Exchange organisation says that a mail came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeOrigin {
    /// `AuthAs: Internal`.
    Internal,
    /// Anything else.
    External,
}
