//! Mails that wait for the desk's word, and any one mail of the ledger: what it says, and what can be decided.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use recado_app::read_mails::{MailQuery, ShownMail};
use recado_app::show_mail::Content;
use recado_app::steer_mail::AsWatcher;
use recado_domain::incoming::Remark;
use recado_domain::ledger::{BounceNote, MailId, Outcome};
use recado_domain::ticket::TicketNumber;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::administration::Sure;
use super::form::Form;
use super::page::see_other_with;
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::visit::{SignedInDesk, Visit};
use super::{Shared, paging};
use crate::api::List;

const HERE: &str = "/desk/quarantine";

/// So many characters of a mail's source are shown; the rest is in the download.
const SHOWN: usize = 200_000;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/desk/quarantine", list)
        .get("/desk/quarantine/{id}", show)
        .post("/desk/quarantine/{id}/accept", accept)
        .post("/desk/quarantine/{id}/refuse", refuse)
        .post("/desk/quarantine/{id}/replay", replay)
        .post("/desk/quarantine/{id}/raw", raw)
}

/// A mail in a list.
#[derive(Serialize)]
pub(super) struct Row {
    received_at: Timestamp,
    from: String,
    subject: String,
    reason: Option<String>,
    outcome: &'static str,
    tone: &'static str,
    ticket: Option<String>,
    ticket_href: Option<String>,
    href: String,
}

impl Row {
    /// A row whose link ends with `query`.
    pub(super) fn of(mail: ShownMail, query: &str) -> Self {
        let entry = mail.entry;
        Self {
            received_at: entry.received_at,
            outcome: outcome(entry.outcome),
            tone: tone(entry.outcome),
            ticket_href: mail.ticket.as_ref().map(ticket_href),
            ticket: mail.ticket.map(|number| number.to_string()),
            href: format!("{HERE}/{}{query}", entry.id.0),
            from: entry.from,
            subject: entry.subject,
            reason: entry.reason,
        }
    }
}

/// A ticket's page at the desk.
pub(super) fn ticket_href(number: &TicketNumber) -> String {
    super::conversation::Face::Desk.ticket(number)
}

fn outcome(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or("pending", Outcome::as_str)
}

fn tone(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Attached | Outcome::Opened) => "good",
        Some(Outcome::Quarantined) | None => "wait",
        Some(Outcome::Bounce | Outcome::Failed) => "bad",
        Some(Outcome::Automatic | Outcome::Duplicate | Outcome::Refused) => "",
    }
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

#[derive(Serialize)]
struct ListPage {
    mails: Vec<Row>,
    next: Option<String>,
}

async fn list(
    State(shared): State<Shared>,
    Query(query): Query<After>,
    visit: SignedInDesk,
) -> Result<Response, WebRefusal> {
    let request = paging::request(List::Mails, query.after.as_deref())?;
    let wanted = MailQuery {
        outcome: Some(Outcome::Quarantined),
        ticket: None,
    };
    let found = shared
        .api
        .read_mails
        .list(visit.actor(), &wanted, &request)
        .await?;
    let page = ListPage {
        next: paging::next(List::Mails, HERE, &[], found.next.as_deref()),
        mails: found.items.into_iter().map(|mail| Row::of(mail, "")).collect(),
    };
    Ok(visit.page("desk/quarantine.html", "quarantine-title", page))
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: String,
}

#[derive(Serialize)]
struct OnePage {
    /// Whether the visitor came from the quarantine's list.
    is_quarantine: bool,
    back: &'static str,
    mail: One,
    actions: Actions,
    content: Shown,
}

#[derive(Serialize)]
struct One {
    base: String,
    received_at: Timestamp,
    via: &'static str,
    size: u64,
    from: String,
    to: String,
    subject: String,
    envelope_from: Option<String>,
    outcome: &'static str,
    tone: &'static str,
    reason: Option<String>,
    ticket: Option<String>,
    ticket_href: Option<String>,
    /// Whose token it bears, when that is not its sender's.
    person: Option<String>,
    bounce: Option<Bounce>,
}

