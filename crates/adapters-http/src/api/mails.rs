//! `/mails`: the ledger of incoming mail, and the desk's word on what waits. The desk's alone.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use jiff::Timestamp;
use recado_app::read_mails::{MailQuery, ShownMail};
use recado_app::steer_mail::AsWatcher;
use recado_domain::ledger::{BounceNote, MailId, Outcome};
use recado_domain::ticket::TicketNumber;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Shared;
use super::attachments::download;
use super::auth::Caller;
use super::fields;
use super::page::{List, ListView};
use super::problem::Problem;
use super::request::{InPath, InQuery, JsonBody, id};

/// A mail that came in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mail)]
pub(super) struct MailView {
    id: Uuid,
    received_at: Timestamp,
    /// The way in: `imap`, `lmtp` or `pipe`.
    #[schema(example = "imap")]
    via: &'static str,
    /// As it reads; empty when the mail has none.
    from: String,
    to: String,
    subject: String,
    /// Without angle brackets.
    #[schema(required)]
    message_id: Option<String>,
    /// `attached`, `opened`, `automatic`, `bounce`, `quarantined`, `duplicate`, `refused` or `failed`; null for the
    /// moment between storing and judging.
    #[schema(required, example = "attached")]
    outcome: Option<&'static str>,
    /// Why, in a sentence.
    #[schema(required)]
    reason: Option<String>,
    /// The number of the ticket that it stands on, opened, or would belong to.
    #[schema(required)]
    ticket: Option<String>,
    /// The comment that it became.
    #[schema(required)]
    comment: Option<Uuid>,
    /// What a report said about a mail of ours.
    #[schema(required)]
    bounce: Option<BounceView>,
}

/// What a report said about a mail of ours.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bounce)]
struct BounceView {
    /// The address that the report is about, as it stands there.
    #[schema(required)]
    recipient: Option<String>,
    /// The enhanced status code.
    #[schema(required, example = "5.1.1")]
    status: Option<String>,
    /// What the other server said.
    #[schema(required)]
    diagnostic: Option<String>,
    /// Whether it is for good.
    permanent: bool,
    /// The mail of ours that it provably is about; null when nothing in the report proves one, and nothing was changed.
    #[schema(required)]
    delivery: Option<Uuid>,
}

impl From<BounceNote> for BounceView {
    fn from(note: BounceNote) -> Self {
        Self {
            recipient: note.recipient,
            status: note.status,
            diagnostic: note.diagnostic,
            permanent: note.permanent,
            delivery: note.delivery.map(|delivery| delivery.0),
        }
    }
}

impl From<ShownMail> for MailView {
    fn from(shown: ShownMail) -> Self {
        let entry = shown.entry;
        Self {
            id: entry.id.0,
            received_at: entry.received_at,
            via: entry.via.as_str(),
            from: entry.from,
            to: entry.to,
            subject: entry.subject,
            message_id: entry.message_id,
            outcome: entry.outcome.map(Outcome::as_str),
            reason: entry.reason,
            ticket: shown.ticket.map(String::from),
            comment: entry.comment.map(|comment| comment.0),
            bounce: entry.bounce.map(BounceView::from),
        }
    }
}

/// Which mails to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; `list_mails` reads it")]
struct MailFilterQuery {
    /// An outcome.
    outcome: Option<String>,
    /// A ticket's number.
    ticket: Option<String>,
    /// 1 to 500, 50 unless told.
    limit: Option<u16>,
    /// The cursor that the page before ended with.
    after: Option<String>,
}

/// Lists mails that came in, newest first
///
/// Those on a ticket, in quarantine or refused, and all others. Needs the role technician or administrator.
#[utoipa::path(
    get, path = "/mails", tag = "mails",
    params(MailFilterQuery),
    responses((status = 200, description = "A page of mails", body = ListView<MailView>)),
)]
pub(super) async fn list_mails(
    State(state): State<Shared>,
    caller: Caller,
    mut query: InQuery,
) -> Result<Json<ListView<MailView>>, Problem> {
    let wanted = MailQuery {
        outcome: query.word("outcome", Outcome::parse)?,
        ticket: query.take("ticket", TicketNumber::parse)?,
    };
    let request = query.page(List::Mails)?;
    let page = state
        .api
        .read_mails
        .list(&caller.actor, &wanted, &request)
        .await?;
    Ok(Json(ListView::of(List::Mails, page, MailView::from)))
}

