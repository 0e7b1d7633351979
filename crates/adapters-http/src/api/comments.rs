//! `/tickets/{number}/comments`: reading comments, and taking one back. Posting one is `post_comment`'s.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use recado_app::read_deliveries::HeldChannels;
use recado_domain::comment::{Attachment, Comment, CommentId, Visibility};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::comments::{CommentWithDeliveries, DeliverySummary, Retraction};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Shared;
use super::auth::Caller;
use super::fields;
use super::page::{List, ListView};
use super::people::PartyView;
use super::problem::Problem;
use super::request::{InPath, InQuery, JsonBody, id, number};

/// The names of [`Visibility`].
pub(super) const VISIBILITIES: &[&str] = &["public", "internal"];

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub(super) struct CommentView {
    pub(super) id: Uuid,
    /// The ticket's number.
    pub(super) ticket: String,
    author: PartyView,
    text: String,
    /// What a mail said as HTML, made harmless: no scripts, no styles that reach beyond it, nothing loaded from elsewhere.
    #[schema(required)]
    html: Option<String>,
    /// `public`, or `internal` for the desk alone.
    #[schema(example = "public")]
    visibility: &'static str,
    /// `message` or `note`.
    #[schema(example = "message")]
    kind: &'static str,
    /// Where it was written: `api`, `portal`, `desk` or `mail`.
    #[schema(example = "api")]
    origin: &'static str,
    /// What was set aside from a mailed text.
    #[schema(required)]
    quoted: Option<String>,
    attachments: Vec<AttachmentView>,
    created_at: Timestamp,
    /// The mails about it.
    deliveries: Vec<SummaryView>,
}

/// A file that came with a comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attachment)]
struct AttachmentView {
    id: Uuid,
    name: String,
    content_type: String,
    /// Octets.
    size: u64,
}

/// A mail about a comment, in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliverySummary)]
struct SummaryView {
    id: Uuid,
    recipient: String,
    /// As of deliveries.
    #[schema(example = "ready")]
    state: &'static str,
}

impl CommentView {
    pub(super) fn of(
        comment: Comment,
        ticket: &TicketNumber,
        deliveries: Vec<DeliverySummary>,
        state: impl Fn(&DeliverySummary) -> &'static str,
    ) -> Self {
        let summary = |delivery: DeliverySummary| SummaryView {
            id: delivery.id.0,
            state: state(&delivery),
            recipient: delivery.recipient.into(),
        };
        Self {
            id: comment.id.0,
            ticket: ticket.as_str().to_owned(),
            author: comment.author.into(),
            text: comment.text.as_str().to_owned(),
            html: comment.html,
            visibility: comment.visibility.as_str(),
            kind: comment.kind.as_str(),
            origin: comment.origin.as_str(),
            quoted: comment.quoted,
            attachments: comment
                .attachments
                .into_iter()
                .map(AttachmentView::from)
                .collect(),
            created_at: comment.created_at,
            deliveries: deliveries.into_iter().map(summary).collect(),
        }
    }

    fn shown(found: CommentWithDeliveries, ticket: &Ticket, held: &HeldChannels) -> Self {
        let state = |delivery: &DeliverySummary| held.shown(delivery.account, delivery.state).as_str();
        Self::of(found.comment, &ticket.number, found.deliveries, state)
    }
}

impl From<Attachment> for AttachmentView {
    fn from(attachment: Attachment) -> Self {
        Self {
            id: attachment.id.0,
            name: attachment.name.as_str().to_owned(),
            content_type: attachment.content_type.as_str().to_owned(),
            size: attachment.size,
        }
    }
}

/// Which comments to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; `InQuery::page` reads it")]
struct CommentQuery {
    /// 1 to 500, 50 unless told.
    limit: Option<u16>,
    /// The cursor that the page before ended with.
    after: Option<String>,
}

