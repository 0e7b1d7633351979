//! A ticket's facts, for templates.

use jiff::Timestamp;
use recado_app::access::Actor;
use recado_domain::person::Party;
use recado_domain::preference::Muting;
use recado_domain::ticket::{Ticket, TicketStatus};
use serde::Serialize;

use super::{Face, name};
use crate::web::strings::Words;

/// Characters of a ticket's title that a tab or a bookmark has room for.
const TITLE_CHARS: usize = 55;

/// What a ticket's page is called.
pub(in crate::web) fn page_title(ticket: &Ticket) -> Words {
    let title = match ticket.title.trim() {
        "" => ticket.number.as_str(),
        title => title,
    };
    Words::Text(match title.char_indices().nth(TITLE_CHARS) {
        None => title.to_owned(),
        Some((end, _)) => format!("{}…", title[..end].trim_end()),
    })
}

/// Somebody named on a ticket.
#[derive(Debug, Clone, Serialize)]
pub(in crate::web) struct Person {
    name: String,
    email: String,
}

impl From<&Party> for Person {
    fn from(party: &Party) -> Self {
        Self {
            name: name(party).to_owned(),
            email: party.email.as_str().to_owned(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Follows {
    number: String,
    href: String,
}

#[derive(Debug, Serialize)]
struct Attribute {
    name: String,
    value: String,
}

/// A ticket.
#[derive(Debug, Serialize)]
pub(in crate::web) struct TicketView {
    number: String,
    title: String,
    path: String,
    list_path: String,
    events: String,
    status: &'static str,
    status_key: &'static str,
    is_closed: bool,
    requester: Person,
    responsible: Option<Person>,
    responsible_is_me: bool,
    group: Option<Person>,
    watchers: Vec<Person>,
    contract: Option<String>,
    follows: Option<Follows>,
    attributes: Vec<Attribute>,
    created_at: Timestamp,
    closed_at: Option<Timestamp>,
    is_muted: bool,
}

impl TicketView {
    pub(in crate::web) fn new(ticket: &Ticket, face: Face, actor: Option<&Actor>) -> Self {
        let me = actor.and_then(Actor::party).map(|party| &party.email);
        let (status, status_key) = match ticket.status {
            TicketStatus::Open => ("open", "status-open"),
            TicketStatus::Closed => ("closed", "status-closed"),
        };
        let number = ticket.number.as_str();
        Self {
            number: number.to_owned(),
            title: match ticket.title.trim() {
                "" => number.to_owned(),
                title => title.to_owned(),
            },
            path: face.ticket(&ticket.number),
            list_path: face.list().to_owned(),
            events: format!("/events?ticket={}", crate::web::page::segment(number)),
            status,
            status_key,
            is_closed: ticket.status == TicketStatus::Closed,
            requester: (&ticket.requester).into(),
            responsible: ticket.responsible.as_ref().map(Person::from),
            responsible_is_me: ticket.responsible.as_ref().map(|party| &party.email) == me && me.is_some(),
            group: ticket.group.as_ref().map(Person::from),
            watchers: ticket.watchers.iter().map(Person::from).collect(),
            contract: ticket.contract.clone(),
            follows: ticket.follows.as_ref().map(|number| Follows {
                number: number.as_str().to_owned(),
                href: face.ticket(number),
            }),
            attributes: ticket
                .attributes
                .iter()
                .map(|(name, value)| Attribute {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            created_at: ticket.created_at,
            closed_at: ticket.closed_at,
            is_muted: false,
        }
    }

    /// Says whether the visitor wants mail about it.
    pub(in crate::web) fn muted(self, muting: Muting) -> Self {
        Self {
            is_muted: muting == Muting::Muted,
            ..self
        }
    }

    /// With the list that one came from.
    pub(in crate::web) fn listed_at(self, list_path: String) -> Self {
        Self { list_path, ..self }
    }
}
