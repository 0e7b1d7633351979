//! Rows of tickets and their watchers.
#![expect(
    clippy::ref_option_ref,
    reason = "in the code that diesel derives for a change set"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;

use diesel::prelude::*;
use recado_domain::locale::Locale;
use recado_domain::person::Party;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};

use super::party;
use crate::column::{Key, corrupt, micros, storable, timestamp, word};
use crate::fault::Fault;
use crate::schema::{ticket, ticket_watcher};

/// A stored ticket.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ticket)]
pub(crate) struct TicketRow {
    pub(crate) id: Key,
    number: String,
    title: String,
    requester_name: String,
    requester_email: String,
    responsible_name: Option<String>,
    responsible_email: Option<String>,
    group_name: Option<String>,
    group_email: Option<String>,
    status: String,
    contract: Option<String>,
    locale: Option<String>,
    attributes: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    closed_at: Option<i64>,
    follows: Option<String>,
}

impl TicketRow {
    /// With its watchers, in their order.
    pub(crate) fn try_into_domain(self, watchers: &[WatcherRow]) -> Result<Ticket, Fault> {
        let number =
            TicketNumber::parse(&self.number).map_err(|source| corrupt("a ticket's number", source))?;
        let follows = self.follows.map(|text| TicketNumber::parse(&text)).transpose();
        let locale = self.locale.map(|text| Locale::parse(&text)).transpose();
        let attributes: BTreeMap<String, String> = serde_json::from_str(&self.attributes)
            .map_err(|source| corrupt("a ticket's attributes", source))?;
        Ok(Ticket {
            id: TicketId(self.id.0),
            number,
            title: self.title,
            requester: party(&self.requester_name, &self.requester_email)?,
            responsible: optional_party(
                self.responsible_name.as_deref(),
                self.responsible_email.as_deref(),
            )?,
            group: optional_party(self.group_name.as_deref(), self.group_email.as_deref())?,
            status: word("a ticket's status", &self.status, TicketStatus::parse)?,
            contract: self.contract,
            locale: locale.map_err(|source| corrupt("a ticket's locale", source))?,
            watchers: watchers
                .iter()
                .map(|row| party(&row.name, &row.email))
                .collect::<Result<_, _>>()?,
            attributes,
            version: Version(self.version),
            created_at: timestamp(self.created_at)?,
            updated_at: timestamp(self.updated_at)?,
            closed_at: self.closed_at.map(timestamp).transpose()?,
            follows: follows.map_err(|source| corrupt("the number of the ticket before", source))?,
        })
    }
}

fn optional_party(name: Option<&str>, email: Option<&str>) -> Result<Option<Party>, Fault> {
    email
        .map(|email| party(name.unwrap_or_default(), email))
        .transpose()
}

/// A ticket to store. As a change set an absent value is written as NULL.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = ticket)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct NewTicketRow<'a> {
    id: Key,
    number: &'a str,
    number_folded: String,
    search_text: String,
    title: Cow<'a, str>,
    requester_name: &'a str,
    requester_email: &'a str,
    responsible_name: Option<&'a str>,
    responsible_email: Option<&'a str>,
    group_name: Option<&'a str>,
    group_email: Option<&'a str>,
    status: &'static str,
    contract: Option<&'a str>,
    locale: Option<&'static str>,
    attributes: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    closed_at: Option<i64>,
    follows: Option<&'a str>,
}

impl<'a> NewTicketRow<'a> {
    pub(crate) fn new(ticket: &'a Ticket, version: Version) -> Self {
        let title = storable(&ticket.title);
        let name = |party: &'a Option<Party>| party.as_ref().map(|party| party.name.as_str());
        let email = |party: &'a Option<Party>| party.as_ref().map(|party| party.email.as_str());
        Self {
            id: Key(ticket.id.0),
            number: ticket.number.as_str(),
            number_folded: ticket.number.folded(),
            search_text: search_text(&format!("{}\n{title}", ticket.number)),
            title,
            requester_name: ticket.requester.name.as_str(),
            requester_email: ticket.requester.email.as_str(),
            responsible_name: name(&ticket.responsible),
            responsible_email: email(&ticket.responsible),
            group_name: name(&ticket.group),
            group_email: email(&ticket.group),
            status: ticket.status.as_str(),
            contract: ticket.contract.as_deref(),
            locale: ticket.locale.map(Locale::as_str),
            attributes: serde_json::to_string(&ticket.attributes).expect("a map of texts is JSON"),
            version: version.0,
            created_at: micros(ticket.created_at),
            updated_at: micros(ticket.updated_at),
            closed_at: ticket.closed_at.map(micros),
            follows: ticket.follows.as_ref().map(TicketNumber::as_str),
        }
    }
}

/// The form in which texts are searched: databases fold ASCII alone, or by their own lights.
pub(crate) fn search_text(text: &str) -> String {
    text.to_lowercase()
}

/// A pattern, escaped by `\`, for texts in that form which hold this one.
pub(crate) fn containing(text: &str) -> String {
    let literal = search_text(&storable(text))
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{literal}%")
}

/// A stored watcher.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ticket_watcher)]
pub(crate) struct WatcherRow {
    pub(crate) ticket: Key,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// A watcher to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = ticket_watcher)]
pub(crate) struct NewWatcherRow<'a> {
    ticket: Key,
    position: i64,
    name: &'a str,
    email: &'a str,
}

impl<'a> NewWatcherRow<'a> {
    pub(crate) fn all_of(ticket: &'a Ticket) -> Vec<Self> {
        (0..)
            .zip(&ticket.watchers)
            .map(|(position, watcher)| Self {
                ticket: Key(ticket.id.0),
                position,
                name: watcher.name.as_str(),
                email: watcher.email.as_str(),
            })
            .collect()
    }
}
