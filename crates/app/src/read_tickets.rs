//! Reading tickets.

use std::sync::Arc;

use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::page::{Page, PageRequest};
use recado_ports::tickets::{TicketFilter, Tickets};

use crate::access::{Actor, Refusal};

/// Reads tickets.
pub struct ReadTickets {
    /// Where they are.
    pub tickets: Arc<dyn Tickets>,
}

impl ReadTickets {
    /// One ticket that the actor sees.
    pub async fn find(&self, actor: &Actor, number: &TicketNumber) -> Result<Ticket, Refusal> {
        let found = self
            .tickets
            .find(number)
            .await?
            .filter(|ticket| actor.sees(ticket));
        found.ok_or_else(|| Refusal::NotFound(format!("ticket {number}")))
    }

    /// Those that the actor sees; a viewer in the filter is replaced by the actor.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: TicketFilter,
        page: &PageRequest,
    ) -> Result<Page<Ticket>, Refusal> {
        let filter = TicketFilter {
            viewer: actor.viewer(),
            ..filter
        };
        Ok(self.tickets.list(&filter, page).await?)
    }
}
