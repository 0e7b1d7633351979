//! The ledger of incoming mail: every mail is stored before anything is decided, and gets one outcome, once.
//!
//! [`Ledger::take`] makes a mail durable; whoever handed it over may then be told that it was taken. Until it is
//! settled it is *pending*, and any daemon may judge it: [`Ledger::settle`] goes through once.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::comment::Visibility;
use recado_domain::incoming::Shown;
use recado_domain::ledger::{BounceNote, LedgerEntry, MailId, Outcome as MailOutcome, Via};
use recado_domain::outbox::{DeliveryId, Outcome};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;

use crate::comments::AcceptComment;
use crate::outbox::NewDelivery;
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tickets::TicketWrite;

/// A mail to store, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Its id, made beforehand.
    pub id: MailId,
    /// When it came.
    pub received_at: Timestamp,
    /// The way in.
    pub via: Via,
    /// Where it lies at its source, so that the same message is not taken twice; only a mailbox has such a place.
    pub source: Option<String>,
    /// Envelope sender; `None` where the way in knows none, empty for the null sender.
    pub envelope_from: Option<String>,
    /// Envelope recipient, where the way in knows one.
    pub envelope_to: Option<EmailAddress>,
    /// The same for every copy of one mail, whatever way it took: 64 hexadecimal digits.
    pub fingerprint: String,
    /// What a list shows, read from the headers as well as they can be read.
    pub shown: Shown,
    /// `Message-ID`, without angle brackets.
    pub message_id: Option<String>,
    /// Its octets.
    pub raw: Vec<u8>,
}

/// What became of an attempt to store a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is stored now.
    New,
    /// The message at that place was stored before, under this id.
    Before(MailId),
}

/// A mail together with what it takes to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// The entry.
    pub entry: LedgerEntry,
    /// See [`NewMail::fingerprint`].
    pub fingerprint: String,
    /// Its octets; `None` when they are no longer kept.
    pub raw: Option<Vec<u8>>,
}

/// What a mail of ours was about; for verifying a carrier that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The mail.
    pub delivery: DeliveryId,
    /// The ticket; a test mail has none.
    pub ticket: Option<TicketId>,
    /// Whom it went to.
    pub recipient: EmailAddress,
    /// When it was written.
    pub written_at: Timestamp,
    /// Who may read the comment that it told of, withdrawn or not. Where no comment caused it, public; of an alert
    /// ([`Cause::Alert`](recado_domain::outbox::Cause::Alert)) internal, for it is the desk's.
    pub visibility: Visibility,
}

/// Everything that settling a mail writes.
#[derive(Debug, Clone)]
pub struct SettleMail {
    /// The mail.
    pub id: MailId,
    /// What its outcome must be for the settlement to go through: `None` for a pending mail, the old outcome for one
    /// that is released, refused or replayed.
    pub expected: Option<MailOutcome>,
    /// What becomes of it.
    pub outcome: MailOutcome,
    /// Why, in a sentence for the desk.
    pub reason: Option<String>,
    /// The ticket that it stands on, opened, or would belong to.
    pub ticket: Option<TicketId>,
    /// For a quarantined mail: the person whose token it bears.
    pub person: Option<EmailAddress>,
    /// The address in `From`, when there is one; what [`Ledger::recent`] counts by.
    pub sender: Option<EmailAddress>,
    /// For a bounce.
    pub bounce: Option<BounceNote>,
    /// A ticket to store first: a new one, or one that is reopened or gets a watcher.
    pub ticket_write: Option<TicketWrite>,
    /// The comment that the mail becomes, with the mails that it owes.
    pub comment: Option<AcceptComment>,
    /// Mails besides the comment's: an acknowledgement.
    pub mails: Vec<NewDelivery>,
    /// What became known of mails of ours. An outcome that does not supersede the known one
    /// ([`recado_domain::bounce::supersedes`]), or is of a mail that cannot have left (neither `sent` nor `sending` nor
    /// `unsure`), is left out.
    pub outcomes: Vec<(DeliveryId, Outcome)>,
    /// An address from which answers for a person are accepted from now on: (person, address).
    pub accepts: Option<(EmailAddress, EmailAddress)>,
    /// An address that writes again, so nothing holds its mail back any more.
    pub lifts: Option<EmailAddress>,
    /// When.
    pub now: Timestamp,
}

