//! The desk: the list on one side, the conversation in the middle, the ticket's facts on the other. Each is a fragment
//! of its own, and a page without scripts is all three.

mod act;
mod facts;
mod list;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_domain::preference::Muting;
use recado_domain::ticket::Ticket;
use serde::Serialize;

use super::Shared;
use super::conversation::{
    self, At, Draft, Extent, Face, Mail, Spoken, Talk, TicketView, Write, number, page_title, spoken,
};
use super::page::see_other;
use super::portal::Earlier;
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::visit::{SignedIn, SignedInDesk, Wanted};
use facts::{Facts, get_facts, get_head};
use list::{List, ListQuery};

const FACE: Face = Face::Desk;

/// The desk's routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/desk", get_desk)
        .get("/desk/search", search)
        .get("/desk/{number}", get_ticket)
        .get("/desk/{number}/head", get_head)
        .get("/desk/{number}/facts", get_facts)
        .post("/desk/{number}/messages", conversation::post_message)
        .get("/desk/{number}/comments/{id}", conversation::get_comment)
        .post("/desk/{number}/comments/{id}/undo", conversation::undo)
        .post("/desk/{number}/comments/{id}/withdraw", conversation::withdraw)
        .post(
            "/desk/{number}/comments/{id}/internal",
            conversation::make_internal,
        )
        .get(
            "/desk/{number}/comments/{id}/files/{file}",
            conversation::get_file,
        )
        .post("/desk/{number}/mute", conversation::mute)
        .post("/desk/{number}/unmute", conversation::unmute)
        .post("/desk/{number}/assign", act::assign)
        .post("/desk/{number}/close", act::close)
        .post("/desk/{number}/reopen", act::reopen)
        .post("/desk/{number}/watchers", act::change_watchers)
}

/// Which of the panes a narrow window shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Pane {
    List,
    Talk,
    Facts,
}

/// The whole desk. The parts of a ticket are empty while none is open.
#[derive(Debug, Serialize)]
struct DeskPage {
    pane: Pane,
    events: String,
    #[serde(flatten)]
    list: List,
    ticket: Option<TicketView>,
    talk: Talk,
    write: Option<Write>,
    mails: Vec<Mail>,
    mails_path: String,
    /// What is wrong with what was written into the facts.
    problem: Option<&'static str>,
    with_words: bool,
}

impl DeskPage {
    /// The list alone.
    fn of(list: List) -> Self {
        Self {
            pane: Pane::List,
            events: "/events".to_owned(),
            list,
            ticket: None,
            talk: Talk::default(),
            write: None,
            mails: Vec::new(),
            mails_path: String::new(),
            problem: None,
            with_words: true,
        }
    }
}

/// `/desk`
async fn get_desk(
    State(shared): State<Shared>,
    visit: SignedInDesk,
    Query(query): Query<ListQuery>,
) -> Result<Response, WebRefusal> {
    if visit.wanted == Wanted::Fragment {
        return list::fragment(&shared, &visit, &query).await;
    }
    let list = List::read(&shared, &visit, &query, None).await?;
    Ok(visit.page("desk/desk.html", "desk-title", DeskPage::of(list)))
}

/// `/desk/search`
async fn search(
    State(shared): State<Shared>,
    visit: SignedInDesk,
    Query(query): Query<ListQuery>,
) -> Result<Response, WebRefusal> {
    if visit.wanted == Wanted::Fragment {
        return list::fragment(&shared, &visit, &query).await;
    }
    if !query.is_search() {
        return Ok(see_other("/desk"));
    }
    let list = List::read(&shared, &visit, &query, None).await?;
    Ok(visit.page("desk/desk.html", "search-title", DeskPage::of(list)))
}

/// `/desk/{number}`
async fn get_ticket(
    State(shared): State<Shared>,
    visit: SignedInDesk,
    Path(ticket): Path<String>,
    Query(at): Query<At>,
) -> Result<Response, WebRefusal> {
    let mut spoken = spoken(&shared, &visit, &number(&ticket)?, &at).await?;
    if visit.wanted == Wanted::Fragment {
        let context = Earlier {
            talk: spoken.talk(FACE, visit.as_ref(), &at),
        };
        return Ok(visit.fragment("conversation/messages.html", context));
    }
    ticket_page(&shared, &visit, spoken, &at, Draft::default(), StatusCode::OK).await
}

/// A ticket at the desk, with what stands in the write box.
pub(super) async fn ticket_page(
    shared: &Shared,
    visit: &SignedIn,
    spoken: Spoken,
    at: &At,
    draft: Draft,
    status: StatusCode,
) -> Result<Response, WebRefusal> {
    let title = page_title(&spoken.ticket);
    let page = opened(shared, visit, spoken, at, draft).await?;
    Ok(visit.page_with(status, "desk/desk.html", title, page))
}

/// The desk with a ticket on it.
async fn opened(
    shared: &Shared,
    visit: &SignedIn,
    mut spoken: Spoken,
    at: &At,
    draft: Draft,
) -> Result<DeskPage, WebRefusal> {
    let query = ListQuery::of_path(&visit.path);
    let list = List::read(shared, visit, &query, Some(&spoken.ticket.number)).await?;
    let muting = muting(shared, visit, &spoken.ticket).await?;
    let write = Write::new(shared, visit, FACE, &spoken.ticket, draft).await?;
    let facts = Facts::new(
        &spoken.reading(FACE, visit, Extent::Beginning),
        &spoken.conversation,
        muting,
    );
    let talk = spoken.talk(FACE, visit, at);
    Ok(DeskPage {
        pane: Pane::Talk,
        ticket: Some(facts.ticket.listed_at(query.path("/desk"))),
        talk,
        write: Some(write),
        mails: facts.mails,
        mails_path: facts.mails_path,
        ..DeskPage::of(list)
    })
}

async fn muting(shared: &Shared, visit: &SignedIn, ticket: &Ticket) -> Result<Muting, WebRefusal> {
    let preference = &shared.pages.set_preference;
    Ok(preference.muting(visit.actor(), &ticket.number).await?)
}
