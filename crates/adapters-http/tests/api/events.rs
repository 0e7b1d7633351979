//! The stream of events.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Response};
use futures_util::StreamExt;
use recado_adapters_http::HttpLimits;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Desk, Setup, request};

const DEADLINE: Duration = Duration::from_secs(10);

/// An open stream.
struct Follower {
    body: BodyDataStream,
    text: String,
}

#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

impl Follower {
    async fn open(desk: &Desk, token: &str, last: Option<&str>) -> Self {
        let response = send(desk, token, last).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    let line = event.lines().find_map(|line| line.strip_prefix(&prefix));
                    line.unwrap_or_else(|| panic!("no {name} in {event:?}"))
                        .to_owned()
                };
                let data = serde_json::from_str(&field("data")).unwrap();
                let event = Event {
                    id: field("id"),
                    name: field("event"),
                    data,
                };
                self.text = String::from(rest);
                return Some(event);
            }
            let chunk = tokio::time::timeout(DEADLINE, self.body.next())
                .await
                .expect("an event comes in time")?;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }
}

async fn send(desk: &Desk, token: &str, last: Option<&str>) -> Response<Body> {
    let mut request = request(Method::GET, "/events", token);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    desk.router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn post(desk: &Desk, token: &str, body: Value) -> Value {
    desk.post(token, "/tickets/4711/comments", body).await.of(201)
}

#[tokio::test]
async fn a_stream_tells_what_happens_from_now_on() {
    let desk = Desk::telling().await;
    post(&desk, &desk.ana, json!({"text": "before"})).await;
    let mut events = Follower::open(&desk, &desk.tomas, None).await;
    let posted = post(&desk, &desk.ana, json!({"text": "after"})).await;
    let event = events.next().await.unwrap();
    assert_eq!(event.name, "comment.created");
    assert_eq!(
        event.data,
        json!({"ticket": "4711", "comment": posted["id"], "at": "2026-11-22T10:00:00Z"})
    );
    desk.put(&desk.admin, "/tickets/4711", json!({"status": "closed"}))
        .await
        .of(200);
    let event = events.next().await.unwrap();
    assert_eq!(
        (event.name.as_str(), event.data),
        (
            "ticket.changed",
            json!({"ticket": "4711", "at": "2026-11-22T10:00:00Z"})
        )
    );
    let id = posted["deliveries"][0]["id"].as_str().unwrap();
    desk.post(&desk.tomas, &format!("/deliveries/{id}/cancel"), json!({}))
        .await
        .of(200);
    let event = events.next().await.unwrap();
    assert_eq!(
        (event.name.as_str(), &event.data["delivery"]),
        ("delivery.changed", &json!(id))
    );
}

#[tokio::test]
async fn a_stream_that_waits_is_woken() {
    let desk = Desk::telling().await;
    let mut events = Follower::open(&desk, &desk.tomas, None).await;
    let (event, _) = tokio::join!(events.next(), async {
        // The stream is polled first, and waits by now.
        tokio::task::yield_now().await;
        post(&desk, &desk.ana, json!({"text": "x"})).await
    });
    assert_eq!(event.unwrap().name, "comment.created");
}

#[tokio::test]
async fn a_stream_resumes_behind_the_last_event_and_skips_none() {
    let desk = Desk::telling().await;
    let mut events = Follower::open(&desk, &desk.tomas, None).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(post(&desk, &desk.ana, json!({"text": "x"})).await["id"].clone());
    }
    let first = events.next().await.unwrap();
    assert_eq!(first.data["comment"], ids[0]);
    drop(events);
    let mut events = Follower::open(&desk, &desk.tomas, Some(&first.id)).await;
    for id in &ids[1..] {
        assert_eq!(events.next().await.unwrap().data["comment"], *id);
    }
}

#[tokio::test]
async fn a_requester_hears_of_public_comments_on_their_tickets_alone() {
    let desk = Desk::telling().await;
    let mut anas = Follower::open(&desk, &desk.ana, None).await;
    let mut evas = Follower::open(&desk, &desk.eva, None).await;
    post(&desk, &desk.tomas, json!({"text": "x", "visibility": "internal"})).await;
    let public = post(&desk, &desk.tomas, json!({"text": "y"})).await;
    assert_eq!(anas.next().await.unwrap().data["comment"], public["id"]);
    let body = json!({"title": "z", "requester": {"name": "", "email": "eva@example.com"}});
    desk.put(&desk.admin, "/tickets/5", body).await.of(201);
    assert_eq!(evas.next().await.unwrap().data["ticket"], "5");
}

#[tokio::test]
async fn a_last_event_that_is_none_of_ours_is_refused() {
    let desk = Desk::telling().await;
    for last in ["nonsense", "00000000000000000001", "%"] {
        assert_eq!(
            send(&desk, &desk.tomas, Some(last)).await.status().as_u16(),
            400,
            "{last}"
        );
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_daemon_stops() {
    let desk = Desk::telling().await;
    let mut events = Follower::open(&desk, &desk.tomas, None).await;
    let (end, ()) = tokio::join!(events.next(), async {
        tokio::task::yield_now().await;
        desk.shutdown.cancel();
    });
    assert!(end.is_none());
}

#[tokio::test]
async fn streams_are_bounded_and_make_room_when_they_end() {
    let limits = HttpLimits {
        event_streams: 1,
        ..HttpLimits::default()
    };
    let desk = Setup {
        limits,
        ..Setup::default()
    }
    .open()
    .await;
    let first = Follower::open(&desk, &desk.tomas, None).await;
    let refused = send(&desk, &desk.ana, None).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"30".parse().unwrap())
    );
    drop(first);
    Follower::open(&desk, &desk.ana, None).await;
}
