//! Keeping a ticket in step with another system: what is absent stays, null or an empty list clears.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::audience;
use recado_domain::locale::Locale;
use recado_domain::person::{Party, Role};
use recado_domain::template::TicketKey;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::store::StoreError;
use recado_ports::templates::Written;
use recado_ports::tickets::{TicketWrite, Tickets};

use crate::access::{Actor, FieldError, Refusal};

/// How often a write that met another one is tried again.
const TRIES: usize = 5;

/// Longest title, in characters.
pub(crate) const TITLE_CHARS: usize = 1_000;

/// What to change of a ticket. `None` leaves a field; `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct TicketChange {
    /// One line.
    pub title: Option<String>,
    /// Who asked; a new ticket needs one.
    pub requester: Option<Party>,
    /// Who answers for it.
    pub responsible: Option<Option<Party>>,
    /// Which group does.
    pub group: Option<Option<Party>>,
    /// Open or closed.
    pub status: Option<TicketStatus>,
    /// The contract.
    pub contract: Option<Option<String>>,
    /// The language of its mails' dates.
    pub locale: Option<Option<Locale>>,
    /// All of them; empty for none.
    pub watchers: Option<Vec<Party>>,
    /// Replaces all attributes; empty for none. Names are those of the ticket keys, in any spelling.
    pub attributes: Option<BTreeMap<String, String>>,
}

/// Puts a ticket.
pub struct PutTicket {
    /// Where it goes.
    pub tickets: Arc<dyn Tickets>,
    /// Dates it.
    pub clock: Arc<dyn Clock>,
    /// Names a new one.
    pub ids: Arc<dyn Ids>,
    /// Told when a ticket has neither responsible nor group (`[desk]`): mails to it stay whatever changes.
    pub desk: Option<Party>,
}

impl PutTicket {
    /// Creates or changes a ticket; the desk and other systems may. Mails to whoever the change cuts off
    /// ([`audience::cut_off`]) are cancelled with it, if they have not left.
    pub async fn run(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        change: TicketChange,
    ) -> Result<(Written, Ticket), Refusal> {
        let change = checked(change)?;
        for _ in 0..TRIES {
            let stored = self.tickets.find(number).await?;
            permit(actor, number, stored.as_ref())?;
            let written = match stored {
                Some(_) => Written::Replaced,
                None => Written::Created,
            };
            if let Some(ticket) = self.write(stored, number, &change).await? {
                return Ok((written, ticket));
            }
        }
        Err(busy(number))
    }

    /// Changes a ticket that exists, by what it is at that moment; the same people may, and the same mails are cancelled.
    pub(crate) async fn edit(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        decide: impl Fn(&Ticket) -> TicketChange + Send + Sync,
    ) -> Result<Ticket, Refusal> {
        for _ in 0..TRIES {
            let stored = self.tickets.find(number).await?;
            permit(actor, number, stored.as_ref())?;
            let stored = stored.ok_or_else(|| missing(number))?;
            let change = checked(decide(&stored))?;
            if let Some(ticket) = self.write(Some(stored), number, &change).await? {
                return Ok(ticket);
            }
        }
        Err(busy(number))
    }