#[derive(Serialize)]
struct Bounce {
    recipient: Option<String>,
    status: String,
    diagnostic: Option<String>,
    href: Option<String>,
}

impl std::convert::From<BounceNote> for Bounce {
    fn from(note: BounceNote) -> Self {
        Self {
            recipient: note.recipient,
            status: note.status.unwrap_or_default(),
            diagnostic: note.diagnostic,
            href: note.delivery.map(|id| format!("/desk/deliveries/{}", id.0)),
        }
    }
}

/// What may be decided about it.
#[derive(Serialize)]
struct Actions {
    release: bool,
    refuse: bool,
    replay: bool,
}

/// What it says.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shown {
    Read {
        text: String,
        quoted: Option<String>,
        files: Vec<File>,
        remarks: Vec<RemarkView>,
    },
    Forgotten,
    Unreadable {
        said: String,
    },
}

#[derive(Serialize)]
struct File {
    name: String,
    content_type: String,
    size: usize,
}

#[derive(Serialize)]
struct RemarkView {
    key: &'static str,
    count: usize,
}

impl std::convert::From<&Remark> for RemarkView {
    fn from(remark: &Remark) -> Self {
        let (key, count) = match remark {
            Remark::StructureCut => ("remark-structure", 0),
            Remark::TextCut => ("remark-text", 0),
            Remark::AttachmentsLeftOut(files) => ("remark-files", *files),
            Remark::Opaque => ("remark-opaque", 0),
            Remark::Undecodable => ("remark-undecodable", 0),
        };
        Self { key, count }
    }
}

impl std::convert::From<Content> for Shown {
    fn from(content: Content) -> Self {
        match content {
            Content::Forgotten => Self::Forgotten,
            Content::Unreadable(said) => Self::Unreadable { said },
            Content::Read(mail) => Self::Read {
                remarks: mail.remarks.iter().map(Into::into).collect(),
                files: mail
                    .attachments
                    .iter()
                    .map(|file| File {
                        name: file.name.as_str().to_owned(),
                        content_type: file.content_type.as_str().to_owned(),
                        size: file.content.len(),
                    })
                    .collect(),
                text: mail.text,
                quoted: mail.quoted,
            },
        }
    }
}

fn parse(text: &str) -> Result<MailId, WebRefusal> {
    Uuid::parse_str(text)
        .map(MailId)
        .map_err(|_| WebRefusal::NotFound)
}

async fn show(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(from): Query<From>,
    visit: SignedInDesk,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    let mail = shared.api.read_mails.find(visit.actor(), id).await?;
    let content = shared
        .pages
        .administration
        .show_mail
        .run(visit.actor(), id)
        .await?;
    let entry = mail.entry;
    let allows = |rule: fn(Outcome) -> bool| entry.outcome.is_some_and(rule);
    let is_quarantine = from.from != "ledger";
    let has_octets = !matches!(content, Content::Forgotten);
    let title = super::strings::Words::Text(entry.subject.clone());
    let page = OnePage {
        is_quarantine,
        back: if is_quarantine {
            HERE
        } else {
            "/administration/mails"
        },
        actions: Actions {
            release: has_octets && allows(Outcome::can_be_released),
            refuse: allows(Outcome::can_be_refused),
            replay: has_octets && allows(Outcome::can_be_replayed),
        },
        content: content.into(),
        mail: One {
            base: format!("{HERE}/{}", id.0),
            received_at: entry.received_at,
            via: entry.via.as_str(),
            size: entry.size,
            from: entry.from,
            to: entry.to,
            subject: entry.subject,
            envelope_from: entry.envelope_from.map(|sender| {
                if sender.is_empty() {
                    "<>".to_owned()
                } else {
                    sender
                }
            }),
            outcome: outcome(entry.outcome),
            tone: tone(entry.outcome),
            reason: entry.reason,
            ticket_href: mail.ticket.as_ref().map(ticket_href),
            ticket: mail.ticket.map(|number| number.to_string()),
            person: entry.person.map(|person| person.to_string()),
            bounce: entry.bounce.map(Into::into),
        },
    };
    Ok(visit.page("desk/mail.html", title, page))
}