/// Lists a ticket's comments, oldest first
///
/// Internal ones are among them for the desk alone.
#[utoipa::path(
    get, path = "/tickets/{number}/comments", tag = "comments",
    params(("number" = String, Path, description = "The ticket's number, percent-encoded"), CommentQuery),
    responses((status = 200, description = "A page of comments", body = ListView<CommentView>)),
)]
pub(super) async fn list_comments(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    query: InQuery,
) -> Result<Json<ListView<CommentView>>, Problem> {
    let number = number(&text)?;
    let request = query.page(List::Comments)?;
    let (ticket, page) = state
        .api
        .read_comments
        .list(&caller.actor, &number, &request)
        .await?;
    let held = state.api.read_deliveries.held().await?;
    Ok(Json(ListView::of(List::Comments, page, |found| {
        CommentView::shown(found, &ticket, &held)
    })))
}

/// Reads a comment
#[utoipa::path(
    get, path = "/tickets/{number}/comments/{id}", tag = "comments",
    params(
        ("number" = String, Path, description = "The ticket's number, percent-encoded"),
        ("id" = Uuid, Path, description = "The comment"),
    ),
    responses((status = 200, description = "The comment", body = CommentView)),
)]
pub(super) async fn get_comment(
    State(state): State<Shared>,
    caller: Caller,
    InPath((text, comment)): InPath<(String, String)>,
) -> Result<Json<CommentView>, Problem> {
    let comment = CommentId(id("comment", &comment)?);
    let (ticket, found) = state
        .api
        .read_comments
        .find(&caller.actor, &number(&text)?, comment)
        .await?;
    let held = state.api.read_deliveries.held().await?;
    Ok(Json(CommentView::shown(found, &ticket, &held)))
}

/// A comment's new visibility.
#[derive(ToSchema)]
#[schema(as = CommentChange)]
#[expect(dead_code, reason = "describes the body; `change_comment` reads it")]
struct CommentChangeBody {
    /// `internal`; `public` is taken for a comment that is public already.
    visibility: String,
}

/// Makes a comment internal
///
/// Mails that have not left are cancelled, save those to people who may still read it. What was internal does not
/// become public: nobody was told about it when it was written.
#[utoipa::path(
    patch, path = "/tickets/{number}/comments/{id}", tag = "comments",
    params(
        ("number" = String, Path, description = "The ticket's number, percent-encoded"),
        ("id" = Uuid, Path, description = "The comment"),
    ),
    request_body = CommentChangeBody,
    responses((status = 200, description = "The comment as it is now", body = CommentView)),
)]
pub(super) async fn change_comment(
    State(state): State<Shared>,
    caller: Caller,
    InPath((text, comment)): InPath<(String, String)>,
    body: JsonBody,
) -> Result<Json<CommentView>, Problem> {
    let number = number(&text)?;
    let comment = CommentId(id("comment", &comment)?);
    let visibility = body.read(|body, faults| {
        body.take("visibility")
            .required(faults, fields::word(VISIBILITIES, Visibility::parse))
    })?;
    let reading = &state.api.read_comments;
    let (_, found) = reading.find(&caller.actor, &number, comment).await?;
    match (found.comment.visibility, visibility) {
        (Visibility::Internal, Visibility::Public) => {
            let message = "cannot become public again: nobody was told about the comment; post it anew";
            return Err(Problem::field("visibility", message));
        }
        (Visibility::Public, Visibility::Internal) => {
            state
                .api
                .retract_comment
                .run(&caller.actor, &number, comment, Retraction::MakeInternal)
                .await?;
        }
        (Visibility::Public, Visibility::Public) | (Visibility::Internal, Visibility::Internal) => {}
    }
    let (ticket, found) = reading.find(&caller.actor, &number, comment).await?;
    let held = state.api.read_deliveries.held().await?;
    Ok(Json(CommentView::shown(found, &ticket, &held)))
}

/// Withdraws a comment
///
/// It is gone from every list, and its mails that have not left are cancelled. Its author may, and the desk.
#[utoipa::path(
    delete, path = "/tickets/{number}/comments/{id}", tag = "comments",
    params(
        ("number" = String, Path, description = "The ticket's number, percent-encoded"),
        ("id" = Uuid, Path, description = "The comment"),
    ),
    responses((status = 204, description = "Withdrawn")),
)]
pub(super) async fn withdraw_comment(
    State(state): State<Shared>,
    caller: Caller,
    InPath((text, comment)): InPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    let comment = CommentId(id("comment", &comment)?);
    state
        .api
        .retract_comment
        .run(&caller.actor, &number(&text)?, comment, Retraction::Withdraw)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
