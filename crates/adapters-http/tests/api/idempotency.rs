//! The same request twice does its work once.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::comment::{AttachmentId, CommentId};
use recado_domain::outbox::Delivery;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::comments::{
    AcceptComment, AcceptError, Audience, CommentContext, CommentWithDeliveries, Comments, ContextQuery,
    Retraction,
};
use recado_ports::page::{Page, PageLimit, PageRequest};
use recado_ports::store::StoreError;
use recado_ports::tickets::Tickets;
use recado_test_support::builders;
use recado_test_support::fakes::MemoryStore;
use tokio::sync::Semaphore;

use crate::harness::{Desk, Setup};

const COMMENTS: &str = "/tickets/4711/comments";

#[tokio::test]
async fn a_repeated_request_gets_the_first_ones_answer() {
    let desk = Desk::telling().await;
    let first = desk
        .post_keyed(&desk.ana, COMMENTS, "k1", r#"{"text":"x","kind":"message"}"#)
        .await;
    let body = r#" { "kind": "message", "text": "\u0078" } "#;
    let again = desk
        .post_keyed(&desk.ana, "/tickets/4711/comments", "k1", body)
        .await;
    assert_eq!(first.of(201), again.of(201));
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    let list = desk.get(&desk.ana, COMMENTS).await.of(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tickets_number_is_the_same_path_in_any_letter_case() {
    let desk = Desk::telling().await;
    desk.store.put(builders::ticket("INC-1").write()).await.unwrap();
    let first = desk
        .post_keyed(&desk.ana, "/tickets/INC-1/comments", "k", r#"{"text":"x"}"#)
        .await;
    let again = desk
        .post_keyed(&desk.ana, "/tickets/inc%2D1/comments", "k", r#"{"text":"x"}"#)
        .await;
    assert_eq!(first.of(201)["id"], again.of(201)["id"]);
}

#[tokio::test]
async fn the_key_with_another_body_or_ticket_is_refused() {
    let desk = Desk::telling().await;
    desk.store.put(builders::ticket("4712").write()).await.unwrap();
    desk.post_keyed(&desk.ana, COMMENTS, "k", r#"{"text":"x"}"#)
        .await
        .of(201);
    let other = desk.post_keyed(&desk.ana, COMMENTS, "k", r#"{"text":"y"}"#).await;
    other.problem(422, "idempotency-key-reused");
    let elsewhere = desk
        .post_keyed(&desk.ana, "/tickets/4712/comments", "k", r#"{"text":"x"}"#)
        .await;
    elsewhere.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn a_key_belongs_to_its_token_and_lapses_after_seven_days() {
    let desk = Desk::telling().await;
    let first = desk
        .post_keyed(&desk.ana, COMMENTS, "k", r#"{"text":"x"}"#)
        .await
        .of(201);
    let others = desk
        .post_keyed(&desk.tomas, COMMENTS, "k", r#"{"text":"y"}"#)
        .await
        .of(201);
    assert_ne!(first["id"], others["id"]);
    desk.clock.advance(std::time::Duration::from_hours(7 * 24));
    let later = desk
        .post_keyed(&desk.ana, COMMENTS, "k", r#"{"text":"z"}"#)
        .await
        .of(201);
    assert_ne!(first["id"], later["id"]);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let desk = Desk::telling().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let answer = desk.post_keyed(&desk.ana, COMMENTS, key, r#"{"text":"x"}"#).await;
        answer.problem(400, "malformed-request");
    }
}

#[tokio::test]
async fn a_second_request_while_the_first_is_in_flight_is_told_to_wait() {
    let store = MemoryStore::new();
    let slow = Arc::new(SlowComments {
        store: store.clone(),
        reached: Semaphore::new(0),
        open: Semaphore::new(0),
    });
    let desk = Setup {
        store,
        comments: Some(slow.clone()),
        ..Setup::default()
    }
    .open()
    .await;
    desk.start_telling().await;
    let post = async || desk.post_keyed(&desk.ana, COMMENTS, "k", r#"{"text":"x"}"#).await;
    let second = async {
        slow.reached.acquire().await.unwrap().forget();
        let second = post().await;
        slow.open.add_permits(2);
        second
    };
    let (first, second) = tokio::join!(post(), second);
    second.problem(409, "request-in-flight");
    assert_eq!(second.header("retry-after"), "1");
    assert_eq!(
        post().await.of(201),
        first.of(201),
        "once it is done, its answer is there"
    );
}

/// Accepts a comment once the test lets it.
struct SlowComments {
    store: MemoryStore,
    reached: Semaphore,
    open: Semaphore,
}

#[async_trait]
impl Comments for SlowComments {
    async fn accept(&self, accept: AcceptComment) -> Result<(), AcceptError> {
        self.reached.add_permits(1);
        self.open.acquire().await.unwrap().forget();
        self.store.accept(accept).await
    }

    async fn context(&self, query: &ContextQuery) -> Result<Option<CommentContext>, StoreError> {
        self.store.context(query).await
    }

    async fn forget_idempotency(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.forget_idempotency(now, limit).await
    }

    async fn list(
        &self,
        ticket: TicketId,
        audience: &Audience,
        page: &PageRequest,
    ) -> Result<Page<CommentWithDeliveries>, StoreError> {
        Comments::list(&self.store, ticket, audience, page).await
    }

    async fn latest(
        &self,
        ticket: TicketId,
        audience: &Audience,
        before: Option<CommentId>,
        limit: PageLimit,
    ) -> Result<Vec<CommentWithDeliveries>, StoreError> {
        self.store.latest(ticket, audience, before, limit).await
    }

    async fn find(
        &self,
        ticket: TicketId,
        id: CommentId,
    ) -> Result<Option<CommentWithDeliveries>, StoreError> {
        Comments::find(&self.store, ticket, id).await
    }

    async fn attachment(&self, comment: CommentId, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.attachment(comment, id).await
    }

    async fn retract(
        &self,
        ticket: TicketId,
        id: CommentId,
        retraction: Retraction,
        keep: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Option<Vec<Delivery>>, StoreError> {
        self.store.retract(ticket, id, retraction, keep, now).await
    }

    async fn release_held(&self, now: Timestamp, limit: u16) -> Result<u64, StoreError> {
        self.store.release_held(now, limit).await
    }

    async fn next_held(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_held().await
    }
}
