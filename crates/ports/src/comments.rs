//! Comments, and the one call that takes them in: comment, attachments and every mail they owe, in one commit.

mod context;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::comment::{AttachmentId, Comment, CommentId, Visibility};
use recado_domain::outbox::{Delivery, DeliveryId, Outcome, State};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;

use crate::outbox::NewDelivery;
use crate::page::{Page, PageLimit, PageRequest};
use crate::store::StoreError;

pub use context::{CommentContext, ContextQuery, OnTicket};

/// Everything that accepting a comment writes.
#[derive(Debug, Clone)]
pub struct AcceptComment {
    /// The comment, with what is known of its attachments.
    pub comment: Comment,
    /// The attachments' octets, in the comment's order. Stored once per content.
    pub contents: Vec<Vec<u8>>,
    /// One finished mail per recipient.
    pub deliveries: Vec<NewDelivery>,
    /// The caller's key, when it gave one.
    pub idempotency: Option<IdempotencyRecord>,
    /// Until when it may be taken back unseen: its author and the desk alone see it before. `None`: everybody at once.
    pub held_until: Option<Timestamp>,
}

/// A key under which a call is done once only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Whose key it is: the token's id.
    pub scope: String,
    /// As the caller gave it.
    pub key: String,
}

/// What is stored under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The key.
    pub key: IdempotencyKey,
    /// A digest of path and body: the same key with another one is a mistake of the caller.
    pub digest: String,
    /// What the first call answered, as JSON.
    pub answer: String,
    /// After this it may be forgotten.
    pub expires_at: Timestamp,
}

/// Why a comment was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The idempotency key was used before. Nothing was written; compare the digest and give the stored answer.
    #[error("the idempotency key was used before")]
    Repeated(IdempotencyRecord),
    /// The ticket is gone or was never there.
    #[error("the comment's ticket does not exist")]
    NoTicket,
    /// As every store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A mail that a comment owes, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySummary {
    /// The outbox row.
    pub id: DeliveryId,
    /// Whom it goes to.
    pub recipient: EmailAddress,
    /// Where it stands; `held` is the caller's to derive.
    pub state: State,
    /// The account that sends it.
    pub account: AccountId,
    /// What became known of it after it was sent.
    pub outcome: Option<Outcome>,
    /// The server's last words about it, or why it was given up.
    pub last_reply: Option<String>,
}

/// A comment with its mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentWithDeliveries {
    /// The comment.
    pub comment: Comment,
    /// Its mails, by id.
    pub deliveries: Vec<DeliverySummary>,
    /// While it is under hold: as [`AcceptComment::held_until`].
    pub held_until: Option<Timestamp>,
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Public comments alone, and of those under hold the reader's own.
    Public {
        /// Whose own comments are seen under hold too.
        reader: Option<EmailAddress>,
    },
    /// Internal ones and those under hold too.
    Desk,
}

impl Audience {
    /// Whether a comment is for these eyes.
    pub fn reads(&self, found: &CommentWithDeliveries) -> bool {
        match self {
            Self::Desk => true,
            Self::Public { reader } => {
                found.comment.visibility == Visibility::Public
                    && (found.held_until.is_none() || reader.as_ref() == Some(&found.comment.author.email))
            }
        }
    }
}

/// How a comment is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retraction {
    /// It stays, for the desk alone. Mails to those in the list stay too; others that have not left are cancelled.
    MakeInternal,
    /// It is gone from every list. Mails that have not left are cancelled.
    Withdraw,
}

/// The store of comments.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Comments: Send + Sync {
    /// Stores a comment, its attachments, its mails, its idempotency record and the event `comment.created`.
    ///
    /// Atomic, and flushed to disk when it returns: after `Ok` neither the comment nor a mail it owes can be lost.
    /// After an error other than [`AcceptError::Repeated`] the outcome of a broken connection may be unknown; the
    /// comment's id makes a repeated call with the same value harmless: what is stored already counts as done.
    async fn accept(&self, accept: AcceptComment) -> Result<(), AcceptError>;

    /// Everything that taking a comment in depends on, in one call; `None` when there is no such ticket. Whether the author
    /// may see the ticket is the caller's to ask.
    async fn context(&self, query: &ContextQuery) -> Result<Option<CommentContext>, StoreError>;

    /// Forgets idempotency records that have expired by `now`, at most `limit` of them; gives how many.
    async fn forget_idempotency(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// A ticket's comments, oldest first, withdrawn ones left out.
    async fn list(
        &self,
        ticket: TicketId,
        audience: &Audience,
        page: &PageRequest,
    ) -> Result<Page<CommentWithDeliveries>, StoreError>;

    /// A ticket's comments before one of them (or the newest), newest first, at most `limit`, withdrawn ones left out.
    /// Whether there are earlier ones is seen by asking for one more.
    async fn latest(
        &self,
        ticket: TicketId,
        audience: &Audience,
        before: Option<CommentId>,
        limit: PageLimit,
    ) -> Result<Vec<CommentWithDeliveries>, StoreError>;

    /// One comment, unless it was withdrawn; under hold too: who may read it is the caller's to ask.
    async fn find(
        &self,
        ticket: TicketId,
        id: CommentId,
    ) -> Result<Option<CommentWithDeliveries>, StoreError>;

    /// An attachment's octets.
    async fn attachment(&self, comment: CommentId, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Takes a comment back, which ends the hold of one that is withdrawn, cancels the mails that have not left (a leased one too: its worker finds the fence
    /// refused) save those to `keep`, and stores the events, in one transaction. Gives the deliveries cancelled,
    /// or `None` when there is no such comment.
    async fn retract(
        &self,
        ticket: TicketId,
        id: CommentId,
        retraction: Retraction,
        keep: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Option<Vec<Delivery>>, StoreError>;

    /// Shows comments whose hold ended by `now` to everybody, each with the event `comment.created`, in one
    /// transaction; at most `limit`, those whose hold ended first before others; gives how many. Each is released
    /// once, whatever runs beside it.
    async fn release_held(&self, now: Timestamp, limit: u16) -> Result<u64, StoreError>;

    /// When the next hold ends; one that has ended and is not released yet counts.
    async fn next_held(&self) -> Result<Option<Timestamp>, StoreError>;
}
