//! Composing mails and handing them to a mail server.
#![cfg_attr(
    feature = "mocks",
    expect(
        clippy::ref_option_ref,
        reason = "mocks keep the arguments of a call by reference"
    )
)]

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::{ChannelFault, OutgoingAccount};
use recado_domain::person::EmailAddress;
use recado_domain::reply::{Reply, Stage};
use recado_domain::token::MessageId;

use crate::store::Cause;

/// An address with the name that it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Shown as typed, whatever it holds.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

/// A file that goes with a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct DraftAttachment {
    /// Its file name.
    pub name: String,
    /// `type/subtype`.
    pub content_type: String,
    /// Its octets.
    pub content: Vec<u8>,
}

impl fmt::Debug for DraftAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DraftAttachment({:?}, {} octets)",
            self.name,
            self.content.len()
        )
    }
}

/// A picture that the HTML part shows: it names it as `cid:NAME`.
#[derive(Clone, PartialEq, Eq)]
pub struct InlineImage {
    /// Letters, digits, `-`, `_` and `.`; unique within the mail.
    pub name: String,
    /// `image/png` and the like.
    pub content_type: String,
    /// Its octets.
    pub content: Vec<u8>,
}

impl fmt::Debug for InlineImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InlineImage({:?}, {} octets)", self.name, self.content.len())
    }
}

/// Whether a person or a program wrote a mail (RFC 3834 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automatic {
    /// A person did: no `Auto-Submitted` header, since programs look for its mere presence.
    No,
    /// `auto-generated`.
    Generated,
    /// `auto-replied`.
    Replied,
}

/// A mail before it is composed. Texts hold what a person shall read; the composer encodes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDraft {
    /// `From`.
    pub from: Mailbox,
    /// `To`.
    pub to: Mailbox,
    /// `Reply-To`.
    pub reply_to: Option<Mailbox>,
    /// `Subject`; line breaks in it become spaces.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
    /// Pictures beside the HTML. Its `cid:NAME` becomes the Content-ID that the part bears (RFC 2392); a mail without
    /// HTML goes without them.
    pub images: Vec<InlineImage>,
    /// Files around them.
    pub attachments: Vec<DraftAttachment>,
    /// `Message-ID`; boundaries derive from it, so the same draft gives the same octets.
    pub message_id: MessageId,
    /// `Date`.
    pub date: Timestamp,
    /// `References`, oldest first.
    pub references: Vec<MessageId>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<MessageId>,
    /// `Auto-Submitted`.
    pub automatic: Automatic,
}

/// Why a draft could not be composed.
#[derive(Debug, thiserror::Error)]
#[error("the mail to {recipient} cannot be composed")]
pub struct ComposeError {
    /// Masked.
    pub recipient: String,
    /// What is wrong with it.
    #[source]
    pub source: Cause,
}

/// Makes finished RFC 5322 octets, lines ended by CRLF, 7-bit on the wire. Pure.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Composer: Send + Sync {
    /// The octets that every attempt sends.
    fn compose(&self, draft: &MailDraft) -> Result<Vec<u8>, ComposeError>;
}

/// Who a mail goes to, on the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Return path.
    pub from: EmailAddress,
    /// The one recipient.
    pub to: EmailAddress,
    /// Octets of the message, for `SIZE`.
    pub size: u64,
    /// Its Message-ID; the file transport names the file by it, and a server that offers DSN gets its first part as
    /// envelope id.
    pub message_id: MessageId,
    /// What a server that offers DSN shall report.
    pub reports: Reports,
}

/// What a server shall report about a mail (RFC 3461 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reports {
    /// That it failed or is late. For an installation that reads no mail: a report of success would go to people.
    #[default]
    Failure,
    /// That it arrived, too.
    All,
}

/// What became of an attempt that did not succeed; each variant asks something else of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The account's or server's fault: charge no mail, tell the breaker, hold the channel where it says so.
    #[error("{0}")]
    Channel(ChannelFault),
    /// The server asks to slow down: charge no mail.
    #[error("the server asks to slow down: {0}")]
    Throttled(Reply),
    /// The recipient is refused for now: charge the attempt, retry by schedule.
    #[error("refused for now: {0}")]
    Retry(Reply),
    /// The recipient is refused for good.
    #[error("refused: {reply}")]
    Rejected {
        /// The server's answer.
        reply: Reply,
        /// Whether it counts towards suppression of the address.
        hard_bounce: bool,
    },
    /// The server did not understand us: dead, with an alarm.
    #[error("the server did not accept our command: {0}")]
    OurFault(Reply),
    /// The server does not take mails of this size: dead, with the reason.
    #[error("too large for the server: {0}")]
    TooLarge(String),
    /// The mail cannot be sent through this server at all (an address in UTF-8 and no SMTPUTF8): dead.
    #[error("{0}")]
    Impossible(String),
    /// The connection had ended before this mail was begun in earnest: connect anew, charge nothing.
    #[error("the idle connection had ended")]
    Stale,
    /// The connection was cut, or an answer came out of turn or not at all, before the final dot: charge this mail, tell the breaker.
    #[error("the connection ended at {stage:?}: {detail}")]
    Cut {
        /// Where.
        stage: Stage,
        /// What was seen.
        detail: String,
    },
    /// Cut after the final dot, or at an answer to it that says neither yes nor no: the server may have the mail.
    #[error("the answer to the message is lost: {0}")]
    Unsure(String),
}

/// Opens sessions with an account's server.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Transport: Send + Sync {
    /// Connects, greets, secures and logs in. Every wait is bounded.
    ///
    /// # Errors
    /// [`SendError::Channel`] alone.
    async fn connect(&self, account: &OutgoingAccount) -> Result<Box<dyn MailSession>, SendError>;
}

/// One connection, for many mails, one at a time. Dropping it, or a future of it, drops the connection.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MailSession: Send {
    /// Names sender and recipient, and asks to send, up to the server's go-ahead. Nothing that the server could take
    /// for a mail has been sent when it returns. Never [`SendError::Unsure`].
    ///
    /// [`SendError::Stale`] for any mail but the one that was announced, and wherever the connection ends between an
    /// announcement and its go-ahead: as far as the mail is concerned it never began.
    async fn begin(&mut self, envelope: &Envelope) -> Result<(), SendError>;

    /// Sends the message and the final dot, and gives the server's acceptance. Waits up to ten minutes for it
    /// (RFC 5321 §4.5.3.2.6). Never [`SendError::Cut`] once any of the final dot may have left.
    ///
    /// The `next` mail is announced with the dot where the server allows it: its sender and recipient leave with this
    /// message, so that [`begin`](Self::begin) has little to wait for. Nothing else may begin on the session then; who
    /// no longer wants to send the next mail drops it.
    async fn finish<'a>(&mut self, message: &[u8], next: Option<&'a Envelope>) -> Result<Reply, SendError>;

    /// Whether another mail may begin; after an announcement, the announced one. A session in doubt never says so.
    fn is_usable(&self) -> bool;

    /// What the server answered last before the first mail, in its own words: to the log-in where there is one, else
    /// its greeting. For people who try an account.
    fn welcome(&self) -> &str;

    /// Takes leave. Best effort, bounded; in silence where the server waits for a message.
    async fn quit(self: Box<Self>);
}
