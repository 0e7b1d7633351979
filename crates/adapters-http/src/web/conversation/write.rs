//! The write box: what it offers, and what becomes of what was written. A text that is refused stands in the
//! box again; a form larger than the limit, and a session that has ended, lose it where scripts are off.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use recado_app::access::{FieldError, Refusal};
use recado_app::foresee_comment::Foresight;
use recado_app::post_comment::{
    Idempotency, NewAttachment, NewComment, PostCommentError, Posted, PostedComment,
};
use recado_domain::comment::{CommentId, Kind, Visibility};
use recado_domain::person::Party;
use recado_domain::ticket::{Ticket, TicketNumber, TicketStatus};
use recado_ports::comments::IdempotencyKey;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{At, Face, comment_id, face, name, number, spoken, talk};
use crate::web::form::{Upload, UploadedFile};
use crate::web::page::see_other;
use crate::web::refusal::WebRefusal;
use crate::web::strings::Words;
use crate::web::visit::{SignedIn, Visit, Wanted};
use crate::web::{Shared, desk, portal};

/// As what something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::web) enum Mode {
    /// A message to the other side.
    #[default]
    Message,
    /// A note on the request, for the other side too.
    Note,
    /// For the desk alone.
    Internal,
}

impl Mode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "message" => Some(Self::Message),
            "note" => Some(Self::Note),
            "internal" => Some(Self::Internal),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Note => "note",
            Self::Internal => "internal",
        }
    }

    fn key(self, face: Face) -> &'static str {
        match (self, face) {
            (Self::Message, Face::Portal) => "write-message",
            (Self::Message, Face::Desk) => "write-reply",
            (Self::Note, _) => "write-note",
            (Self::Internal, _) => "write-internal",
        }
    }

    fn stored(self) -> (Kind, Visibility) {
        match self {
            Self::Message => (Kind::Message, Visibility::Public),
            Self::Note => (Kind::Note, Visibility::Public),
            Self::Internal => (Kind::Note, Visibility::Internal),
        }
    }
}

/// What stands in the write box already.
#[derive(Debug, Default)]
pub(in crate::web) struct Draft {
    text: String,
    mode: Mode,
    /// Why it was not sent.
    problem: Option<String>,
    /// What else is to be said about it.
    hint: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Choice {
    value: &'static str,
    key: &'static str,
}

/// The write box, for a template.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Write {
    action: String,
    /// Under this key the message is stored once, however often the form is sent.
    once: String,
    text: String,
    problem: Option<String>,
    hint: Option<&'static str>,
    is_closed: bool,
    modes: Vec<Choice>,
    mode: &'static str,
    rows: u8,
    placeholder: &'static str,
    name: String,
    recipients: Option<String>,
    says_nobody: bool,
    has_internal: bool,
    internal_recipients: Option<String>,
}

impl Write {
    /// What a visitor can write on a ticket.
    pub(in crate::web) async fn new(
        shared: &Shared,
        visit: &SignedIn,
        face: Face,
        ticket: &Ticket,
        draft: Draft,
    ) -> Result<Self, WebRefusal> {
        let foresight = shared.pages.foresee_comment.run(visit.actor(), ticket).await?;
        Ok(Self::foreseen(shared, face, ticket, draft, &foresight))
    }