#[derive(Deserialize)]
struct Accept {
    #[serde(default, rename = "as")]
    accept_as: String,
}

async fn accept(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, form): Form<SignedInDesk, Accept>,
) -> Result<Response, WebRefusal> {
    let as_watcher = match form.accept_as.as_str() {
        "watcher" => AsWatcher::Yes,
        _ => AsWatcher::No,
    };
    let steer = &shared.api.steer_mail;
    let mail = steer.release(visit.actor(), parse(&id)?, as_watcher).await?;
    let place = mail.ticket.as_ref().map_or_else(|| HERE.to_owned(), ticket_href);
    Ok(see_other_with(&place, "flash-accepted"))
}

#[derive(Serialize)]
struct Confirmation<'a> {
    question: &'static str,
    name: &'a str,
    action: &'a str,
    back: &'a str,
}

/// Asks before something that its writer is not told of.
pub(super) fn ask(
    visit: &Visit,
    question: &'static str,
    title: &'static str,
    name: &str,
    (action, back): (&str, &str),
) -> Response {
    let question = Confirmation {
        question,
        name,
        action,
        back,
    };
    visit.page("desk/confirm.html", title, question)
}

async fn refuse(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, sure): Form<SignedInDesk, Sure>,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    if !sure.is_sure() {
        let mail = shared.api.read_mails.find(visit.actor(), id).await?;
        let back = format!("{HERE}/{}", id.0);
        let places = (&*format!("{back}/refuse"), &*back);
        let name = format!("{} · {}", mail.entry.from, mail.entry.subject);
        return Ok(ask(&visit, "refuse-mail", "incoming-refuse", &name, places));
    }
    shared.api.steer_mail.refuse(visit.actor(), id).await?;
    Ok(see_other_with(HERE, "flash-refused"))
}

async fn replay(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, _): Form<SignedInDesk, Sure>,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    shared.api.steer_mail.replay(visit.actor(), id).await?;
    Ok(see_other_with(&format!("{HERE}/{}", id.0), "flash-replayed"))
}

/// How the octets of a mail are wanted.
#[derive(Deserialize)]
pub(super) struct Source {
    download: Option<String>,
}

async fn raw(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, source): Form<SignedInDesk, Source>,
) -> Result<Response, WebRefusal> {
    let id = parse(&id)?;
    let octets = shared.api.read_mails.raw(visit.actor(), id).await?;
    let place = format!("{HERE}/{}", id.0);
    let name = format!("{}.eml", id.0);
    Ok(octets_of(
        &visit,
        &source,
        octets,
        "incoming-raw-title",
        (&format!("{place}/raw"), &place, &name),
    ))
}

/// The octets of a mail: as text on a page, or as a file. The use case that gave them has noted who reads.
pub(super) fn octets_of(
    visit: &Visit,
    source: &Source,
    octets: Vec<u8>,
    title: &'static str,
    (action, back, name): (&str, &str, &str),
) -> Response {
    #[derive(Serialize)]
    struct Page<'a> {
        title: &'static str,
        source: &'a str,
        is_cut: bool,
        action: &'a str,
        back: &'a str,
    }
    if source.download.is_some() {
        let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
            .expect("an id is visible ASCII");
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        return (headers, octets).into_response();
    }
    let text = String::from_utf8_lossy(&octets);
    let cut = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    let page = Page {
        title,
        source: &text[..cut.unwrap_or(text.len())],
        is_cut: cut.is_some(),
        action,
        back,
    };
    visit.page("desk/source.html", title, page)
}
