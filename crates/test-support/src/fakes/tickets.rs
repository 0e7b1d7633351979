//! Tickets in memory.

use async_trait::async_trait;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, Version};
use recado_ports::events::EventKind;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use recado_ports::tickets::{TicketFilter, TicketWrite, Tickets};

use super::{MemoryStore, Tables, page, storable};

#[async_trait]
impl Tickets for MemoryStore {
    async fn put(&self, write: TicketWrite) -> Result<Version, StoreError> {
        self.write(|tables| tables.put_ticket(write))
    }

    async fn find(&self, number: &TicketNumber) -> Result<Option<Ticket>, StoreError> {
        let folded = number.folded();
        Ok(self.read(|tables| {
            tables
                .tickets
                .values()
                .find(|ticket| ticket.number.folded() == folded)
                .cloned()
        }))
    }

    async fn find_by_id(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        Ok(self.read(|tables| tables.tickets.get(&id).cloned()))
    }

    async fn list(&self, filter: &TicketFilter, request: &PageRequest) -> Result<Page<Ticket>, StoreError> {
        Ok(self.read(|tables| {
            let newest_first = tables
                .tickets
                .values()
                .rev()
                .filter(|ticket| passes(filter, ticket));
            let keyed = newest_first.map(|ticket| (ticket.id.0.to_string(), ticket.clone()));
            page(keyed, request, |cursor, after| cursor < after)
        }))
    }
}

impl Tables {
    /// Stores a ticket, or nothing at all.
    pub(super) fn put_ticket(&mut self, write: TicketWrite) -> Result<Version, StoreError> {
        let mut ticket = write.ticket;
        ticket.title = storable(&ticket.title);
        let folded = ticket.number.folded();
        let stored = self.tickets.get(&ticket.id);
        let taken = self
            .tickets
            .values()
            .any(|other| other.id != ticket.id && other.number.folded() == folded);
        if taken || stored.map(|stored| stored.version) != write.expected {
            return Err(StoreError::Conflict {
                what: format!("ticket {}", ticket.number),
            });
        }
        ticket.version = Version(stored.map_or(0, |stored| stored.version.0) + 1);
        if let Some(stored) = stored {
            ticket.created_at = stored.created_at;
        }
        let (id, version, at) = (ticket.id, ticket.version, ticket.updated_at);
        self.tickets.insert(id, ticket);
        self.log(EventKind::TicketChanged, Some(id), id.0, at);
        self.cancel_to(id, &write.cut_off, TicketWrite::CUT_OFF, at);
        Ok(version)
    }
}

fn passes(filter: &TicketFilter, ticket: &Ticket) -> bool {
    let holds = |text: &String| {
        let text = text.to_lowercase();
        ticket.number.folded().contains(&text) || ticket.title.to_lowercase().contains(&text)
    };
    filter.status.is_none_or(|status| ticket.status == status)
        && filter
            .requester
            .as_ref()
            .is_none_or(|email| ticket.requester.email == *email)
        && filter.responsible.as_ref().is_none_or(|email| {
            ticket
                .responsible
                .as_ref()
                .is_some_and(|party| party.email == *email)
        })
        && filter.text.as_ref().is_none_or(holds)
        && filter.viewer.as_ref().is_none_or(|viewer| viewer.sees(ticket))
}