    fn foreseen(shared: &Shared, face: Face, ticket: &Ticket, draft: Draft, foresight: &Foresight) -> Self {
        let mut modes = vec![Mode::Message];
        modes.extend(foresight.notes.then_some(Mode::Note));
        modes.extend(foresight.internal.is_some().then_some(Mode::Internal));
        let other = match face {
            Face::Desk => Some(&ticket.requester),
            Face::Portal => ticket.responsible.as_ref().or(ticket.group.as_ref()),
        };
        let internal = foresight.internal.as_deref().unwrap_or_default();
        Self {
            action: format!("{}/messages", face.ticket(&ticket.number)),
            once: shared.options.ids.next().to_string(),
            text: draft.text,
            problem: draft.problem,
            hint: draft.hint,
            is_closed: ticket.status == TicketStatus::Closed,
            mode: draft.mode.as_str(),
            modes: match modes.as_slice() {
                [_] => Vec::new(),
                modes => modes
                    .iter()
                    .map(|mode| Choice {
                        value: mode.as_str(),
                        key: mode.key(face),
                    })
                    .collect(),
            },
            rows: match face {
                Face::Portal => 1,
                Face::Desk => 3,
            },
            placeholder: if other.is_some() {
                "write-to-name"
            } else {
                "write-to-desk"
            },
            name: other.map(|party| name(party).to_owned()).unwrap_or_default(),
            recipients: (!foresight.public.is_empty()).then(|| names(&foresight.public)),
            says_nobody: foresight.public.is_empty() && face == Face::Desk,
            has_internal: foresight.internal.is_some(),
            internal_recipients: (!internal.is_empty()).then(|| names(internal)),
        }
    }
}

/// A few names; more than anybody reads are counted.
fn names(parties: &[Party]) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<_> = parties.iter().take(SHOWN).map(name).collect();
    let more = format!("+{}", parties.len().saturating_sub(SHOWN));
    if parties.len() > SHOWN {
        names.push(&more);
    }
    names.join(", ")
}

/// `POST …/messages`
pub(in crate::web) async fn post_message(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    upload: Upload<SignedIn>,
) -> Result<Response, WebRefusal> {
    let visit = upload.visit.clone();
    let face = face(&visit)?;
    let number = number(&ticket)?;
    let mode = Mode::parse(upload.field("as")).ok_or(WebRefusal::NotFound)?;
    let text = typed(upload.field("text"));
    match store(&shared, &visit, face, &number, &text, mode, &upload).await {
        Ok(id) if visit.wanted == Wanted::Fragment => talk::one(&shared, &visit, face, &number, id).await,
        Ok(_) => Ok(see_other(&face.ticket(&number))),
        Err(Refusal::NotFound(_)) => Err(WebRefusal::NotFound),
        Err(refusal) => {
            let words = why(&shared, &visit, &refusal, &text, &upload.files);
            let problem = visit.words(&Words::With("write-failed", vec![("reason", words)]));
            let status = WebRefusal::from(refusal).status();
            if visit.wanted == Wanted::Fragment {
                return Ok((status, problem).into_response());
            }
            let draft = Draft {
                text,
                mode,
                problem: Some(problem),
                hint: (!upload.files.is_empty()).then_some("write-files-again"),
            };
            with_draft(&shared, &visit, face, &number, draft, status).await
        }
    }
}

/// Browsers send line ends as CR LF (WHATWG HTML §4.10.22.4); people typed line ends.
fn typed(text: &str) -> String {
    text.replace("\r\n", "\n")
}

async fn store(
    shared: &Shared,
    visit: &SignedIn,
    face: Face,
    number: &TicketNumber,
    text: &str,
    mode: Mode,
    upload: &Upload<SignedIn>,
) -> Result<CommentId, Refusal> {
    let (kind, visibility) = mode.stored();
    let new = NewComment {
        text: text.to_owned(),
        author: None,
        visibility,
        kind,
        origin: face.origin(),
        attachments: upload
            .files
            .iter()
            .map(|file| NewAttachment {
                name: file.name.clone(),
                content_type: file.content_type.clone(),
                content: file.content.to_vec(),
            })
            .collect(),
    };
    let digest = digest(number, text, mode, &upload.files);
    let answer = |posted: &PostedComment| posted.comment.id.0.to_string();
    let once = |key: String| Idempotency {
        key: IdempotencyKey {
            scope: visit
                .session
                .map(|session| session.to_string())
                .unwrap_or_default(),
            key,
        },
        digest: digest.clone(),
        answer: &answer,
    };
    let post = &shared.api.post_comment;
    let fresh = || shared.options.ids.next().to_string();
    let given = match upload.field("once") {
        key if key.is_empty() || key.len() > 100 => fresh(),
        key => key.to_owned(),
    };
    let posted = match post
        .run(visit.actor(), number, new.clone(), Some(once(given)))
        .await
    {
        // Another text in the same form: somebody went back in the browser, and wrote on.
        Err(PostCommentError::KeyReused) => post.run(visit.actor(), number, new, Some(once(fresh()))).await,
        posted => posted,
    };
    match posted {
        Ok(Posted::New(posted)) => Ok(posted.comment.id),
        Ok(Posted::Repeated { answer }) => comment_id(&answer)
            .map_err(|_| Refusal::Conflict("the message was stored by an earlier version".to_owned())),
        Err(PostCommentError::Refused(refusal)) => Err(refusal),
        Err(PostCommentError::KeyReused) => {
            Err(Refusal::Conflict("the form was sent twice at once".to_owned()))
        }
    }
}

