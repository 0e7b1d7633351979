//! The ledger of incoming mail: everything that came, and what became of it.

use axum::extract::{Query, State};
use axum::response::Response;
use recado_app::read_mails::MailQuery;
use recado_domain::ledger::Outcome;
use recado_domain::ticket::TicketNumber;
use recado_ports::page::Page as PageOf;
use serde::{Deserialize, Serialize};

use super::Within;
use crate::api::List;
use crate::web::quarantine::Row;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::SignedInAdministrator;
use crate::web::{Shared, paging};

const HERE: &str = "/administration/mails";

pub(super) fn routes() -> Routes {
    Routes::new().get("/administration/mails", list)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    ticket: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct Page {
    outcomes: Vec<&'static str>,
    chosen: Option<&'static str>,
    ticket: String,
    is_filtered: bool,
    mails: Vec<Row>,
    next: Option<String>,
}

async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let outcome = Outcome::parse(&filter.outcome);
    let ticket = filter.ticket.trim();
    let number = TicketNumber::parse(ticket);
    let request = paging::request(List::Mails, filter.after.as_deref())?;
    let found = match number {
        // What is no number is no ticket's.
        Err(_) if !ticket.is_empty() => PageOf {
            items: Vec::new(),
            next: None,
        },
        number => {
            let query = MailQuery {
                outcome,
                ticket: number.ok(),
            };
            shared
                .api
                .read_mails
                .list(visit.actor(), &query, &request)
                .await?
        }
    };
    let chosen = outcome.map(Outcome::as_str);
    let filters = [("outcome", chosen.unwrap_or_default()), ("ticket", ticket)];
    let page = Page {
        outcomes: Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect(),
        chosen,
        is_filtered: chosen.is_some() || !ticket.is_empty(),
        next: paging::next(List::Mails, HERE, &filters, found.next.as_deref()),
        ticket: ticket.to_owned(),
        mails: found
            .items
            .into_iter()
            .map(|mail| Row::of(mail, "?from=ledger"))
            .collect(),
    };
    Ok(visit.page(
        "administration/mails.html",
        "mails-title",
        Within::new("mails", page),
    ))
}
