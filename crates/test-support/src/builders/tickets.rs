//! Tickets.

use std::collections::{BTreeMap, BTreeSet};

use recado_domain::person::Party;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_ports::tickets::TicketWrite;

use super::{ana, id, party, tomas};
use crate::clock::START;

/// An open ticket of Ana's, for which Tomás is responsible.
pub fn ticket(number: &str) -> TicketBuilder {
    TicketBuilder(Ticket {
        id: TicketId(id()),
        number: TicketNumber::parse(number).expect("the test's ticket number is sound"),
        title: format!("Solicitud {number}"),
        requester: ana(),
        responsible: Some(tomas()),
        group: None,
        status: TicketStatus::Open,
        contract: None,
        locale: None,
        watchers: Vec::new(),
        attributes: BTreeMap::new(),
        version: Version(0),
        created_at: START,
        updated_at: START,
        closed_at: None,
        follows: None,
    })
}

/// Builds a [`Ticket`].
#[derive(Debug, Clone)]
pub struct TicketBuilder(Ticket);

impl TicketBuilder {
    /// Its title.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.0.title);
        self
    }

    /// Who asked.
    #[must_use]
    pub fn requested_by(mut self, email: &str) -> Self {
        self.0.requester = party(email, email);
        self
    }

    /// Who answers for it.
    #[must_use]
    pub fn responsible(mut self, responsible: impl Into<Option<Party>>) -> Self {
        self.0.responsible = responsible.into();
        self
    }

    /// The group that answers for it.
    #[must_use]
    pub fn group(mut self, email: &str) -> Self {
        self.0.group = Some(party("Mesa de ayuda", email));
        self
    }

    /// One watcher more.
    #[must_use]
    pub fn watched_by(mut self, email: &str) -> Self {
        self.0.watchers.push(party(email, email));
        self
    }

    /// Closes it.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.0.status = TicketStatus::Closed;
        self.0.closed_at = Some(self.0.updated_at);
        self
    }

    /// One attribute more.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.0.attributes.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The ticket.
    pub fn build(self) -> Ticket {
        self.0
    }

    /// The ticket as a write of a new one.
    pub fn write(self) -> TicketWrite {
        TicketWrite {
            ticket: self.0,
            expected: None,
            cut_off: BTreeSet::new(),
        }
    }
}
