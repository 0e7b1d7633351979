//! Deliveries: every mail that is owed, where it stands and what the server said.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use recado_app::read_deliveries::{DeliveryQuery, ShownDelivery, ShownState};
use recado_domain::outbox::{Attempt, Cause, DeliveryId, Event, Outcome, State as MailState};
use recado_domain::ticket::TicketNumber;
use recado_ports::page::Page as PageOf;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::administration::{Sure, tone};
use super::form::Form;
use super::page::see_other_with;
use super::quarantine::{Source, ask, octets_of, ticket_href};
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::strings::Words;
use super::visit::SignedInDesk;
use super::{Shared, paging};
use crate::api::List;

const HERE: &str = "/desk/deliveries";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/desk/deliveries", list)
        .get("/desk/deliveries/{id}", show)
        .post("/desk/deliveries/{id}/requeue", requeue)
        .post("/desk/deliveries/{id}/cancel", cancel)
        .post("/desk/deliveries/{id}/message", message)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    ticket: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct ListPage {
    states: Vec<&'static str>,
    chosen: Option<&'static str>,
    ticket: String,
    is_filtered: bool,
    deliveries: Vec<One>,
    next: Option<String>,
}

/// A delivery as the pages show it.
#[derive(Serialize)]
struct One {
    href: String,
    recipient: String,
    cause: &'static str,
    ticket: Option<String>,
    ticket_href: Option<String>,
    state: &'static str,
    tone: &'static str,
    outcome: Option<&'static str>,
    created_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    last_reply: Option<String>,
    message_id: String,
    size: u64,
    can_requeue: bool,
    can_cancel: bool,
    has_message: bool,
}

impl One {
    fn of(shown: &ShownDelivery) -> Self {
        let delivery = &shown.history.delivery;
        let can = |event| delivery.state.on(event).is_some();
        Self {
            href: format!("{HERE}/{}", delivery.id.0),
            recipient: delivery.recipient.to_string(),
            cause: delivery.cause.kind(),
            ticket_href: shown.ticket.as_ref().map(ticket_href),
            ticket: shown.ticket.as_ref().map(TicketNumber::to_string),
            state: shown.state.as_str(),
            tone: tone(shown.state),
            outcome: delivery.outcome.map(Outcome::as_str),
            created_at: delivery.created_at,
            next_attempt_at: delivery.next_attempt_at,
            last_reply: delivery.last_reply.clone(),
            message_id: delivery.message_id.to_string(),
            size: delivery.size,
            can_requeue: can(Event::Requeue),
            can_cancel: can(Event::Cancel),
            // A sign-in mail is a secret between Recado and its recipient.
            has_message: !matches!(delivery.cause, Cause::SignIn(_)),
        }
    }
}

/// The states that can be asked for, in the order of a mail's way.
fn states() -> Vec<&'static str> {
    MailState::ALL
        .into_iter()
        .map(MailState::as_str)
        .chain(["held"])
        .collect()
}

async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
    visit: SignedInDesk,
) -> Result<Response, WebRefusal> {
    let state = ShownState::parse(&filter.state);
    let ticket = filter.ticket.trim();
    let request = paging::request(List::Deliveries, filter.after.as_deref())?;
    let found = match TicketNumber::parse(ticket) {
        // What is no number is no ticket's.
        Err(_) if !ticket.is_empty() => PageOf {
            items: Vec::new(),
            next: None,
        },
        number => {
            let query = DeliveryQuery {
                state,
                ticket: number.ok(),
            };
            let reading = &shared.api.read_deliveries;
            reading.list(visit.actor(), &query, &request).await?
        }
    };
    let chosen = state.map(ShownState::as_str);
    let filters = [("state", chosen.unwrap_or_default()), ("ticket", ticket)];
    let page = ListPage {
        states: states(),
        chosen,
        is_filtered: filters.iter().any(|(_, value)| !value.is_empty()),
        next: paging::next(List::Deliveries, HERE, &filters, found.next.as_deref()),
        ticket: ticket.to_owned(),
        deliveries: found.items.iter().map(One::of).collect(),
    };
    Ok(visit.page("desk/deliveries.html", "deliveries-title", page))
}

fn parse(text: &str) -> Result<DeliveryId, WebRefusal> {
    Uuid::parse_str(text)
        .map(DeliveryId)
        .map_err(|_| WebRefusal::NotFound)
}

#[derive(Serialize)]
struct OnePage {
    d: One,
    attempts: Vec<Try>,
}

#[derive(Serialize)]
struct Try {
    at: Timestamp,
    outcome: &'static str,
    tone: &'static str,
    reply: Option<String>,
}

impl From<&Attempt> for Try {
    fn from(attempt: &Attempt) -> Self {
        Self {
            at: attempt.at,
            outcome: attempt.outcome.as_str(),
            tone: tone(ShownState::Stored(attempt.outcome)),
            reply: attempt.reply.clone(),
        }
    }
}

async fn show(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    visit: SignedInDesk,
) -> Result<Response, WebRefusal> {
    let reading = &shared.api.read_deliveries;
    let shown = reading.find(visit.actor(), parse(&id)?).await?;
    let d = One::of(&shown);
    let title = Words::With("delivery-to", vec![("address", d.recipient.clone())]);
    let page = OnePage {
        attempts: shown.history.attempts.iter().map(Into::into).collect(),
        d,
    };
    Ok(visit.page("desk/delivery.html", title, page))
}

async fn requeue(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, _): Form<SignedInDesk, Sure>,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    shared.api.steer_delivery.requeue(visit.actor(), id).await?;
    Ok(see_other_with(&format!("{HERE}/{}", id.0), "flash-requeued"))
}

async fn cancel(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, sure): Form<SignedInDesk, Sure>,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    let back = format!("{HERE}/{}", id.0);
    if !sure.is_sure() {
        let shown = shared.api.read_deliveries.find(visit.actor(), id).await?;
        let recipient = shown.history.delivery.recipient;
        let places = (&*format!("{back}/cancel"), &*back);
        let asked = ask(
            &visit,
            "cancel-delivery",
            "delivery-cancel",
            recipient.as_str(),
            places,
        );
        return Ok(asked);
    }
    shared.api.steer_delivery.cancel(visit.actor(), id).await?;
    Ok(see_other_with(&back, "flash-cancelled"))
}

async fn message(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, source): Form<SignedInDesk, Source>,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    let octets = shared.api.read_deliveries.message(visit.actor(), id).await?;
    let place = format!("{HERE}/{}", id.0);
    let name = format!("{}.eml", id.0);
    Ok(octets_of(
        &visit,
        &source,
        octets,
        "delivery-message-title",
        (&format!("{place}/message"), &place, &name),
    ))
}
