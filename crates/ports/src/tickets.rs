//! Tickets, as another system keeps them in step.

use std::collections::BTreeSet;

use async_trait::async_trait;
use recado_domain::audience::Viewer;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};

use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// A ticket to store, whole.
#[derive(Debug, Clone)]
pub struct TicketWrite {
    /// The ticket as it shall be; its `version` is ignored.
    pub ticket: Ticket,
    /// The version that it was read at; `None` when it was not there.
    pub expected: Option<Version>,
    /// Whom this write cuts off ([`cut_off`](recado_domain::audience::cut_off)): mails about the ticket to them do not
    /// leave any more.
    pub cut_off: BTreeSet<EmailAddress>,
}

impl TicketWrite {
    /// Why a mail to somebody cut off is `cancelled`; its `last_reply`.
    pub const CUT_OFF: &str = "the recipient no longer has access to the ticket";
}

/// Which tickets to list. Empty fields do not filter.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Open or closed ones.
    pub status: Option<TicketStatus>,
    /// Those of this responsible.
    pub responsible: Option<EmailAddress>,
    /// Those of this requester.
    pub requester: Option<EmailAddress>,
    /// Those whose number or title holds this text, in any letter case.
    pub text: Option<String>,
    /// Only what this person sees ([`Viewer::sees`]).
    pub viewer: Option<Viewer>,
}

/// The store of tickets.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Stores a ticket and the event `ticket.changed`, in one transaction; gives its new version.
    ///
    /// In the same transaction the mails about the ticket to addresses in [`TicketWrite::cut_off`], if they have not
    /// left, become `cancelled` with the reason [`TicketWrite::CUT_OFF`], and each is an event `delivery.changed`. A
    /// leased one too: its worker finds the fence refused. One behind the fence (`sending`) stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the stored version is not the expected one, or the number is taken.
    async fn put(&self, write: TicketWrite) -> Result<Version, StoreError>;

    /// Finds a ticket by its number, without regard to letter case.
    async fn find(&self, number: &TicketNumber) -> Result<Option<Ticket>, StoreError>;

    /// Finds a ticket by its id.
    async fn find_by_id(&self, id: TicketId) -> Result<Option<Ticket>, StoreError>;

    /// Tickets, the one first put last.
    async fn list(&self, filter: &TicketFilter, page: &PageRequest) -> Result<Page<Ticket>, StoreError>;
}
