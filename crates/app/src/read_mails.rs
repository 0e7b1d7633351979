//! Reading the ledger of incoming mail: the desk's business, since a mail may be anybody's and about anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::ledger::{LedgerEntry, MailId, Outcome};
use recado_domain::outbox::Cause;
use recado_domain::person::Role;
use recado_domain::ticket::{TicketId, TicketNumber};
use recado_ports::ledger::{Ledger, MailFilter};
use recado_ports::outbox::Outbox;
use recado_ports::page::{Page, PageRequest};
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Which mails to list.
#[derive(Debug, Clone, Default)]
pub struct MailQuery {
    /// Those with this outcome.
    pub outcome: Option<Outcome>,
    /// Those of this ticket.
    pub ticket: Option<TicketNumber>,
}

/// A mail, for showing.
#[derive(Debug, Clone)]
pub struct ShownMail {
    /// The entry.
    pub entry: LedgerEntry,
    /// Its ticket's number.
    pub ticket: Option<TicketNumber>,
}

/// Reads the ledger.
pub struct ReadMails {
    /// Where the mails are.
    pub ledger: Arc<dyn Ledger>,
    /// For their tickets' numbers.
    pub tickets: Arc<dyn Tickets>,
    /// For what a report is about.
    pub outbox: Arc<dyn Outbox>,
    /// Tells who read a mail's octets.
    pub trail: Trail,
}

impl ReadMails {
    /// Mails, the newest first; the desk may.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &MailQuery,
        page: &PageRequest,
    ) -> Result<Page<ShownMail>, Refusal> {
        actor
            .require(Role::Technician, "reading mails")
            .map_err(|_| Refusal::NotFound("the ledger of mails".to_owned()))?;
        let ticket = match &query.ticket {
            None => None,
            Some(number) => match self.tickets.find(number).await? {
                Some(ticket) => Some(ticket.id),
                None => {
                    return Ok(Page {
                        items: Vec::new(),
                        next: None,
                    });
                }
            },
        };
        let filter = MailFilter {
            outcome: query.outcome,
            ticket,
        };
        let page = self.ledger.list(&filter, page).await?;
        let mut numbers = BTreeMap::new();
        let mut items = Vec::with_capacity(page.items.len());
        for entry in page.items {
            let ticket = self.number(entry.ticket, &mut numbers).await?;
            items.push(ShownMail { entry, ticket });
        }
        Ok(Page {
            items,
            next: page.next,
        })
    }

    /// One mail; the desk may.
    pub async fn find(&self, actor: &Actor, id: MailId) -> Result<ShownMail, Refusal> {
        permit(actor, id)?;
        let entry = self.ledger.entry(id).await?.ok_or_else(|| missing(id))?;
        let ticket = self.number(entry.ticket, &mut BTreeMap::new()).await?;
        Ok(ShownMail { entry, ticket })
    }

    /// A mail's octets, as they came; the desk may, and the trail tells who did. They are gone some time after it was
    /// settled.
    pub async fn raw(&self, actor: &Actor, id: MailId) -> Result<Vec<u8>, Refusal> {
        permit(actor, id)?;
        let stored = self.ledger.find(id).await?.ok_or_else(|| missing(id))?;
        let octets = stored
            .raw
            .ok_or_else(|| Refusal::NotFound(format!("the message of mail {}", id.0)))?;
        permit_content(&stored.entry, &*self.outbox).await?;
        let told = Change::new(Action::RawMailRead, id.0).was(format!("from {}", stored.entry.from));
        self.trail.record(actor, told).await?;
        Ok(octets)
    }

    async fn number(
        &self,
        ticket: Option<TicketId>,
        known: &mut BTreeMap<TicketId, Option<TicketNumber>>,
    ) -> Result<Option<TicketNumber>, Refusal> {
        let Some(id) = ticket else { return Ok(None) };
        if let Some(number) = known.get(&id) {
            return Ok(number.clone());
        }
        let number = self.tickets.find_by_id(id).await?.map(|ticket| ticket.number);
        known.insert(id, number.clone());
        Ok(number)
    }
}

/// Lets the desk pass; to others the mail does not exist.
pub(crate) fn permit(actor: &Actor, id: MailId) -> Result<(), Refusal> {
    actor
        .require(Role::Technician, "handling mails")
        .map_err(|_| missing(id))
}

/// Keeps a report's content back that brings a link to sign in back: whoever read it could sign in as somebody else.
pub(crate) async fn permit_content(entry: &LedgerEntry, outbox: &dyn Outbox) -> Result<(), Refusal> {
    let Some(delivery) = entry.bounce.as_ref().and_then(|bounce| bounce.delivery) else {
        return Ok(());
    };
    let about = outbox.find(delivery).await?;
    if about.is_some_and(|about| matches!(about.delivery.cause, Cause::SignIn(_))) {
        let message = "this report is about a link to sign in; what it says is nobody's to read";
        return Err(Refusal::Forbidden(message.to_owned()));
    }
    Ok(())
}

pub(crate) fn missing(id: MailId) -> Refusal {
    Refusal::NotFound(format!("mail {}", id.0))
}
