//! The portal: a requester's tickets, and the conversation on one. A phone's page first.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_domain::person::Role;
use recado_domain::ticket::TicketStatus;
use recado_ports::inbox::View;
use recado_ports::page::{PageLimit, PageRequest};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::conversation::list::{Hit, Item, search, searched};
use super::conversation::{
    self, At, Draft, Face, Spoken, Talk, TicketView, Write, number, page_title, spoken,
};
use super::page::{see_other, segment};
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::visit::{SignedIn, Wanted};

const FACE: Face = Face::Portal;

/// Messages that a search shows below the tickets.
const HITS: u64 = 20;

/// The portal's routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/tickets", list_tickets)
        .get("/tickets/{number}", get_ticket)
        .get("/tickets/{number}/head", get_head)
        .post("/tickets/{number}/messages", conversation::post_message)
        .get("/tickets/{number}/comments/{id}", conversation::get_comment)
        .post("/tickets/{number}/comments/{id}/undo", conversation::undo)
        .post("/tickets/{number}/comments/{id}/withdraw", conversation::withdraw)
        .post(
            "/tickets/{number}/comments/{id}/internal",
            conversation::make_internal,
        )
        .get(
            "/tickets/{number}/comments/{id}/files/{file}",
            conversation::get_file,
        )
        .post("/tickets/{number}/mute", conversation::mute)
        .post("/tickets/{number}/unmute", conversation::unmute)
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    q: Option<String>,
    status: Option<String>,
    after: Option<String>,
}

/// Which tickets the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Open,
    Closed,
    All,
}

impl Which {
    fn parse(text: Option<&str>) -> Self {
        match text {
            Some("closed") => Self::Closed,
            Some("all") => Self::All,
            _ => Self::Open,
        }
    }

    fn status(self) -> Option<TicketStatus> {
        match self {
            Self::Open => Some(TicketStatus::Open),
            Self::Closed => Some(TicketStatus::Closed),
            Self::All => None,
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Closed => "status=closed",
            Self::All => "status=all",
        }
    }
}

#[derive(Debug, Serialize)]
struct Tab {
    href: String,
    key: &'static str,
    is_current: bool,
}

#[derive(Debug, Serialize)]
struct ListPage {
    q: String,
    status: Option<&'static str>,
    tabs: Vec<Tab>,
    list_path: String,
    items: Vec<Item>,
    next_path: Option<String>,
    found: Vec<Hit>,
    is_empty: bool,
    empty_key: &'static str,
    empty_hint: &'static str,
}

