//! Streams of pages: who hears what, from where, and until when.

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Request};
use futures_util::StreamExt;
use recado_ports::people::People;
use recado_ports::sessions::Sessions;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::Desk;
use crate::visitor::{Visitor, text};

/// An open stream.
struct Stream {
    body: BodyDataStream,
    read: String,
}

impl Stream {
    async fn open(desk: &Desk, visitor: &Visitor<'_>, path: &str) -> Self {
        let request: Request<Body> = visitor.request(Method::GET, path).body(Body::empty()).unwrap();
        let response = desk.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            read: String::new(),
        }
    }

    /// The next event: its name and its data; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                    return Some((name, serde_json::from_str(&data).unwrap()));
                }
            }
            let octets = self.body.next().await?.unwrap();
            self.read.push_str(std::str::from_utf8(&octets).unwrap());
        }
    }
}

async fn say(desk: &Desk, token: &str, ticket: &str, body: Value) -> Value {
    desk.post(token, &format!("/tickets/{ticket}/comments"), body)
        .await
        .of(201)
}

#[tokio::test]
async fn an_open_page_hears_of_its_ticket_at_once_and_of_no_other() {
    let desk = Desk::telling().await;
    let eva = json!({"title": "z", "requester": {"name": "", "email": "eva@example.com"}});
    desk.put(&desk.admin, "/tickets/5", eva).await.of(201);
    let tomas = Visitor::signed_in(&desk, "tomas@example.com").await;
    let mut stream = Stream::open(&desk, &tomas, "/events?ticket=4711").await;
    let mut all = Stream::open(&desk, &tomas, "/events").await;
    // The first event that the hub hands on may come after both; it skips none behind its beginning.
    tokio::task::yield_now().await;
    let other = say(&desk, &desk.eva, "5", json!({"text": "x"})).await;
    let comment = say(&desk, &desk.ana, "4711", json!({"text": "y"})).await;
    let (name, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["comment"]),
        ("comment.created", &comment["id"])
    );
    assert_eq!(data["ticket"], "4711");
    assert_eq!(all.next().await.unwrap().1["comment"], other["id"]);
}

#[tokio::test]
async fn another_persons_ticket_has_no_stream() {
    let desk = Desk::telling().await;
    let mut eva = Visitor::signed_in(&desk, "eva@example.com").await;
    assert_eq!(eva.get("/events?ticket=4711").await.status.as_u16(), 404);
    assert_eq!(eva.get("/events?ticket=none").await.status.as_u16(), 404);
    let mut nobody = Visitor::new(&desk);
    let answer = nobody.get("/events?ticket=4711").await;
    assert!([303, 401].contains(&answer.status.as_u16()), "{}", text(&answer));
}

#[tokio::test]
async fn a_page_misses_nothing_that_happened_after_it_was_made() {
    let desk = Desk::telling().await;
    let mut ana = Visitor::signed_in(&desk, "ana@example.com").await;
    // The first page of the process begins to follow the log; the next one knows where it stands.
    ana.get("/settings").await;
    let cursor = loop {
        let page = text(&ana.get("/settings").await);
        if let Some((_, rest)) = page.split_once("data-cursor=\"") {
            break rest.split_once('"').unwrap().0.to_owned();
        }
        tokio::task::yield_now().await;
    };
    let comment = say(&desk, &desk.tomas, "4711", json!({"text": "y"})).await;
    let mut stream = Stream::open(&desk, &ana, &format!("/events?ticket=4711&after={cursor}")).await;
    assert_eq!(stream.next().await.unwrap().1["comment"], comment["id"]);
    let mut lost = Stream::open(&desk, &ana, "/events?after=nonsense").await;
    assert_eq!(lost.next().await.unwrap().0, "reload");
}

#[tokio::test]
async fn internal_comments_are_not_heard_of_and_what_is_taken_back_is_a_change_of_the_ticket() {
    let desk = Desk::telling().await;
    let ana = Visitor::signed_in(&desk, "ana@example.com").await;
    let mut stream = Stream::open(&desk, &ana, "/events").await;
    tokio::task::yield_now().await;
    say(
        &desk,
        &desk.tomas,
        "4711",
        json!({"text": "x", "visibility": "internal"}),
    )
    .await;
    let public = say(&desk, &desk.tomas, "4711", json!({"text": "y"})).await;
    let (name, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["comment"]),
        ("comment.created", &public["id"])
    );
    let path = format!("/tickets/4711/comments/{}", public["id"].as_str().unwrap());
    desk.delete(&desk.tomas, &path).await;
    let (name, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data),
        ("ticket.changed", &json!({"ticket": "4711"}))
    );
}

#[tokio::test]
async fn authors_hear_how_far_their_mail_got_and_others_do_not() {
    let desk = Desk::telling().await;
    let comment = say(&desk, &desk.ana, "4711", json!({"text": "y"})).await;
    let ana = Visitor::signed_in(&desk, "ana@example.com").await;
    let mut stream = Stream::open(&desk, &ana, "/events").await;
    tokio::task::yield_now().await;
    let id = comment["deliveries"][0]["id"].as_str().unwrap();
    desk.post(&desk.tomas, &format!("/deliveries/{id}/cancel"), json!({}))
        .await
        .of(200);
    let (name, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data),
        (
            "delivery.changed",
            &json!({"ticket": "4711", "comment": comment["id"]})
        )
    );
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let desk = Desk::telling().await;
    let tomas = Visitor::signed_in(&desk, "tomas@example.com").await;
    let mut stream = Stream::open(&desk, &tomas, "/events").await;
    tokio::task::yield_now().await;
    let address = recado_domain::person::EmailAddress::parse("tomas@example.com").unwrap();
    let user = desk.store.find_user(&address).await.unwrap().unwrap();
    desk.store.end_all(user.id, None).await.unwrap();
    say(&desk, &desk.ana, "4711", json!({"text": "y"})).await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_when_the_daemon_stops() {
    let desk = Desk::telling().await;
    let tomas = Visitor::signed_in(&desk, "tomas@example.com").await;
    let mut stream = Stream::open(&desk, &tomas, "/events").await;
    desk.shutdown.cancel();
    assert_eq!(stream.next().await, None);
}
