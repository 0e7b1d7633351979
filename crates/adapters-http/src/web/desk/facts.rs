//! A ticket's facts at the desk, and its head: what stands around the conversation.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_app::read_comments::Conversation;
use recado_domain::preference::Muting;
use recado_domain::ticket::TicketNumber;
use serde::Serialize;

use super::{DeskPage, FACE, Pane, muting, opened};
use crate::web::Shared;
use crate::web::conversation::{At, Draft, Extent, Mail, Reading, TicketView, number, page_title, spoken};
use crate::web::page::{see_other, segment};
use crate::web::refusal::WebRefusal;
use crate::web::visit::{SignedIn, SignedInDesk, Wanted};

/// Mails that the facts name; the page of deliveries has all of them.
const MAILS: usize = 6;

/// A ticket's facts, for templates.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) ticket: TicketView,
    pub(super) mails: Vec<Mail>,
    pub(super) mails_path: String,
    problem: Option<&'static str>,
    with_words: bool,
}

impl Facts {
    /// The facts, with the mails of the messages at hand.
    pub(super) fn new(reading: &Reading<'_>, conversation: &Conversation, muting: Muting) -> Self {
        let mut mails = reading.mails(&conversation.comments);
        mails.truncate(MAILS);
        let number = segment(reading.ticket.number.as_str());
        Self {
            ticket: TicketView::new(reading.ticket, FACE, reading.actor).muted(muting),
            mails,
            mails_path: format!("/desk/deliveries?ticket={number}"),
            problem: None,
            with_words: true,
        }
    }
}

/// `/desk/{number}/facts`
pub(super) async fn get_facts(
    State(shared): State<Shared>,
    visit: SignedInDesk,
    Path(ticket): Path<String>,
) -> Result<Response, WebRefusal> {
    show(&shared, &visit, &number(&ticket)?, None, StatusCode::OK).await
}

/// The facts, and what was wrong with what somebody wrote into them.
pub(super) async fn show(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<Response, WebRefusal> {
    let at = At::default();
    let spoken = spoken(shared, visit, number, &at).await?;
    if visit.wanted == Wanted::Fragment {
        let muting = muting(shared, visit, &spoken.ticket).await?;
        let reading = spoken.reading(FACE, visit, Extent::Beginning);
        let facts = Facts {
            problem,
            ..Facts::new(&reading, &spoken.conversation, muting)
        };
        return Ok(visit.fragment_with(status, "desk/facts_pane.html", facts));
    }
    let title = page_title(&spoken.ticket);
    let page = DeskPage {
        pane: Pane::Facts,
        problem,
        ..opened(shared, visit, spoken, &at, Draft::default()).await?
    };
    Ok(visit.page_with(status, "desk/desk.html", title, page))
}

#[derive(Debug, Serialize)]
struct Head {
    ticket: TicketView,
}

/// `/desk/{number}/head`: for the script, after the ticket changed.
pub(super) async fn get_head(
    State(shared): State<Shared>,
    visit: SignedInDesk,
    Path(ticket): Path<String>,
) -> Result<Response, WebRefusal> {
    head(&shared, &visit, &number(&ticket)?).await
}

/// The head as a fragment; as a page it is the ticket's.
pub(super) async fn head(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
) -> Result<Response, WebRefusal> {
    let ticket = shared.api.read_tickets.find(visit.actor(), number).await?;
    if visit.wanted == Wanted::Page {
        return Ok(see_other(&FACE.ticket(&ticket.number)));
    }
    let context = Head {
        ticket: TicketView::new(&ticket, FACE, visit.actor.as_ref()),
    };
    Ok(visit.fragment("desk/head_bar.html", context))
}
