//! Lists of tickets, and of what a search found.

use jiff::Timestamp;
use recado_app::access::{Actor, Refusal};
use recado_app::read_inbox::ReadInbox;
use recado_domain::comment::Visibility;
use recado_domain::ticket::{TicketNumber, TicketStatus};
use recado_ports::inbox::{Found, TicketSummary};
use recado_ports::page::{Page, PageRequest};
use serde::Serialize;

use super::text::Segment;
use super::{Face, mark, name};

/// Longest text that somebody can search for, in characters.
const QUERY_CHARS: usize = 200;

/// What somebody searches for; `None` when it is nothing. PostgreSQL takes no NUL.
pub(in crate::web) fn searched(text: Option<&str>) -> Option<String> {
    let text: String = text?
        .chars()
        .filter(|c| !c.is_control())
        .take(QUERY_CHARS)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Pages of a search that are read for one with something on it: what is not the visitor's to find leaves gaps.
const SEARCHED_PAGES: usize = 5;

/// Messages that hold the words, the newest first.
pub(in crate::web) async fn search(
    inbox: &ReadInbox,
    actor: &Actor,
    text: &str,
    request: &PageRequest,
) -> Result<Page<Found>, Refusal> {
    let mut page = inbox.search(actor, text, request).await?;
    for _ in 1..SEARCHED_PAGES {
        let Some(next) = page.next.take_if(|_| page.items.is_empty()) else {
            break;
        };
        let request = PageRequest {
            after: Some(next),
            ..request.clone()
        };
        page = inbox.search(actor, text, &request).await?;
    }
    Ok(page)
}

#[derive(Debug, Serialize)]
struct Last {
    author: String,
    is_own: bool,
    is_internal: bool,
    beginning: String,
}

/// A ticket in a list.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark that the template shows or not"
)]
pub(in crate::web) struct Item {
    href: String,
    number: String,
    title: String,
    at: Timestamp,
    last: Option<Last>,
    /// The other side, where the list is the requester's.
    other: Option<String>,
    is_unread: bool,
    is_unanswered: bool,
    is_undelivered: bool,
    is_closed: bool,
    is_current: bool,
}

impl Item {
    /// `query` goes along, so that the list stays as it is when one opens the ticket.
    pub(in crate::web) fn new(
        summary: TicketSummary,
        face: Face,
        actor: &Actor,
        query: &str,
        current: Option<&TicketNumber>,
    ) -> Self {
        let ticket = summary.ticket;
        let me = actor.party().map(|party| &party.email);
        let is_desk = face == Face::Desk;
        let number = ticket.number.as_str().to_owned();
        let other = ticket.responsible.as_ref().or(ticket.group.as_ref());
        Self {
            href: format!("{}{query}", face.ticket(&ticket.number)),
            is_current: current.is_some_and(|current| current.folded() == ticket.number.folded()),
            at: summary.last.as_ref().map_or(ticket.created_at, |last| last.at),
            last: summary.last.map(|last| Last {
                author: name(&last.author).to_owned(),
                is_own: me == Some(&last.author.email),
                is_internal: last.visibility == Visibility::Internal,
                beginning: last.beginning,
            }),
            other: other.filter(|_| !is_desk).map(|party| name(party).to_owned()),
            is_unread: summary.is_unread,
            is_unanswered: is_desk && summary.is_unanswered,
            is_undelivered: is_desk && summary.is_undelivered,
            is_closed: ticket.status == TicketStatus::Closed,
            title: match ticket.title.trim() {
                "" => number.clone(),
                title => title.to_owned(),
            },
            number,
        }
    }
}

/// A message that a search found.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Hit {
    href: String,
    number: String,
    title: String,
    author: String,
    at: Timestamp,
    is_internal: bool,
    segments: Vec<Segment>,
}

impl Hit {
    pub(in crate::web) fn new(found: &Found, face: Face, text: &str) -> Self {
        let q = match face {
            Face::Portal => String::new(),
            Face::Desk => format!("q={}&", crate::web::page::segment(text)),
        };
        let id = found.comment.0;
        Self {
            href: format!("{}?{q}at={id}#m-{id}", face.ticket(&found.ticket)),
            number: found.ticket.as_str().to_owned(),
            title: found.title.clone(),
            author: name(&found.author).to_owned(),
            at: found.at,
            is_internal: found.visibility == Visibility::Internal,
            segments: mark::excerpt(&found.text, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_short_and_holds_no_controls() {
        assert_eq!(searched(Some(" a\0b ")), Some("ab".to_owned()));
        assert_eq!(searched(Some(" \t")), None);
        assert_eq!(searched(None), None);
        assert_eq!(
            searched(Some(&"ñ".repeat(300))).unwrap().chars().count(),
            QUERY_CHARS
        );
    }
}
