//! `POST /tickets/{number}/comments`: the main job. A 201 means that the comment and every mail it owes are on disk.

use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};
use recado_app::access::Actor;
use recado_app::post_comment::{Idempotency, NewAttachment, NewComment, Notification, Posted, PostedComment};
use recado_app::read_deliveries::ShownState;
use recado_domain::comment::{Kind, Origin, Visibility};
use recado_domain::outbox::State as Stored;
use recado_ports::comments::DeliverySummary;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use super::comments::{CommentView, VISIBILITIES};
use super::fields::{self, Faults, Object};
use super::people::PartyView;
use super::problem::{self, Problem};
use super::request::{InPath, JsonBody, number};
use super::{Shared, idempotency, location};

const KINDS: &[&str] = &["message", "note"];

/// A comment to post.
#[derive(ToSchema)]
#[schema(as = NewComment)]
#[expect(dead_code, reason = "describes the body; `comment` reads it")]
struct CommentBody {
    /// What the author wrote, at most 2 MiB unless configured. It may be empty beside an attachment.
    text: String,
    /// On whose behalf, for administrators' tokens; else the token's account.
    author: Option<PartyView>,
    /// `public` (unless told) or `internal`.
    visibility: Option<String>,
    attachments: Option<Vec<AttachmentBody>>,
    /// `message` (unless told) or `note`; it chooses the template.
    kind: Option<String>,
}

/// A file with a comment.
#[derive(ToSchema)]
#[schema(as = NewAttachment)]
#[expect(dead_code, reason = "describes the body; `attachment` reads it")]
struct AttachmentBody {
    /// Its file name; folders are dropped.
    name: String,
    /// `type/subtype`; what is none becomes `application/octet-stream`.
    content_type: String,
    /// Its octets, in base64 (RFC 4648 §4, with padding).
    #[schema(format = Byte)]
    data: String,
}

/// A comment that was posted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostedComment)]
pub(super) struct PostedView {
    #[serde(flatten)]
    comment: CommentView,
    /// What became of its mails at once: `queued`, `held`, `suppressed`, `none` or `off`.
    #[schema(example = "queued")]
    notification: &'static str,
}

impl PostedView {
    fn of(posted: &PostedComment) -> Self {
        let is_held = posted.notification == Notification::Held;
        let state = |delivery: &DeliverySummary| {
            let waits = Stored::WAITING.contains(&delivery.state);
            if is_held && waits {
                ShownState::Held
            } else {
                ShownState::Stored(delivery.state)
            }
            .as_str()
        };
        let comment = CommentView::of(
            posted.comment.clone(),
            &posted.ticket,
            posted.deliveries.clone(),
            state,
        );
        Self {
            comment,
            notification: posted.notification.as_str(),
        }
    }
}

/// What is read of a stored answer: the comment that it speaks of.
#[derive(Deserialize)]
struct Stored201 {
    id: Uuid,
    ticket: String,
}

fn comment(body: &mut Object, faults: &mut Faults) -> Option<NewComment> {
    let text = body.take("text").required(faults, fields::text);
    let author = body.take("author").optional(faults, fields::party);
    let visibility = body
        .take("visibility")
        .optional(faults, fields::word(VISIBILITIES, Visibility::parse));
    let kind = body
        .take("kind")
        .optional(faults, fields::word(KINDS, Kind::parse));
    let attachments = body
        .take("attachments")
        .optional(faults, fields::list(fields::object(attachment)));
    Some(NewComment {
        text: text?,
        author,
        visibility: visibility.unwrap_or(Visibility::Public),
        kind: kind.unwrap_or(Kind::Message),
        origin: Origin::Api,
        attachments: attachments.unwrap_or_default(),
    })
}

fn attachment(file: &mut Object, faults: &mut Faults) -> Option<NewAttachment> {
    let name = file.take("name").required(faults, fields::text);
    let content_type = file.take("content_type").required(faults, fields::text);
    let content = file.take("data").required(faults, fields::parsed(octets));
    Some(NewAttachment {
        name: name?,
        content_type: content_type?,
        content: content?,
    })
}

fn octets(data: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(data).map_err(|error| match error {
        DecodeError::InvalidByte(place, _) => {
            format!("is not base64 (RFC 4648 §4): its octet {place} is none of the alphabet's")
        }
        DecodeError::InvalidPadding
        | DecodeError::InvalidLength(_)
        | DecodeError::InvalidLastSymbol { .. } => {
            "is not base64 (RFC 4648 §4): its length or padding is wrong".to_owned()
        }
    })
}

/// Posts a comment
///
/// The answer comes once the comment and the mails that it owes are stored durably. With an `Idempotency-Key` (1 to
/// 255 visible ASCII characters, scoped to the token, kept for 7 days) a repeated request gets the first one's answer.
#[utoipa::path(
    post, path = "/tickets/{number}/comments", tag = "comments",
    params(
        ("number" = String, Path, description = "The ticket's number, percent-encoded"),
        ("Idempotency-Key" = Option<String>, Header, description = "The caller's name for this request"),
    ),
    request_body = CommentBody,
    responses((status = 201, description = "Stored", body = PostedView, headers(("Location" = String)))),
)]
pub(super) async fn post_comment(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    request: Request,
) -> Result<Response, Problem> {
    let number = number(&text)?;
    let key = match &caller.actor {
        Actor::Person { token, .. } => idempotency::key(request.headers(), *token)?,
        Actor::Operator => None,
    };
    let body = Body::from_request(request, &state).await?.0;
    let _flight = key
        .as_ref()
        .map(|key| state.in_flight.take_off(key))
        .transpose()?;
    let answer = |posted: &PostedComment| {
        serde_json::to_string(&PostedView::of(posted)).expect("an answer of texts and numbers is JSON")
    };
    let idempotency = key.map(|key| Idempotency {
        key,
        digest: idempotency::digest("POST", &[&number.folded()], body.value()),
        answer: &answer,
    });
    let comment = body.read(comment)?;
    let limit = state.api.post_comment.settings.limits.text;
    if comment.text.len() > limit {
        let detail =
            format!("text: is longer than {limit} octets; a long text travels better as an attachment");
        return Err(Problem::new(problem::Kind::TooLarge, detail));
    }
    match state
        .api
        .post_comment
        .run(&caller.actor, &number, comment, idempotency)
        .await?
    {
        Posted::New(posted) => Ok(created(
            &posted.comment.id.0,
            posted.ticket.as_str(),
            answer(&posted),
        )),
        Posted::Repeated { answer } => {
            let stored: Stored201 =
                serde_json::from_str(&answer).map_err(|error| Problem::internal(&error))?;
            Ok(created(&stored.id, &stored.ticket, answer))
        }
    }
}

/// The body of this call, which has a limit of its own.
struct Body(JsonBody);

impl FromRequest<Shared> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Problem> {
        JsonBody::at_most(request, state.options.limits.comment_body)
            .await
            .map(Self)
    }
}

fn created(id: &Uuid, ticket: &str, answer: String) -> Response {
    let headers = [
        (
            header::LOCATION,
            location(&["tickets", ticket, "comments", &id.to_string()]),
        ),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    (StatusCode::CREATED, headers, answer).into_response()
}