    /// Writes the changed ticket; `None` when somebody else wrote first.
    async fn write(
        &self,
        stored: Option<Ticket>,
        number: &TicketNumber,
        change: &TicketChange,
    ) -> Result<Option<Ticket>, Refusal> {
        let expected = stored.as_ref().map(|ticket| ticket.version);
        let ticket = self.changed(stored.clone(), number, change)?;
        let cut_off = stored.map_or_else(BTreeSet::new, |before| {
            audience::cut_off(&before, &ticket, self.desk.as_ref())
        });
        let write = TicketWrite {
            ticket: ticket.clone(),
            expected,
            cut_off,
        };
        match self.tickets.put(write).await {
            Ok(version) => Ok(Some(Ticket { version, ..ticket })),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn changed(
        &self,
        stored: Option<Ticket>,
        number: &TicketNumber,
        change: &TicketChange,
    ) -> Result<Ticket, Refusal> {
        let now = self.clock.now();
        let mut ticket = stored.map_or_else(|| self.created(number, change, now), Ok)?;
        let change = change.clone();
        ticket.updated_at = now;
        ticket.title = change.title.unwrap_or(ticket.title);
        ticket.requester = change.requester.unwrap_or(ticket.requester);
        ticket.responsible = change.responsible.unwrap_or(ticket.responsible);
        ticket.group = change.group.unwrap_or(ticket.group);
        let status = change.status.unwrap_or(ticket.status);
        ticket.closed_at = match (ticket.status, status) {
            (_, TicketStatus::Open) => None,
            (TicketStatus::Open, TicketStatus::Closed) => Some(now),
            (TicketStatus::Closed, TicketStatus::Closed) => ticket.closed_at,
        };
        ticket.status = status;
        ticket.contract = change.contract.unwrap_or(ticket.contract);
        ticket.locale = change.locale.unwrap_or(ticket.locale);
        ticket.watchers = change.watchers.unwrap_or(ticket.watchers);
        ticket.attributes = change.attributes.unwrap_or(ticket.attributes);
        Ok(ticket)
    }

    fn created(
        &self,
        number: &TicketNumber,
        change: &TicketChange,
        now: Timestamp,
    ) -> Result<Ticket, Refusal> {
        let mut faults = Vec::new();
        if change.title.is_none() {
            faults.push(FieldError::new("title", "is needed for a new ticket"));
        }
        if change.requester.is_none() {
            faults.push(FieldError::new("requester", "is needed for a new ticket"));
        }
        let Some(requester) = change.requester.clone().filter(|_| faults.is_empty()) else {
            return Err(Refusal::Invalid(faults));
        };
        Ok(Ticket {
            id: TicketId(self.ids.next()),
            number: number.clone(),
            title: String::new(),
            requester,
            responsible: None,
            group: None,
            status: TicketStatus::Open,
            contract: None,
            locale: None,
            watchers: Vec::new(),
            attributes: BTreeMap::new(),
            version: Version(0),
            created_at: now,
            updated_at: now,
            closed_at: None,
            follows: None,
        })
    }
}

/// Whoever may not see the ticket must not learn whether it exists.
fn permit(actor: &Actor, number: &TicketNumber, stored: Option<&Ticket>) -> Result<(), Refusal> {
    if actor.role() >= Role::Technician {
        return Ok(());
    }
    Err(match stored.filter(|ticket| actor.sees(ticket)) {
        Some(_) => Refusal::Forbidden("a ticket is put by the desk and by other systems alone".to_owned()),
        None => missing(number),
    })
}

fn missing(number: &TicketNumber) -> Refusal {
    Refusal::NotFound(format!("ticket {number}"))
}

fn busy(number: &TicketNumber) -> Refusal {
    Refusal::Conflict(format!("ticket {number} is being changed by others; try again"))
}

/// Checks the texts, and brings attribute names into their stored form: known keys by their canonical name, others in
/// upper case.
fn checked(mut change: TicketChange) -> Result<TicketChange, Refusal> {
    let mut faults = Vec::new();
    if let Some(title) = &change.title {
        if title.chars().any(char::is_control) {
            faults.push(FieldError::new(
                "title",
                "holds a control character or a line break",
            ));
        }
        if title.chars().count() > TITLE_CHARS {
            faults.push(FieldError::new(
                "title",
                format!("is longer than {TITLE_CHARS} characters"),
            ));
        }
    }
    if let Some(Some(contract)) = &change.contract
        && contract.contains('\0')
    {
        faults.push(FieldError::new("contract", "holds a NUL character"));
    }
    if let Some(attributes) = change.attributes.take() {
        let mut named = BTreeMap::new();
        for (name, value) in attributes {
            if name.contains('\0') || value.contains('\0') {
                faults.push(FieldError::new(
                    format!("attributes.{}", name.escape_debug()),
                    "holds a NUL character",
                ));
                continue;
            }
            let canonical =
                TicketKey::parse(&name).map_or_else(|| name.to_uppercase(), |key| key.name().to_owned());
            named.insert(canonical, value);
        }
        change.attributes = Some(named);
    }
    if faults.is_empty() {
        Ok(change)
    } else {
        Err(Refusal::Invalid(faults))
    }
}
