//! What happened, for followers: a log that is read in order and skips nothing, and wake-ups for those who wait.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::ticket::TicketId;
use uuid::Uuid;

use crate::store::StoreError;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A comment was accepted, or its visibility changed.
    CommentCreated,
    /// A delivery changed its state.
    DeliveryChanged,
    /// A ticket was put.
    TicketChanged,
}

impl EventKind {
    /// The name in the stream.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommentCreated => "comment.created",
            Self::DeliveryChanged => "delivery.changed",
            Self::TicketChanged => "ticket.changed",
        }
    }

    /// The inverse of [`EventKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::CommentCreated, Self::DeliveryChanged, Self::TicketChanged]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place; what `Last-Event-ID` names. Opaque, and in the log's order.
    pub cursor: String,
    /// What happened.
    pub kind: EventKind,
    /// The ticket that it is about; a test mail has none.
    pub ticket: Option<TicketId>,
    /// The comment, delivery or ticket.
    pub subject: Uuid,
    /// When.
    pub at: Timestamp,
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Mails may be due, or a channel or parameter changed.
    Outbox,
    /// The log grew.
    Log,
}

/// The log of events.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Events: Send + Sync {
    /// Entries after a cursor, oldest first. An entry once given for a cursor is never preceded later by one that
    /// commits behind it.
    async fn after(&self, cursor: Option<String>, limit: u16) -> Result<Vec<Event>, StoreError>;

    /// The cursor of the newest entry; `None` for an empty log.
    async fn newest(&self) -> Result<Option<String>, StoreError>;

    /// Returns when something of the topic may have changed, here or in another process, or when the time is up.
    /// A change that happens after a call began ends that call; spurious returns are allowed.
    async fn wait(&self, topic: Topic, at_most: Duration);

    /// Forgets entries older than the time.
    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError>;
}