/// Reads what became of a mail
#[utoipa::path(
    get, path = "/mails/{id}", tag = "mails",
    params(("id" = Uuid, Path, description = "The mail")),
    responses((status = 200, description = "The mail", body = MailView)),
)]
pub(super) async fn get_mail(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<MailView>, Problem> {
    let shown = state.api.read_mails.find(&caller.actor, mail(&text)?).await?;
    Ok(Json(shown.into()))
}

/// Downloads a mail as it came in
///
/// Its octets are kept for some time. Whatever it holds is to be looked at with care.
#[utoipa::path(
    get, path = "/mails/{id}/raw", tag = "mails",
    params(("id" = Uuid, Path, description = "The mail")),
    responses((status = 200, description = "RFC 5322 octets", body = String, content_type = "message/rfc822")),
)]
pub(super) async fn get_raw_mail(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Response, Problem> {
    let id = mail(&text)?;
    let octets = state.api.read_mails.raw(&caller.actor, id).await?;
    Ok(download(&format!("{}.eml", id.0), "message/rfc822", octets))
}

/// How to accept a mail.
#[derive(ToSchema)]
#[schema(as = MailRelease)]
#[expect(dead_code, reason = "describes the body; `release_mail` reads it")]
struct ReleaseBody {
    /// Whether the sender becomes a watcher of the ticket, too; false unless told.
    #[schema(required = false)]
    as_watcher: bool,
}

/// Accepts a mail
///
/// In the sender's own name: on the ticket that it waits for, or as a new ticket. For what is quarantined or refused; 409
/// for anything else. Answers from that sender for the person whose mail it answered are accepted from then on.
#[utoipa::path(
    post, path = "/mails/{id}/release", tag = "mails",
    params(("id" = Uuid, Path, description = "The mail")),
    request_body(content = ReleaseBody, description = "May be left out"),
    responses((status = 200, description = "The mail as it is now", body = MailView)),
)]
pub(super) async fn release_mail(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    request: Request,
) -> Result<Json<MailView>, Problem> {
    let id = mail(&text)?;
    let body = JsonBody::or_empty(request).await?;
    let as_watcher = body.read(|body, faults| {
        let wanted = body.take("as_watcher").optional(faults, fields::flag);
        Some(if wanted == Some(true) {
            AsWatcher::Yes
        } else {
            AsWatcher::No
        })
    })?;
    let shown = state
        .api
        .steer_mail
        .release(&caller.actor, id, as_watcher)
        .await?;
    Ok(Json(shown.into()))
}

/// Turns a mail down
///
/// It stays in the ledger, and can be accepted later. For what is quarantined; 409 for anything else.
#[utoipa::path(
    post, path = "/mails/{id}/refuse", tag = "mails",
    params(("id" = Uuid, Path, description = "The mail")),
    responses((status = 200, description = "The mail as it is now", body = MailView)),
)]
pub(super) async fn refuse_mail(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<MailView>, Problem> {
    let shown = state.api.steer_mail.refuse(&caller.actor, mail(&text)?).await?;
    Ok(Json(shown.into()))
}

/// Judges a mail anew
///
/// As if it had just come: when a fault is mended, or the people on the ticket are others. For what is quarantined or
/// failed; 409 for anything else.
#[utoipa::path(
    post, path = "/mails/{id}/replay", tag = "mails",
    params(("id" = Uuid, Path, description = "The mail")),
    responses((status = 200, description = "The mail as it is now", body = MailView)),
)]
pub(super) async fn replay_mail(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<MailView>, Problem> {
    let shown = state.api.steer_mail.replay(&caller.actor, mail(&text)?).await?;
    Ok(Json(shown.into()))
}

fn mail(text: &str) -> Result<MailId, Problem> {
    id("mail", text).map(MailId)
}
