//! `/deliveries`: the mails that are owed, what became of them, and steering them. The desk's alone.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use recado_app::read_deliveries::{DeliveryQuery, ShownDelivery, ShownState};
use recado_domain::outbox::{Attempt, Cause, DeliveryId, Outcome};
use recado_domain::ticket::TicketNumber;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Shared;
use super::attachments::download;
use super::auth::Caller;
use super::page::{List, ListView};
use super::problem::Problem;
use super::request::{InPath, InQuery, id};

/// A mail that is or was owed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    id: Uuid,
    /// Why it is owed: for a `comment`, as a `test`, as the `acknowledgement` of a ticket opened by mail, as an `alert`
    /// to the desk about a mail in quarantine.
    #[schema(example = "comment")]
    cause: &'static str,
    /// The comment that it is about; null when another cause has it.
    #[schema(required)]
    comment: Option<Uuid>,
    /// The ticket's number; null for a test.
    #[schema(required)]
    ticket: Option<String>,
    recipient: String,
    /// `ready`, `leased`, `sending`, `retry`, `unsure`, `sent`, `dead` or `cancelled`; `held` in place of `ready`,
    /// `retry` and `unsure` while nothing may leave.
    #[schema(example = "sent")]
    state: &'static str,
    /// What became known of a sent mail: `relayed`, `delivered`, `bounced` or `answered`.
    #[schema(required)]
    outcome: Option<&'static str>,
    /// The tries that counted, oldest first.
    attempts: Vec<AttemptView>,
    /// When it is due; null when it is not waiting.
    #[schema(required)]
    next_attempt_at: Option<Timestamp>,
    /// The same in every copy, without angle brackets.
    message_id: String,
    /// The server's last word, or why the mail is dead or cancelled.
    #[schema(required)]
    last_reply: Option<String>,
    created_at: Timestamp,
}

/// A try at sending.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView {
    at: Timestamp,
    /// The state that it led to.
    #[schema(example = "sent")]
    outcome: &'static str,
    /// What the server said, or what cut it off.
    #[schema(required)]
    reply: Option<String>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            at: attempt.at,
            outcome: attempt.outcome.as_str(),
            reply: attempt.reply,
        }
    }
}

impl From<ShownDelivery> for DeliveryView {
    fn from(shown: ShownDelivery) -> Self {
        let delivery = shown.history.delivery;
        Self {
            id: delivery.id.0,
            cause: delivery.cause.kind(),
            comment: match delivery.cause {
                Cause::Comment(comment) => Some(comment.0),
                Cause::Test(_) | Cause::Acknowledgement(_) | Cause::Alert(_) | Cause::SignIn(_) => None,
            },
            ticket: shown.ticket.map(String::from),
            recipient: delivery.recipient.into(),
            state: shown.state.as_str(),
            outcome: delivery.outcome.map(Outcome::as_str),
            attempts: shown
                .history
                .attempts
                .into_iter()
                .map(AttemptView::from)
                .collect(),
            next_attempt_at: delivery.next_attempt_at,
            message_id: delivery.message_id.as_str().to_owned(),
            last_reply: delivery.last_reply,
            created_at: delivery.created_at,
        }
    }
}

/// Which deliveries to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; `list_deliveries` reads it")]
struct DeliveryFilterQuery {
    /// A state as shown, `held` included.
    state: Option<String>,
    /// A ticket's number.
    ticket: Option<String>,
    /// 1 to 500, 50 unless told.
    limit: Option<u16>,
    /// The cursor that the page before ended with.
    after: Option<String>,
}

/// Lists deliveries, oldest first
#[utoipa::path(
    get, path = "/deliveries", tag = "deliveries",
    params(DeliveryFilterQuery),
    responses((status = 200, description = "A page of deliveries", body = ListView<DeliveryView>)),
)]
pub(super) async fn list_deliveries(
    State(state): State<Shared>,
    caller: Caller,
    mut query: InQuery,
) -> Result<Json<ListView<DeliveryView>>, Problem> {
    let wanted = DeliveryQuery {
        state: query.word("state", ShownState::parse)?,
        ticket: query.take("ticket", TicketNumber::parse)?,
    };
    let request = query.page(List::Deliveries)?;
    let page = state
        .api
        .read_deliveries
        .list(&caller.actor, &wanted, &request)
        .await?;
    Ok(Json(ListView::of(List::Deliveries, page, DeliveryView::from)))
}

/// Reads a delivery, with its attempts
#[utoipa::path(
    get, path = "/deliveries/{id}", tag = "deliveries",
    params(("id" = Uuid, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery", body = DeliveryView)),
)]
pub(super) async fn get_delivery(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<DeliveryView>, Problem> {
    shown(&state, &caller, delivery(&text)?).await
}

/// Reads a delivery's message
///
/// The octets that every attempt sends. They are kept for some time after the mail was sent.
#[utoipa::path(
    get, path = "/deliveries/{id}/message", tag = "deliveries",
    params(("id" = Uuid, Path, description = "The delivery")),
    responses((status = 200, description = "RFC 5322 octets", body = String, content_type = "message/rfc822")),
)]
pub(super) async fn get_message(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Response, Problem> {
    let id = delivery(&text)?;
    let message = state.api.read_deliveries.message(&caller.actor, id).await?;
    Ok(download(&format!("{}.eml", id.0), "message/rfc822", message))
}

/// Sends a delivery again
///
/// Due at once, with the same Message-ID. For what is dead, cancelled or waiting; 409 for anything else.
#[utoipa::path(
    post, path = "/deliveries/{id}/requeue", tag = "deliveries",
    params(("id" = Uuid, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery as it is now", body = DeliveryView)),
)]
pub(super) async fn requeue_delivery(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<DeliveryView>, Problem> {
    let id = delivery(&text)?;
    state.api.steer_delivery.requeue(&caller.actor, id).await?;
    shown(&state, &caller, id).await
}

/// Calls a delivery back
///
/// For what has not left; 409 for anything else.
#[utoipa::path(
    post, path = "/deliveries/{id}/cancel", tag = "deliveries",
    params(("id" = Uuid, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery as it is now", body = DeliveryView)),
)]
pub(super) async fn cancel_delivery(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<DeliveryView>, Problem> {
    let id = delivery(&text)?;
    state.api.steer_delivery.cancel(&caller.actor, id).await?;
    shown(&state, &caller, id).await
}

/// A delivery as it is now.
pub(super) async fn shown(
    state: &Shared,
    caller: &Caller,
    id: DeliveryId,
) -> Result<Json<DeliveryView>, Problem> {
    Ok(Json(
        state.api.read_deliveries.find(&caller.actor, id).await?.into(),
    ))
}

fn delivery(text: &str) -> Result<DeliveryId, Problem> {
    id("delivery", text).map(DeliveryId)
}
