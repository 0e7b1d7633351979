//! The lists of tickets that a person works with, and the search through what was said on them.

use std::sync::Arc;

use recado_domain::audience::Viewer;
use recado_domain::person::Role;
use recado_domain::ticket::{TicketNumber, TicketStatus};
use recado_ports::clock::Clock;
use recado_ports::inbox::{Counts, Found, Inbox, InboxQuery, TicketSummary, View};
use recado_ports::page::{Page, PageRequest};
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};

/// Longest text that is searched for, in characters; the rest is not looked at.
const SEARCH_CHARS: usize = 200;

/// Reads lists and searches.
pub struct ReadInbox {
    /// Where they are.
    pub inbox: Arc<dyn Inbox>,
    /// For a ticket by its number.
    pub tickets: Arc<dyn Tickets>,
    /// Dates what was read.
    pub clock: Arc<dyn Clock>,
}

impl ReadInbox {
    /// Tickets that the actor sees, the one with the newest comment first. `text` is looked for in number and title.
    /// Whether mails failed is told to those alone who may read the ticket's internal comments.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for a list of the desk's that the actor may not have.
    pub async fn list(
        &self,
        actor: &Actor,
        view: View,
        status: Option<TicketStatus>,
        text: Option<String>,
        page: &PageRequest,
    ) -> Result<Page<TicketSummary>, Refusal> {
        if view == View::Undelivered {
            actor.require(Role::Technician, "reading whose mails failed")?;
        }
        let query = InboxQuery {
            viewer: viewer(actor)?,
            view,
            status,
            text: text.map(|text| searched(&text)).filter(|text| !text.is_empty()),
        };
        let page = self.inbox.list(&query, page).await?;
        Ok(page.map(|summary| TicketSummary {
            is_undelivered: summary.is_undelivered && actor.sees_internal(&summary.ticket),
            ..summary
        }))
    }

    /// How many open tickets the desk's lists have; the desk may.
    pub async fn counts(&self, actor: &Actor) -> Result<Counts, Refusal> {
        actor.require(Role::Technician, "reading the desk's lists")?;
        Ok(self.inbox.counts(&viewer(actor)?).await?)
    }

    /// Comments that hold every word of the text and that the actor may read, the newest first. Nothing for a text
    /// without words.
    pub async fn search(
        &self,
        actor: &Actor,
        text: &str,
        page: &PageRequest,
    ) -> Result<Page<Found>, Refusal> {
        let text = searched(text);
        if !text.chars().any(char::is_alphanumeric) {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        Ok(self.inbox.search(&viewer(actor)?, &text, page).await?)
    }

    /// Notes that the actor has read a ticket up to now.
    pub async fn mark_read(&self, actor: &Actor, number: &TicketNumber) -> Result<(), Refusal> {
        let viewer = viewer(actor)?;
        let found = self.tickets.find(number).await?;
        let ticket = found
            .filter(|ticket| viewer.sees(ticket))
            .ok_or_else(|| Refusal::NotFound(format!("ticket {number}")))?;
        Ok(self
            .inbox
            .mark_read(&viewer.email, ticket.id, self.clock.now())
            .await?)
    }
}

fn viewer(actor: &Actor) -> Result<Viewer, Refusal> {
    actor
        .viewer()
        .ok_or_else(|| Refusal::Forbidden("the command line is nobody's account and has no lists".to_owned()))
}

/// One line without control characters, cut.
fn searched(text: &str) -> String {
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    let line = words
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    line.chars().take(SEARCH_CHARS).collect()
}
