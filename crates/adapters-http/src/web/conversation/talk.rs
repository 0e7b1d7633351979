//! A page of a conversation, read by key: the newest messages, or those before one. How long the conversation is does
//! not matter.

use axum::extract::{Path, State};
use axum::response::Response;
use recado_app::read_comments::Conversation;
use recado_app::read_deliveries::HeldChannels;
use recado_domain::comment::CommentId;
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::page::PageLimit;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::message::Message;
use super::{Extent, Face, Reading, TicketView, comment_id, face, number, page_title};
use crate::web::Shared;
use crate::web::refusal::WebRefusal;
use crate::web::visit::{SignedIn, Visit, Wanted};

/// Which part of a conversation is asked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct At {
    /// Messages before this one.
    before: Option<Uuid>,
    /// This message, and those before it.
    at: Option<Uuid>,
}

impl At {
    pub(in crate::web) fn before(&self) -> Option<CommentId> {
        let id = match (self.before, self.at) {
            (Some(before), _) => Some(before),
            // Ids are in the order of writing: the next possible one is behind this one and before all later ones.
            (None, Some(at)) => Some(Uuid::from_u128(at.as_u128().saturating_add(1))),
            (None, None) => None,
        };
        id.map(CommentId)
    }

    /// Whether it is the end of the conversation, where one reads what is new.
    pub(in crate::web) fn is_newest(&self) -> bool {
        self.before().is_none()
    }
}

/// A part of a conversation, for a template.
#[derive(Debug, Default, Serialize)]
pub(in crate::web) struct Talk {
    messages: Vec<Message>,
    /// Where a single message is, without its id.
    messages_path: String,
    earlier_path: Option<String>,
    newest_path: Option<String>,
    is_empty: bool,
    empty_hint: &'static str,
}

impl Talk {
    /// What a conversation shows of itself. `path` is the page's.
    pub(in crate::web) fn new(
        reading: &Reading<'_>,
        conversation: Conversation,
        path: &str,
        at: &At,
    ) -> Self {
        let earlier = conversation.earlier;
        Self {
            is_empty: conversation.comments.is_empty() && at.is_newest(),
            messages: reading.messages(conversation.comments, None),
            messages_path: format!("{path}/comments/"),
            earlier_path: earlier.map(|id| format!("{path}?before={}", id.0)),
            newest_path: (!at.is_newest()).then(|| path.to_owned()),
            empty_hint: if reading.actor.is_some() {
                "talk-empty-write"
            } else {
                "talk-empty-read"
            },
        }
    }
}

impl Talk {
    /// For whoever has not signed in: a file's address asks them to, so no picture is shown in its place.
    pub(in crate::web) fn read_only(mut self) -> Self {
        for message in &mut self.messages {
            message.list_pictures();
        }
        self
    }
}

/// A ticket with a part of its conversation, as stored.
pub(in crate::web) struct Spoken {
    pub(in crate::web) ticket: Ticket,
    pub(in crate::web) conversation: Conversation,
    pub(in crate::web) held: HeldChannels,
}

/// Reads a part of a conversation, and notes that it was read.
pub(in crate::web) async fn spoken(
    shared: &Shared,
    visit: &SignedIn,
    number: &TicketNumber,
    at: &At,
) -> Result<Spoken, WebRefusal> {
    let (ticket, conversation) = shared
        .api
        .read_comments
        .latest(visit.actor(), number, at.before(), PageLimit::default())
        .await?;
    if at.is_newest() {
        mark_read(shared, visit, number).await;
    }
    Ok(Spoken {
        ticket,
        conversation,
        held: shared.api.read_deliveries.held().await?,
    })
}

/// That somebody has read a ticket is not worth failing the page for.
async fn mark_read(shared: &Shared, visit: &SignedIn, number: &TicketNumber) {
    if let Err(error) = shared.pages.read_inbox.mark_read(visit.actor(), number).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a ticket stays unread");
    }
}

impl Spoken {
    /// How a visitor reads it.
    pub(in crate::web) fn reading<'a>(&'a self, face: Face, visit: &'a Visit, extent: Extent) -> Reading<'a> {
        Reading {
            face,
            actor: visit.actor.as_ref(),
            ticket: &self.ticket,
            held: &self.held,
            now: visit.shared.options.clock.now(),
            zone: &visit.zone,
            extent,
        }
    }

    /// The part of the conversation for a template.
    pub(in crate::web) fn talk(&mut self, face: Face, visit: &Visit, at: &At) -> Talk {
        let conversation = Conversation {
            comments: std::mem::take(&mut self.conversation.comments),
            earlier: self.conversation.earlier,
        };
        let path = face.ticket(&self.ticket.number);
        Talk::new(
            &self.reading(face, visit, Extent::Beginning),
            conversation,
            &path,
            at,
        )
    }
}

#[derive(Serialize)]
struct OneMessage {
    m: Message,
    ticket: TicketView,
}

/// `…/comments/{id}`: the message alone; as a page, with the whole of a text that the conversation cuts.
pub(in crate::web) async fn get_comment(
    State(shared): State<Shared>,
    visit: SignedIn,
    Path((ticket, comment)): Path<(String, String)>,
) -> Result<Response, WebRefusal> {
    let face = face(&visit)?;
    let number = number(&ticket)?;
    if visit.wanted == Wanted::Fragment {
        // The script asks for it to put it before somebody's eyes.
        mark_read(&shared, &visit, &number).await;
    }
    one(&shared, &visit, face, &number, comment_id(&comment)?).await
}

/// One message, as a page or as what the script puts into a conversation.
pub(super) async fn one(
    shared: &Shared,
    visit: &SignedIn,
    face: Face,
    number: &TicketNumber,
    id: CommentId,
) -> Result<Response, WebRefusal> {
    let reader = &shared.api.read_comments;
    let (ticket, found) = reader.find(visit.actor(), number, id).await?;
    if visit.wanted == Wanted::Fragment
        && let Err(error) = shared
            .pages
            .see_comment
            .run(visit.actor(), ticket.id, &found)
            .await
    {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a mail about a comment that is seen goes out"
        );
    }
    let before = reader
        .latest(visit.actor(), number, Some(id), PageLimit::clamp(1))
        .await?
        .1;
    let spoken = Spoken {
        ticket,
        conversation: before,
        held: shared.api.read_deliveries.held().await?,
    };
    let extent = match visit.wanted {
        Wanted::Page => Extent::Whole,
        Wanted::Fragment => Extent::Beginning,
    };
    let reading = spoken.reading(face, visit, extent);
    let above = match visit.wanted {
        Wanted::Page => None,
        Wanted::Fragment => spoken
            .conversation
            .comments
            .last()
            .map(|found| reading.day(&found.comment)),
    };
    let m = reading
        .messages(vec![found], above)
        .pop()
        .expect("one comment is one message");
    let context = OneMessage {
        m,
        ticket: TicketView::new(&spoken.ticket, face, visit.actor.as_ref()),
    };
    Ok(match visit.wanted {
        Wanted::Page => visit.page("conversation/one.html", page_title(&spoken.ticket), context),
        Wanted::Fragment => visit.fragment("conversation/message.html", context),
    })
}
