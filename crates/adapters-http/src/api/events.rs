//! `GET /events`: what happens, as server-sent events (WHATWG HTML §9.2). Nothing is polled: the log wakes the stream.
//!
//! A stream that breaks is resumed by `Last-Event-ID` and skips nothing. The token is looked up again before each
//! reading, so that a stream ends with its account, and sees no more than it may.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Sse};
use futures_util::{FutureExt, stream};
use jiff::Timestamp;
use recado_app::follow_events::SeenEvent;
use recado_ports::events::EventKind;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Shared;
use super::auth::Caller;
use super::page::List;
use super::problem::{Kind, Problem};
use super::request::InQuery;

/// A silent stream sends a comment this often, so that proxies keep it open and a dead peer is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The longest wait before the token is looked up again.
const WAIT: Duration = Duration::from_secs(15);

/// What an event says; its name is the stream's `event`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventView {
    /// The ticket's number; null for a test mail.
    #[schema(required)]
    ticket: Option<String>,
    /// With `comment.created`.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Uuid>,
    /// With `delivery.changed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Uuid>,
    at: Timestamp,
}

fn event(seen: SeenEvent) -> Event {
    let SeenEvent { event, ticket } = seen;
    let subject = |kind| (event.kind == kind).then_some(event.subject);
    let view = EventView {
        ticket: ticket.map(String::from),
        comment: subject(EventKind::CommentCreated),
        delivery: subject(EventKind::DeliveryChanged),
        at: event.at,
    };
    Event::default()
        .id(List::Events.seal(&event.cursor))
        .event(event.kind.as_str())
        .json_data(view)
        .expect("texts and ids are JSON")
}

/// Follows what happens
///
/// Server-sent events `comment.created`, `delivery.changed` and `ticket.changed`, on the tickets that the account sees.
/// Each has an `id`; a client that comes back with it in `Last-Event-ID` skips nothing. Without, the stream begins now.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last event seen")),
    responses((status = 200, description = "A stream that does not end", body = EventView, content_type = "text/event-stream")),
)]
pub(super) async fn follow_events(
    State(state): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    query: InQuery,
) -> Result<impl IntoResponse, Problem> {
    query.finish()?;
    let cursor = match headers.get("last-event-id") {
        None => state.api.follow_events.newest().await?,
        Some(given) => {
            let open = given.to_str().ok().and_then(|given| List::Events.open(given));
            Some(open.ok_or_else(|| Problem::malformed("Last-Event-ID names no event of this stream"))?)
        }
    };
    let permit = state.event_streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            Kind::Unavailable,
            "too many streams of events are open; come back later",
        )
        .retry_after(30)
    })?;
    let shutdown = state.options.shutdown.clone();
    let follower = Follower {
        state,
        caller,
        cursor,
        ready: VecDeque::new(),
        shutdown,
        _permit: permit,
    };
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    // nginx holds a stream back until its buffer is full, unless told.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((
        unbuffered,
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)),
    ))
}

struct Follower {
    state: Shared,
    caller: Caller,
    cursor: Option<String>,
    ready: VecDeque<SeenEvent>,
    shutdown: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event; `None` ends the stream, and the client comes back by itself.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.shutdown.is_cancelled() {
                return None;
            }
            if let Some(seen) = self.ready.pop_front() {
                return Some(event(seen));
            }
            let follow = &self.state.api.follow_events;
            // The wait begins before the reading: what happens in between ends it.
            let mut wait = pin!(follow.wait(WAIT));
            let changed = wait.as_mut().now_or_never().is_some();
            let actor = match self.state.api.authenticate.run(&self.caller.token).await {
                Ok(actor) => actor?,
                Err(error) => return broken(&error),
            };
            let before = self.cursor.clone();
            match follow.after(&actor, before.clone()).await {
                Ok((seen, cursor)) => {
                    self.ready.extend(seen);
                    self.cursor = cursor;
                }
                Err(error) => return broken(&error),
            }
            if changed || self.cursor != before {
                continue;
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return None,
                () = wait => {}
            }
        }
    }
}

fn broken(error: &recado_app::access::Refusal) -> Option<Event> {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a stream of events ends early; its client resumes it"
    );
    None
}
