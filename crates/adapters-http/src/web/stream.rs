//! Live updates: server-sent events (WHATWG HTML §9.2) for pages that are open.
//!
//! One task of the daemon follows the log and looks each event up once; a stream filters in memory, and asks who its
//! visitor is only when it has something to tell. Nobody polls. A stream that breaks, or was away, is resumed behind
//! the last event it had.

mod hub;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use recado_app::follow_events::{Happening, Told};
use recado_domain::ticket::TicketNumber;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use uuid::Uuid;

use super::Shared;
use super::cookie::Cookie;
use super::form::Form;
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::visit::SignedIn;
use crate::api::List;
pub(super) use hub::Hub;

/// A silent stream sends a comment this often, so that proxies keep it open and a dead peer is noticed.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// Events that a stream catches up with; a page that missed more reads itself anew.
const CATCH_UP: usize = 1_000;

/// Events read at once.
const BATCH: u16 = 200;

pub(super) fn routes() -> Routes {
    Routes::new().get("/events", follow).post("/page", note_page)
}

#[derive(Deserialize)]
struct Wish {
    /// A ticket's number; without it, all tickets that the visitor sees.
    ticket: Option<String>,
    /// Where the page was made; `Last-Event-ID` wins.
    after: Option<String>,
}

async fn follow(
    State(shared): State<Shared>,
    visit: SignedIn,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
) -> Result<Response, WebRefusal> {
    let ticket = match wish.ticket {
        None => None,
        Some(text) => {
            let number = TicketNumber::parse(&text).map_err(|_| WebRefusal::NotFound)?;
            // Somebody else's is not there.
            Some(shared.api.read_tickets.find(visit.actor(), &number).await?.number)
        }
    };
    let secret = shared
        .jar
        .read(&headers, Cookie::Session)
        .ok_or(WebRefusal::SignedOut(None))?;
    let place = shared.hub.place().ok_or(WebRefusal::Unavailable)?;
    // Before the log is read: what happens meanwhile comes twice rather than not at all.
    let news = shared.hub.subscribe(&shared);
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let cursor = last.map(ToOwned::to_owned).or(wish.after);
    let mut follower = Follower {
        shared: shared.clone(),
        ticket,
        secret,
        news,
        had: HashSet::new(),
        ready: Vec::new(),
        _place: place,
    };
    follower.catch_up(cursor.as_deref()).await?;
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    // nginx holds a stream back until its buffer is full, unless told.
    let unbuffered = [("x-accel-buffering", "no")];
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok((unbuffered, stream).into_response())
}

struct Follower {
    shared: Shared,
    ticket: Option<TicketNumber>,
    secret: String,
    news: broadcast::Receiver<Arc<Happening>>,
    /// Places of events that were caught up with, and may come as news too.
    had: HashSet<String>,
    /// To be told first, the latest at the front.
    ready: Vec<Line>,
    _place: OwnedSemaphorePermit,
}

enum Line {
    Happened(Arc<Happening>),
    /// Too much was missed: the page shall read itself anew.
    Reload,
}

impl Follower {
    /// Reads what was missed since the page was made or the stream broke.
    async fn catch_up(&mut self, sealed: Option<&str>) -> Result<(), WebRefusal> {
        let Some(sealed) = sealed else { return Ok(()) };
        let Some(mut cursor) = List::Events.open(sealed) else {
            self.ready.push(Line::Reload);
            return Ok(());
        };
        let follow = &self.shared.api.follow_events;
        let mut missed = Vec::new();
        loop {
            let batch = follow
                .events
                .after(Some(cursor.clone()), BATCH)
                .await
                .map_err(WebRefusal::from)?;
            let Some(last) = batch.last() else { break };
            cursor.clone_from(&last.cursor);
            missed.extend(batch);
            if missed.len() > CATCH_UP {
                self.ready.push(Line::Reload);
                return Ok(());
            }
        }
        for event in missed {
            self.had.insert(event.cursor.clone());
            self.ready
                .push(Line::Happened(Arc::new(follow.look(event).await?)));
        }
        self.ready.reverse();
        Ok(())
    }

    /// The next event for this visitor; `None` ends the stream, and the page comes back by itself.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let line = match self.ready.pop() {
                Some(line) => line,
                None => Line::Happened(self.news().await?),
            };
            let happening = match line {
                Line::Happened(happening) => happening,
                Line::Reload => return Some(Event::default().event("reload").data("{}")),
            };
            if self.ticket.is_some() && self.ticket.as_ref() != happening.ticket() {
                continue;
            }
            // Whoever was signed out, disabled or taken off the ticket meanwhile hears no more.
            let visitor = match self.shared.api.authenticate.session(&self.secret).await {
                Ok(visitor) => visitor?,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a page's stream ends early"
                    );
                    return None;
                }
            };
            if let Some(told) = happening.told_to(&visitor.actor) {
                return Some(event(&happening.event.cursor, told));
            }
        }
    }

    async fn news(&mut self) -> Option<Arc<Happening>> {
        loop {
            let shutdown = &self.shared.options.shutdown;
            let news = tokio::select! {
                () = shutdown.cancelled() => return None,
                // Whoever is too slow for the news comes back and catches up.
                news = self.news.recv() => news.ok()?,
            };
            if !self.had.remove(&news.event.cursor) {
                return Some(news);
            }
        }
    }
}

#[derive(Serialize)]
struct Data {
    ticket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Uuid>,
}

fn event(cursor: &str, told: Told) -> Event {
    let data = Data {
        ticket: told.ticket.map(String::from),
        comment: told.comment.map(|id| id.0),
        delivery: told.delivery.map(|id| id.0),
    };
    Event::default()
        .id(List::Events.seal(cursor))
        .event(told.kind.as_str())
        .json_data(data)
        .expect("texts and ids are JSON")
}

#[derive(Deserialize)]
struct PageForm {
    /// The name that the page gave itself.
    page: Uuid,
    ticket: String,
    state: PageState,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PageState {
    Shown,
    Closed,
}

/// `POST /page`: a ticket's page is open in front of somebody who wants no mail meanwhile; or is so no more.
async fn note_page(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedIn, PageForm>,
) -> Result<StatusCode, WebRefusal> {
    use recado_domain::preference::WhileOpen;

    let pages = &shared.pages.set_preference;
    match form.state {
        PageState::Closed => pages.page_closed(form.page).await?,
        // Others get their mail whatever is open: nothing needs to be written.
        PageState::Shown if visit.preference.while_open == WhileOpen::Mail => {}
        PageState::Shown => {
            let number = TicketNumber::parse(&form.ticket).map_err(|_| WebRefusal::NotFound)?;
            pages.page_shown(visit.actor(), form.page, &number).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
