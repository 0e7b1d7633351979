//! Reading the octets of a mail.

use recado_domain::incoming::{IncomingMail, Shown};
use recado_domain::person::EmailAddress;
use recado_domain::token::MessageId;

use crate::store::Cause;

/// What the envelope says, where the way in knows one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailEnvelope {
    /// Sender; `None` where it is not known, empty for the null sender.
    pub from: Option<String>,
    /// Recipient.
    pub to: Option<EmailAddress>,
}

/// Limits on what is made of a mail; what goes beyond is left in the raw mail and remarked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Octets of a comment's text.
    pub text: usize,
    /// Number of a comment's attachments.
    pub attachments: usize,
    /// Octets of one attachment.
    pub attachment: usize,
}

/// What can be said of any octets at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailHead {
    /// What a list shows.
    pub shown: Shown,
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// 64 hexadecimal digits, the same for every copy of one mail whatever servers added to its head: a digest of
    /// `Message-ID`, `From`, `Date`, `Subject` and the body. Of a mail without a Message-ID, a digest of all its
    /// octets: two such mails may be alike and yet two.
    pub fingerprint: String,
}

/// A mail could not be read. A fault of ours: every octet sequence is a mail of some kind.
#[derive(Debug, thiserror::Error)]
#[error("the mail cannot be read")]
pub struct ReadError {
    /// What went wrong.
    #[source]
    pub source: Cause,
}

/// Makes sense of the octets of a mail. Pure, and bounded in time and memory whatever the octets are.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Reader: Send + Sync {
    /// Reads the head alone, for the ledger. Of anything at all.
    fn head(&self, raw: &[u8]) -> MailHead;

    /// Reads a mail.
    fn read(
        &self,
        raw: &[u8],
        envelope: &MailEnvelope,
        limits: &ReadLimits,
    ) -> Result<IncomingMail, ReadError>;
}
