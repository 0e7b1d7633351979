//! Comments, and the one call that takes them in: comment, attachments and every mail they owe, in one commit.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::comment::{AttachmentId, Comment, CommentId};
use recado_domain::outbox::{Delivery, DeliveryId, State};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;

use crate::outbox::NewDelivery;
use crate::page::{Page, PageRequest};
use crate::store::StoreError;

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
}

/// A comment with its mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentWithDeliveries {
    /// The comment.
    pub comment: Comment,
    /// Its mails, by id.
    pub deliveries: Vec<DeliverySummary>,
}

/// Whose comments to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Public ones alone.
    Public,
    /// Internal ones too.
    Desk,
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

    /// What an idempotency key holds, if it has not expired at `now`.
    async fn idempotency(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// Forgets idempotency records that have expired by `now`, at most `limit` of them; gives how many.
    async fn forget_idempotency(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// A ticket's comments, oldest first, withdrawn ones left out.
    async fn list(
        &self,
        ticket: TicketId,
        audience: Audience,
        page: &PageRequest,
    ) -> Result<Page<CommentWithDeliveries>, StoreError>;

    /// One comment, unless it was withdrawn.
    async fn find(
        &self,
        ticket: TicketId,
        id: CommentId,
    ) -> Result<Option<CommentWithDeliveries>, StoreError>;

    /// An attachment's octets.
    async fn attachment(&self, comment: CommentId, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Takes a comment back, cancels the mails that have not left (a leased one too: its worker finds the fence
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
}
