//! What the desk does with a ticket: who answers for it, who follows it, whether it is open.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_domain::person::{EmailAddress, Party};
use recado_domain::ticket::TicketNumber;
use serde::Deserialize;

use super::FACE;
use super::facts::{head, show};
use crate::web::Shared;
use crate::web::conversation::number;
use crate::web::form::Form;
use crate::web::page::see_other_with;
use crate::web::refusal::WebRefusal;
use crate::web::visit::{SignedIn, SignedInDesk, Wanted};

/// A form that says everything by its address.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Who is to answer for the ticket.
#[derive(Deserialize)]
pub(super) struct Assignment {
    /// `me`, nothing for nobody, or somebody as people write them.
    to: String,
}

/// `POST /desk/{number}/assign`
pub(super) async fn assign(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    Form(visit, assignment): Form<SignedInDesk, Assignment>,
) -> Result<Response, WebRefusal> {
    let number = number(&ticket)?;
    let to = match assignment.to.trim() {
        "" => None,
        "me" => visit.actor().party().cloned(),
        somebody => match person(somebody) {
            Some(party) => Some(party),
            None => return wrong_person(&shared, &visit, &number).await,
        },
    };
    shared
        .pages
        .manage_ticket
        .assign(visit.actor(), &number, to)
        .await?;
    changed(&shared, &visit, &number, "flash-assigned").await
}

/// Who is to follow the ticket, or no longer.
#[derive(Deserialize)]
pub(super) struct Watchers {
    #[serde(default)]
    add: String,
    #[serde(default)]
    remove: String,
}

/// `POST /desk/{number}/watchers`
pub(super) async fn change_watchers(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    Form(visit, watchers): Form<SignedInDesk, Watchers>,
) -> Result<Response, WebRefusal> {
    let number = number(&ticket)?;
    let manage = &shared.pages.manage_ticket;
    if watchers.remove.is_empty() {
        let Some(party) = person(&watchers.add) else {
            return wrong_person(&shared, &visit, &number).await;
        };
        manage.add_watcher(visit.actor(), &number, party).await?;
        return changed(&shared, &visit, &number, "flash-watcher-added").await;
    }
    let Ok(email) = EmailAddress::parse(&watchers.remove) else {
        return wrong_person(&shared, &visit, &number).await;
    };
    manage.remove_watcher(visit.actor(), &number, &email).await?;
    changed(&shared, &visit, &number, "flash-watcher-removed").await
}

/// `POST /desk/{number}/close`
pub(super) async fn close(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    Form(visit, Nothing {}): Form<SignedInDesk, Nothing>,
) -> Result<Response, WebRefusal> {
    let number = number(&ticket)?;
    shared.pages.manage_ticket.close(visit.actor(), &number).await?;
    status_changed(&shared, &visit, &number, "flash-closed").await
}

/// `POST /desk/{number}/reopen`
pub(super) async fn reopen(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    Form(visit, Nothing {}): Form<SignedInDesk, Nothing>,
) -> Result<Response, WebRefusal> {
    let number = number(&ticket)?;
    shared.pages.manage_ticket.reopen(visit.actor(), &number).await?;
    status_changed(&shared, &visit, &number, "flash-reopened").await
}

async fn status_changed(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
    flash: &'static str,
) -> Result<Response, WebRefusal> {
    match visit.wanted {
        Wanted::Page => Ok(see_other_with(&FACE.ticket(number), flash)),
        Wanted::Fragment => head(shared, visit, number).await,
    }
}

async fn changed(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
    flash: &'static str,
) -> Result<Response, WebRefusal> {
    match visit.wanted {
        Wanted::Page => Ok(see_other_with(&FACE.ticket(number), flash)),
        Wanted::Fragment => show(shared, visit, number, None, StatusCode::OK).await,
    }
}

/// Whom nobody could write to.
async fn wrong_person(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
) -> Result<Response, WebRefusal> {
    let problem = Some("facts-person-wrong");
    // The script shows what it gets when it went well; the facts say themselves that it did not.
    let status = match visit.wanted {
        Wanted::Page => StatusCode::UNPROCESSABLE_ENTITY,
        Wanted::Fragment => StatusCode::OK,
    };
    show(shared, visit, number, problem, status).await
}

/// Somebody as people write them: an address, or a name before it: `Ana Peña <ana@example.com>`.
fn person(text: &str) -> Option<Party> {
    let text = text.trim();
    let (name, email) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, email)) => (name.trim().trim_matches('"').trim(), email),
        None => ("", text),
    };
    Party::parse(name, email.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_read_as_people_write_them() {
        let read = |text| {
            person(text).map(|party| (party.name.as_str().to_owned(), party.email.as_str().to_owned()))
        };
        let ana = |name: &str| Some((name.to_owned(), "ana@example.com".to_owned()));
        assert_eq!(read(" Ana@example.com "), ana(""));
        assert_eq!(read("Ana Peña <ana@example.com>"), ana("Ana Peña"));
        assert_eq!(read("\"Peña, Ana\" <ana@example.com>"), ana("Peña, Ana"));
        for wrong in ["", "Ana", "Ana <>", "<ana>", "a@b <"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