/// Why a mail was not settled. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// No such mail.
    #[error("there is no such mail")]
    NotFound,
    /// Its outcome is another: somebody else settled it.
    #[error("the mail is settled already")]
    Settled(Option<MailOutcome>),
    /// Another copy of the mail became a comment.
    #[error("another copy of the mail stands on a ticket")]
    Copy(MailId),
    /// As every store; [`StoreError::Conflict`] when the ticket was changed meanwhile.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which mails to list. Empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFilter {
    /// Those with this outcome.
    pub outcome: Option<MailOutcome>,
    /// Those of this ticket.
    pub ticket: Option<TicketId>,
}

/// A folder of a mailbox, as a reader knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailboxFolder {
    /// The account.
    pub account: AccountId,
    /// `user@host:port/folder`: another mailbox starts anew.
    pub name: String,
}

/// How far a folder was read (RFC 3501 §2.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxPosition {
    /// `UIDVALIDITY`; when it changes, the UIDs mean nothing any more.
    pub uid_validity: u32,
    /// Every message up to this UID was taken.
    pub last_uid: u32,
    /// When the folder was last read to its end.
    pub read_at: Timestamp,
}

/// The store of incoming mail.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Stores a mail, pending. Flushed to disk when it returns. A mail with a source that is stored already is left
    /// as it is; repeating a call with the same id is harmless.
    async fn take(&self, mail: NewMail) -> Result<Taken, StoreError>;

    /// Mails that nobody has settled, oldest first; those behind a mail when one is given.
    async fn pending(&self, after: Option<MailId>, limit: u16) -> Result<Vec<MailId>, StoreError>;

    /// One mail with its octets.
    async fn find(&self, id: MailId) -> Result<Option<StoredMail>, StoreError>;

    /// One mail without its octets.
    async fn entry(&self, id: MailId) -> Result<Option<LedgerEntry>, StoreError>;

    /// Mails, the newest first.
    async fn list(&self, filter: &MailFilter, page: &PageRequest) -> Result<Page<LedgerEntry>, StoreError>;

    /// Another mail with this fingerprint whose outcome makes copies duplicates
    /// ([`MailOutcome::makes_copies_duplicates`]).
    async fn copy_of(&self, fingerprint: &str, except: MailId) -> Result<Option<MailId>, StoreError>;

    /// Gives a mail its outcome with all that follows from it, in one transaction, flushed to disk: ticket, comment
    /// and its mails with their events (as [`crate::comments::Comments::accept`] and
    /// [`crate::tickets::Tickets::put`] store them), outcomes of earlier mails with `delivery.changed`, the accepted
    /// address, the lifted suppression. Two settlements that make a comment of copies of one mail never both go
    /// through. A mail that was settled exactly so by an earlier call with the same comment id counts as done.
    async fn settle(&self, settle: SettleMail) -> Result<(), SettleError>;

    /// Where mails of ours came from, in no order; ids that are not found are left out.
    async fn provenance(&self, deliveries: &[DeliveryId]) -> Result<Vec<Provenance>, StoreError>;

    /// The people for whom answers from this address are accepted.
    async fn answers_for(&self, address: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError>;

    /// How many mails from this sender have been attached to the ticket, or opened tickets when it is `None`, since
    /// the time.
    async fn recent(
        &self,
        sender: &EmailAddress,
        ticket: Option<TicketId>,
        since: Timestamp,
    ) -> Result<u64, StoreError>;

    /// How many acknowledgements were written since the time: to this address, or to anybody.
    async fn acknowledged(&self, to: Option<EmailAddress>, since: Timestamp) -> Result<u64, StoreError>;

    /// Quarantined mails that came before the time and of which the desk was not told; oldest first.
    async fn unnoticed(&self, received_before: Timestamp, limit: u16)
    -> Result<Vec<LedgerEntry>, StoreError>;

    /// Stores the mails that tell the desk of a quarantined mail, and that it was told.
    async fn notice(&self, id: MailId, alerts: Vec<NewDelivery>, now: Timestamp) -> Result<(), StoreError>;

    /// How far a folder was read; `None` for one that never was.
    async fn position(&self, folder: &MailboxFolder) -> Result<Option<MailboxPosition>, StoreError>;

    /// Notes how far a folder was read. Need not wait for the disk: what is read again is found to be taken.
    async fn advance(&self, folder: &MailboxFolder, position: &MailboxPosition) -> Result<(), StoreError>;

    /// Counts of mails by outcome, for metrics; `None` for pending ones.
    async fn depth(&self) -> Result<Vec<(Option<MailOutcome>, u64)>, StoreError>;

    /// Forgets the octets of settled mails that came before the time, at most `limit` of them; quarantined and failed
    /// ones keep theirs. Gives how many.
    async fn forget_raw(&self, received_before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