/// `/tickets`
async fn list_tickets(
    State(shared): State<Shared>,
    visit: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Response, WebRefusal> {
    let which = Which::parse(query.status.as_deref());
    let text = searched(query.q.as_deref());
    let inbox = &shared.pages.read_inbox;
    let actor = visit.actor();
    // Whoever works at the desk has there what is the desk's.
    let view = if actor.role() >= Role::Technician {
        View::Asked
    } else {
        View::All
    };
    let request = PageRequest {
        after: query.after,
        limit: PageLimit::default(),
    };
    let page = inbox
        .list(actor, view, which.status(), text.clone(), &request)
        .await?;
    let found = match &text {
        Some(text) if request.after.is_none() => {
            let request = PageRequest {
                after: None,
                limit: PageLimit::clamp(HITS),
            };
            let found = search(inbox, actor, text, &request).await?;
            found
                .items
                .iter()
                .map(|found| Hit::new(found, FACE, text))
                .collect()
        }
        _ => Vec::new(),
    };
    let path = |which: Which, more: Option<String>| {
        let q = text.as_deref().map(|text| format!("q={}", segment(text)));
        let status = Some(which.query().to_owned()).filter(|query| !query.is_empty());
        let parts: Vec<_> = [q, status, more].into_iter().flatten().collect();
        if parts.is_empty() {
            "/tickets".to_owned()
        } else {
            format!("/tickets?{}", parts.join("&"))
        }
    };
    let tab = |key, tab: Which| Tab {
        href: path(tab, None),
        key,
        is_current: tab == which,
    };
    let (empty_key, empty_hint) = match (which, &text) {
        (_, Some(_)) => ("tickets-none-found", "tickets-none-found-hint"),
        (Which::Open, None) => ("tickets-none-open", "tickets-none-open-hint"),
        (Which::Closed, None) => ("tickets-none-closed", "tickets-none-closed-hint"),
        (Which::All, None) => ("tickets-none", "tickets-none-open-hint"),
    };
    let context = ListPage {
        tabs: vec![
            tab("tickets-open", Which::Open),
            tab("tickets-closed", Which::Closed),
            tab("tickets-all", Which::All),
        ],
        status: (which != Which::Open).then(|| which.query().trim_start_matches("status=")),
        list_path: path(which, None),
        is_empty: page.items.is_empty() && found.is_empty(),
        next_path: page
            .next
            .map(|next| path(which, Some(format!("after={}", segment(&next))))),
        items: page
            .items
            .into_iter()
            .map(|summary| Item::new(summary, FACE, actor, "", None))
            .collect(),
        found,
        empty_key,
        empty_hint,
        q: text.clone().unwrap_or_default(),
    };
    Ok(match visit.wanted {
        Wanted::Page => visit.page("conversation/tickets.html", "tickets-title", context),
        Wanted::Fragment => visit.fragment("conversation/tickets_list.html", context),
    })
}

#[derive(Debug, Serialize)]
struct TicketPage {
    ticket: TicketView,
    talk: Talk,
    write: Write,
    with_words: bool,
}

/// `/tickets/{number}`
async fn get_ticket(
    State(shared): State<Shared>,
    visit: SignedIn,
    Path(ticket): Path<String>,
    Query(at): Query<At>,
) -> Result<Response, WebRefusal> {
    let number = number(&ticket)?;
    let mut spoken = spoken(&shared, &visit, &number, &at).await?;
    if visit.wanted == Wanted::Fragment {
        let context = Earlier {
            talk: spoken.talk(FACE, &visit, &at),
        };
        return Ok(visit.fragment("conversation/messages.html", context));
    }
    // Links in mails lead here, whoever gets them; a technician works on the ticket at the desk.
    let is_mine = visit
        .actor()
        .party()
        .is_some_and(|party| party.email == spoken.ticket.requester.email);
    if visit.actor().role() >= Role::Technician && !is_mine {
        return Ok(see_other(&Face::Desk.ticket(&spoken.ticket.number)));
    }
    ticket_page(&shared, &visit, spoken, &at, Draft::default(), StatusCode::OK).await
}

/// Messages for the script to put above those that are shown.
#[derive(Debug, Serialize)]
pub(super) struct Earlier {
    pub(super) talk: Talk,
}

/// A conversation's page, with what stands in the write box.
pub(super) async fn ticket_page(
    shared: &Shared,
    visit: &SignedIn,
    mut spoken: Spoken,
    at: &At,
    draft: Draft,
    status: StatusCode,
) -> Result<Response, WebRefusal> {
    let muting = shared
        .pages
        .set_preference
        .muting(visit.actor(), &spoken.ticket.number)
        .await?;
    let write = Write::new(shared, visit, FACE, &spoken.ticket, draft).await?;
    let context = TicketPage {
        talk: spoken.talk(FACE, visit, at),
        ticket: TicketView::new(&spoken.ticket, FACE, visit.actor.as_ref()).muted(muting),
        write,
        with_words: false,
    };
    let title = page_title(&spoken.ticket);
    Ok(visit.page_with(status, "conversation/ticket.html", title, context))
}

#[derive(Debug, Serialize)]
struct Head {
    ticket: TicketView,
    with_words: bool,
}

/// `/tickets/{number}/head`: for the script, after the ticket changed.
async fn get_head(
    State(shared): State<Shared>,
    visit: SignedIn,
    Path(ticket): Path<String>,
) -> Result<Response, WebRefusal> {
    let number = number(&ticket)?;
    let ticket = shared.api.read_tickets.find(visit.actor(), &number).await?;
    if visit.wanted == Wanted::Page {
        return Ok(see_other(&FACE.ticket(&ticket.number)));
    }
    let muting = shared.pages.set_preference.muting(visit.actor(), &number).await?;
    let context = Head {
        ticket: TicketView::new(&ticket, FACE, visit.actor.as_ref()).muted(muting),
        with_words: false,
    };
    Ok(visit.fragment("conversation/head.html", context))
}
