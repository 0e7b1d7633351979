//! `/suppressions`: addresses that get no mail for a while, because it bounced. The desk's alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use recado_domain::person::EmailAddress;
use recado_ports::suppressions::Suppression;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::auth::Caller;
use super::page::{List, ListView};
use super::problem::Problem;
use super::request::{InPath, InQuery};

/// An address that gets no mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suppression)]
pub(super) struct SuppressionView {
    address: String,
    /// The last bounce, in the server's words.
    reason: String,
    since: Timestamp,
    /// It lapses by itself.
    until: Timestamp,
}

impl From<Suppression> for SuppressionView {
    fn from(suppression: Suppression) -> Self {
        Self {
            address: suppression.address.into(),
            reason: suppression.reason,
            since: suppression.since,
            until: suppression.until,
        }
    }
}

/// Lists suppressed addresses
#[utoipa::path(
    get, path = "/suppressions", tag = "suppressions",
    params(
        ("limit" = Option<u16>, Query, description = "1 to 500, 50 unless told"),
        ("after" = Option<String>, Query, description = "The cursor that the page before ended with"),
    ),
    responses((status = 200, description = "A page of suppressions", body = ListView<SuppressionView>)),
)]
pub(super) async fn list_suppressions(
    State(state): State<Shared>,
    caller: Caller,
    query: InQuery,
) -> Result<Json<ListView<SuppressionView>>, Problem> {
    let request = query.page(List::Suppressions)?;
    let page = state.api.steer_suppression.list(&caller.actor, &request).await?;
    Ok(Json(ListView::of(
        List::Suppressions,
        page,
        SuppressionView::from,
    )))
}

/// Lifts a suppression
#[utoipa::path(
    delete, path = "/suppressions/{address}", tag = "suppressions",
    params(("address" = String, Path, description = "The address")),
    responses((status = 204, description = "Lifted")),
)]
pub(super) async fn lift_suppression(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<StatusCode, Problem> {
    let address = EmailAddress::parse(&text)
        .map_err(|_| Problem::not_found(format!("a suppression of {}", text.escape_debug())))?;
    state.api.steer_suppression.lift(&caller.actor, &address).await?;
    Ok(StatusCode::NO_CONTENT)
}
