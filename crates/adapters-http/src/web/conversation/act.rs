//! What is done with a message that is there already, and with the mail about a ticket.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use recado_domain::preference::Muting;
use recado_domain::ticket::TicketNumber;
use recado_ports::comments::Retraction;
use serde::{Deserialize, Serialize};

use super::write::with_draft;
use super::{Draft, Face, TicketView, comment_id, face, number, talk};
use crate::web::Shared;
use crate::web::form::Form;
use crate::web::page::see_other_with;
use crate::web::refusal::WebRefusal;
use crate::web::visit::{SignedIn, Wanted};

/// A form that says everything by its address.
#[derive(Deserialize)]
pub(in crate::web) struct Nothing {}

/// `POST …/comments/{id}/undo`: takes a message back before anybody else saw it, for its author to write it anew.
pub(in crate::web) async fn undo(
    State(shared): State<Shared>,
    Path((ticket, comment)): Path<(String, String)>,
    Form(visit, Nothing {}): Form<SignedIn, Nothing>,
) -> Result<Response, WebRefusal> {
    let (face, number, id) = (face(&visit)?, number(&ticket)?, comment_id(&comment)?);
    let (_, found) = shared.api.read_comments.find(visit.actor(), &number, id).await?;
    let now = shared.options.clock.now();
    if found.held_until.is_none_or(|until| until <= now) {
        // The mails are due, and the other side may have read it: that is for `withdraw`, which says so.
        return Err(WebRefusal::Conflict("the message has left".to_owned()));
    }
    let retract = &shared.api.retract_comment;
    retract
        .run(visit.actor(), &number, id, Retraction::Withdraw)
        .await?;
    match visit.wanted {
        Wanted::Fragment => Ok(StatusCode::NO_CONTENT.into_response()),
        Wanted::Page => {
            let draft = Draft::undone(found.comment.text.as_str(), found.comment.visibility);
            with_draft(&shared, &visit, face, &number, draft, StatusCode::OK).await
        }
    }
}

/// `POST …/comments/{id}/withdraw`
pub(in crate::web) async fn withdraw(
    State(shared): State<Shared>,
    Path((ticket, comment)): Path<(String, String)>,
    Form(visit, Nothing {}): Form<SignedIn, Nothing>,
) -> Result<Response, WebRefusal> {
    let (face, number, id) = (face(&visit)?, number(&ticket)?, comment_id(&comment)?);
    let retract = &shared.api.retract_comment;
    retract
        .run(visit.actor(), &number, id, Retraction::Withdraw)
        .await?;
    Ok(match visit.wanted {
        Wanted::Fragment => StatusCode::NO_CONTENT.into_response(),
        Wanted::Page => see_other_with(&face.ticket(&number), "flash-withdrawn"),
    })
}

/// `POST …/comments/{id}/internal`
pub(in crate::web) async fn make_internal(
    State(shared): State<Shared>,
    Path((ticket, comment)): Path<(String, String)>,
    Form(visit, Nothing {}): Form<SignedIn, Nothing>,
) -> Result<Response, WebRefusal> {
    let (face, number, id) = (face(&visit)?, number(&ticket)?, comment_id(&comment)?);
    let retract = &shared.api.retract_comment;
    retract
        .run(visit.actor(), &number, id, Retraction::MakeInternal)
        .await?;
    match visit.wanted {
        Wanted::Fragment => talk::one(&shared, &visit, face, &number, id).await,
        Wanted::Page => Ok(see_other_with(&face.ticket(&number), "flash-made-internal")),
    }
}

/// `POST …/mute`
pub(in crate::web) async fn mute(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    Form(visit, Nothing {}): Form<SignedIn, Nothing>,
) -> Result<Response, WebRefusal> {
    set(&shared, &visit, &number(&ticket)?, Muting::Muted).await
}

/// `POST …/unmute`
pub(in crate::web) async fn unmute(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    Form(visit, Nothing {}): Form<SignedIn, Nothing>,
) -> Result<Response, WebRefusal> {
    set(&shared, &visit, &number(&ticket)?, Muting::Heard).await
}

#[derive(Serialize)]
struct MuteButton {
    ticket: TicketView,
    with_words: bool,
}

async fn set(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
    muting: Muting,
) -> Result<Response, WebRefusal> {
    let face = face(visit)?;
    shared
        .pages
        .set_preference
        .mute(visit.actor(), number, muting)
        .await?;
    if visit.wanted == Wanted::Page {
        let flash = match muting {
            Muting::Muted => "flash-muted",
            Muting::Heard => "flash-heard",
        };
        return Ok(see_other_with(&face.ticket(number), flash));
    }
    let ticket = shared.api.read_tickets.find(visit.actor(), number).await?;
    let context = MuteButton {
        ticket: TicketView::new(&ticket, face, visit.actor.as_ref()).muted(muting),
        with_words: face == Face::Desk,
    };
    Ok(visit.fragment("conversation/mute.html", context))
}
