//! What the desk does with a ticket beside writing on it: who answers for it, who follows it, open or closed.

use recado_domain::person::{EmailAddress, Party};
use recado_domain::ticket::{Ticket, TicketNumber, TicketStatus};

use crate::access::{Actor, Refusal};
use crate::put_ticket::{PutTicket, TicketChange};

/// Manages tickets that exist; the desk may. Each change is made to the ticket as it stands at that moment, and mails to
/// whoever it cuts off are cancelled with it, as [`PutTicket`] does.
pub struct ManageTicket {
    /// How a ticket is written.
    pub put: PutTicket,
}

impl ManageTicket {
    /// Names who answers for the ticket, or nobody.
    pub async fn assign(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        responsible: Option<Party>,
    ) -> Result<Ticket, Refusal> {
        let change = TicketChange {
            responsible: Some(responsible),
            ..TicketChange::default()
        };
        self.put.edit(actor, number, |_| change.clone()).await
    }

    /// Closes the ticket.
    pub async fn close(&self, actor: &Actor, number: &TicketNumber) -> Result<Ticket, Refusal> {
        self.set_status(actor, number, TicketStatus::Closed).await
    }

    /// Opens the ticket again.
    pub async fn reopen(&self, actor: &Actor, number: &TicketNumber) -> Result<Ticket, Refusal> {
        self.set_status(actor, number, TicketStatus::Open).await
    }

    /// Has somebody follow the ticket: they get every public comment. A watcher's name is replaced.
    pub async fn add_watcher(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        watcher: Party,
    ) -> Result<Ticket, Refusal> {
        let with = |ticket: &Ticket| {
            let mut watchers = without(ticket, &watcher.email);
            watchers.push(watcher.clone());
            watching(watchers)
        };
        self.put.edit(actor, number, with).await
    }

    /// Has somebody follow the ticket no longer; nothing happens when they did not.
    pub async fn remove_watcher(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        watcher: &EmailAddress,
    ) -> Result<Ticket, Refusal> {
        let without = |ticket: &Ticket| watching(without(ticket, watcher));
        self.put.edit(actor, number, without).await
    }

    async fn set_status(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        status: TicketStatus,
    ) -> Result<Ticket, Refusal> {
        let change = TicketChange {
            status: Some(status),
            ..TicketChange::default()
        };
        self.put.edit(actor, number, |_| change.clone()).await
    }
}

fn without(ticket: &Ticket, email: &EmailAddress) -> Vec<Party> {
    let others = ticket.watchers.iter().filter(|watcher| watcher.email != *email);
    others.cloned().collect()
}

fn watching(watchers: Vec<Party>) -> TicketChange {
    TicketChange {
        watchers: Some(watchers),
        ..TicketChange::default()
    }
}