fn digest(number: &TicketNumber, text: &str, mode: Mode, files: &[UploadedFile]) -> String {
    let mut digest = Sha256::new();
    let mut part = |octets: &[u8]| {
        digest.update((octets.len() as u64).to_be_bytes());
        digest.update(octets);
    };
    part(number.folded().as_bytes());
    part(text.as_bytes());
    part(mode.as_str().as_bytes());
    for file in files {
        part(file.name.as_bytes());
        part(&file.content);
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

/// Why a message was not stored, in words that say what to do.
fn why(shared: &Shared, visit: &Visit, refusal: &Refusal, text: &str, files: &[UploadedFile]) -> String {
    let limits = &shared.pages.settings.limits;
    let fault = |error: &FieldError| match error.field.as_str() {
        "text" if text.trim().is_empty() => Words::Key("write-empty"),
        "text" if text.contains('\0') => Words::Key("write-nul"),
        "text" => Words::Key("write-too-long"),
        "attachments" => Words::With(
            "write-too-many-files",
            vec![("most", limits.attachments.to_string())],
        ),
        "kind" | "visibility" => Words::Key("write-not-allowed"),
        field => {
            let index = field
                .strip_prefix("attachments.")
                .and_then(|rest| rest.split('.').next());
            let file = index
                .and_then(|index| index.parse::<usize>().ok())
                .and_then(|index| files.get(index));
            match file {
                Some(file) => Words::With(
                    "write-file-too-large",
                    vec![
                        ("name", file.name.clone()),
                        ("most", format!("{} MB", limits.attachment / 1_000_000)),
                    ],
                ),
                None => Words::Text(error.message.clone()),
            }
        }
    };
    match refusal {
        Refusal::Invalid(errors) => {
            let mut words: Vec<_> = errors.iter().map(|error| visit.words(&fault(error))).collect();
            words.dedup();
            words.join(" ")
        }
        Refusal::Forbidden(_) => visit.words(&"write-not-allowed".into()),
        _ => visit.words(&"write-try-again".into()),
    }
}

/// The conversation again, with a text in the write box.
pub(super) async fn with_draft(
    shared: &Shared,
    visit: &SignedIn,
    face: Face,
    number: &TicketNumber,
    draft: Draft,
    status: StatusCode,
) -> Result<Response, WebRefusal> {
    let at = At::default();
    let spoken = spoken(shared, visit, number, &at).await?;
    match face {
        Face::Portal => portal::ticket_page(shared, visit, spoken, &at, draft, status).await,
        Face::Desk => desk::ticket_page(shared, visit, spoken, &at, draft, status).await,
    }
}

impl Draft {
    /// What somebody took back, to be written anew.
    pub(super) fn undone(text: &str, visibility: Visibility) -> Self {
        Self {
            text: text.to_owned(),
            mode: match visibility {
                Visibility::Public => Mode::Message,
                Visibility::Internal => Mode::Internal,
            },
            problem: None,
            hint: Some("write-undone"),
        }
    }
}
