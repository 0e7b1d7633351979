//! `/view/{token}`: a ticket by a signed link out of a mail, to read alone. Public comments, and no files: those need
//! somebody who signed in.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use recado_app::read_deliveries::HeldChannels;
use serde::Serialize;

use super::Shared;
use super::conversation::{At, Extent, Face, Reading, Talk, TicketView, page_title};
use super::page::segment;
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::visit::{Visit, Wanted};

/// The link's route.
pub(super) fn routes() -> Routes {
    Routes::new().get("/view/{token}", view)
}

#[derive(Debug, Serialize)]
struct ViewPage {
    ticket: TicketView,
    talk: Talk,
    sign_in_path: String,
}

async fn view(
    State(shared): State<Shared>,
    visit: Visit,
    Path(token): Path<String>,
    Query(at): Query<At>,
) -> Result<Response, WebRefusal> {
    let found = shared.pages.view_ticket.run(&token, at.before()).await?;
    let (ticket, conversation) = found.ok_or(WebRefusal::NotFound)?;
    let held = HeldChannels::default();
    let reading = Reading {
        face: Face::Portal,
        actor: None,
        ticket: &ticket,
        held: &held,
        now: shared.options.clock.now(),
        zone: &visit.zone,
        extent: Extent::Beginning,
    };
    let path = format!("/view/{}", segment(&token));
    let context = ViewPage {
        talk: Talk::new(&reading, conversation, &path, &at).read_only(),
        sign_in_path: format!("/sign-in?next={}", segment(&Face::Portal.ticket(&ticket.number))),
        ticket: TicketView::new(&ticket, Face::Portal, None),
    };
    let mut response = match visit.wanted {
        Wanted::Page => visit.page("conversation/view.html", page_title(&ticket), context),
        Wanted::Fragment => visit.fragment("conversation/messages.html", context),
    };
    // The address is the key: no other site learns it.
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
