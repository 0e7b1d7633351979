//! `/tickets`: another system keeps its tickets in step by PUT; everybody reads those that they see.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use jiff::Timestamp;
use recado_app::put_ticket::TicketChange;
use recado_domain::locale::Locale;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::{Ticket, TicketNumber, TicketStatus};
use recado_ports::templates::Written;
use recado_ports::tickets::TicketFilter;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::auth::Caller;
use super::fields::{self, Faults, Object};
use super::page::{List, ListView};
use super::people::PartyView;
use super::problem::Problem;
use super::request::{InPath, InQuery, JsonBody, number};
use super::{Shared, location};

const STATUSES: &[&str] = &["open", "closed"];

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(super) struct TicketView {
    #[schema(example = "INC-000123")]
    number: String,
    title: String,
    requester: PartyView,
    #[schema(required)]
    responsible: Option<PartyView>,
    #[schema(required)]
    group: Option<PartyView>,
    /// `open` or `closed`.
    #[schema(example = "open")]
    status: &'static str,
    #[schema(required)]
    contract: Option<String>,
    /// `es`, `pt` or `en`: the language of the dates in its mails.
    #[schema(required)]
    locale: Option<&'static str>,
    watchers: Vec<PartyView>,
    /// Values of further template keys, by name in upper case.
    attributes: BTreeMap<String, String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Null while it is open.
    #[schema(required)]
    closed_at: Option<Timestamp>,
    /// The number of the ticket that it goes on from: an answer by mail came too long after that one was closed.
    #[schema(required)]
    follows: Option<String>,
}

impl From<Ticket> for TicketView {
    fn from(ticket: Ticket) -> Self {
        Self {
            number: ticket.number.into(),
            title: ticket.title,
            requester: ticket.requester.into(),
            responsible: ticket.responsible.map(PartyView::from),
            group: ticket.group.map(PartyView::from),
            status: ticket.status.as_str(),
            contract: ticket.contract,
            locale: ticket.locale.map(Locale::as_str),
            watchers: ticket.watchers.into_iter().map(PartyView::from).collect(),
            attributes: ticket.attributes,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            closed_at: ticket.closed_at,
            follows: ticket.follows.map(String::from),
        }
    }
}

/// A ticket to put. What is absent stays as it is; null, or an empty list or object, clears.
#[derive(ToSchema)]
#[schema(as = TicketChange)]
#[expect(dead_code, reason = "describes the body; `change` reads it")]
struct TicketBody {
    /// One line, at most 1,000 characters. A new ticket needs it.
    #[schema(nullable = false)]
    title: Option<String>,
    /// Who asked. A new ticket needs one.
    #[schema(nullable = false)]
    requester: Option<PartyView>,
    /// The technician who answers for it.
    responsible: Option<PartyView>,
    /// The group that answers for it while nobody does.
    group: Option<PartyView>,
    /// `open` or `closed`; a new ticket is open unless told.
    #[schema(nullable = false)]
    status: Option<String>,
    contract: Option<String>,
    /// `es`, `pt` or `en`, or a longer tag that begins so.
    locale: Option<String>,
    /// They get every public comment.
    watchers: Option<Vec<PartyView>>,
    /// Values of further template keys; replaces all.
    attributes: Option<BTreeMap<String, String>>,
}

fn change(body: &mut Object, faults: &mut Faults) -> TicketChange {
    TicketChange {
        title: body.take("title").kept(faults, fields::text),
        requester: body.take("requester").kept(faults, fields::party),
        responsible: body.take("responsible").clearable(faults, fields::party),
        group: body.take("group").clearable(faults, fields::party),
        status: body
            .take("status")
            .kept(faults, fields::word(STATUSES, TicketStatus::parse)),
        contract: body.take("contract").clearable(faults, fields::text),
        locale: body
            .take("locale")
            .clearable(faults, fields::parsed(Locale::parse)),
        watchers: body
            .take("watchers")
            .clearable(faults, fields::list(fields::party))
            .map(Option::unwrap_or_default),
        attributes: body
            .take("attributes")
            .clearable(faults, fields::texts)
            .map(Option::unwrap_or_default),
    }
}

/// Puts a ticket
///
/// Creates or changes it. Needs the role technician or administrator.
#[utoipa::path(
    put, path = "/tickets/{number}", tag = "tickets",
    params(("number" = String, Path, description = "The ticket's number, percent-encoded")),
    request_body = TicketBody,
    responses(
        (status = 200, description = "Changed", body = TicketView),
        (status = 201, description = "Created", body = TicketView, headers(("Location" = String))),
    ),
)]
pub(super) async fn put_ticket(
    State(state): State<Shared>,
    caller: Caller,
    InPath(number): InPath<String>,
    body: JsonBody,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<TicketView>), Problem> {
    let number = TicketNumber::parse(&number).map_err(|error| Problem::field("number", error))?;
    let change = body.read(|body, faults| Some(change(body, faults)))?;
    let (written, ticket) = state.api.put_ticket.run(&caller.actor, &number, change).await?;
    let place = location(&["tickets", ticket.number.as_str()]);
    Ok((
        written_status(written),
        [(header::LOCATION, place)],
        Json(ticket.into()),
    ))
}

/// The status that tells a new object from a replaced one.
pub(super) fn written_status(written: Written) -> StatusCode {
    match written {
        Written::Created => StatusCode::CREATED,
        Written::Replaced => StatusCode::OK,
    }
}

/// Reads a ticket
#[utoipa::path(
    get, path = "/tickets/{number}", tag = "tickets",
    params(("number" = String, Path, description = "The ticket's number, percent-encoded")),
    responses((status = 200, description = "The ticket", body = TicketView)),
)]
pub(super) async fn get_ticket(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<TicketView>, Problem> {
    let ticket = state
        .api
        .read_tickets
        .find(&caller.actor, &number(&text)?)
        .await?;
    Ok(Json(ticket.into()))
}

/// Which tickets to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; `list_tickets` reads it")]
struct TicketQuery {
    /// `open` or `closed`.
    status: Option<String>,
    /// The responsible's address.
    responsible: Option<String>,
    /// The requester's address.
    requester: Option<String>,
    /// A text in number or title, in any letter case.
    q: Option<String>,
    /// 1 to 500, 50 unless told.
    limit: Option<u16>,
    /// The cursor that the page before ended with.
    after: Option<String>,
}

/// Lists tickets, newest first
///
/// Those that the token's account sees.
#[utoipa::path(
    get, path = "/tickets", tag = "tickets",
    params(TicketQuery),
    responses((status = 200, description = "A page of tickets", body = ListView<TicketView>)),
)]
pub(super) async fn list_tickets(
    State(state): State<Shared>,
    caller: Caller,
    mut query: InQuery,
) -> Result<Json<ListView<TicketView>>, Problem> {
    let filter = TicketFilter {
        status: query.word("status", TicketStatus::parse)?,
        responsible: query.take("responsible", EmailAddress::parse)?,
        requester: query.take("requester", EmailAddress::parse)?,
        text: query.take("q", searched)?,
        viewer: None,
    };
    let request = query.page(List::Tickets)?;
    let page = state
        .api
        .read_tickets
        .list(&caller.actor, filter, &request)
        .await?;
    Ok(Json(ListView::of(List::Tickets, page, TicketView::from)))
}

/// A text to search for; PostgreSQL takes no NUL.
fn searched(text: &str) -> Result<String, &'static str> {
    if text.contains('\0') {
        Err("it holds a NUL character")
    } else {
        Ok(text.to_owned())
    }
}
