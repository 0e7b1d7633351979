//! What people chose for themselves, and whether they look at a ticket just now. Keyed by address, account or not.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::EmailAddress;
use recado_domain::preference::{Muting, Preference};
use recado_domain::ticket::TicketId;
use uuid::Uuid;

use crate::store::StoreError;

/// Who wants no mail about a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unwilling {
    /// They muted it.
    pub muted: Vec<EmailAddress>,
    /// They want none while its page is open, and a page of theirs is ([`Preferences::show_page`]).
    pub looking: Vec<EmailAddress>,
}

/// The store of preferences.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Preferences: Send + Sync {
    /// A person's choices; the default ones of somebody who made none.
    async fn find(&self, email: &EmailAddress) -> Result<Preference, StoreError>;

    /// Stores a person's choices.
    async fn put(&self, email: &EmailAddress, preference: &Preference) -> Result<(), StoreError>;

    /// Whether a person wants mail about a ticket.
    async fn muting(&self, email: &EmailAddress, ticket: TicketId) -> Result<Muting, StoreError>;

    /// Stores whether a person wants mail about a ticket. [`StoreError::Conflict`] when there is no such ticket.
    async fn mute(&self, email: &EmailAddress, ticket: TicketId, muting: Muting) -> Result<(), StoreError>;

    /// Which of these people want no mail about the ticket at `now`. By address, each once.
    async fn unwilling(
        &self,
        ticket: TicketId,
        among: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Unwilling, StoreError>;

    /// Notes that somebody has a ticket's page open until the time, or longer than noted before. A page shows one
    /// ticket to one person: what is noted later takes its place. Need not wait for the disk.
    async fn show_page(
        &self,
        page: Uuid,
        email: &EmailAddress,
        ticket: TicketId,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// Notes that a page is closed.
    async fn close_page(&self, page: Uuid) -> Result<(), StoreError>;
}
