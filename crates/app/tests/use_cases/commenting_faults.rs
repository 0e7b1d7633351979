//! Posting a comment while a store fails: nothing is acknowledged, whatever fails, and nothing is half stored.

use std::sync::Arc;

use mockall::predicate::always;
use recado_app::access::Refusal;
use recado_app::post_comment::{Idempotency, PostComment, PostCommentError, Posted, PostedComment};
use recado_ports::comments::{AcceptError, IdempotencyKey, IdempotencyRecord, MockComments};
use recado_ports::mail::{ComposeError, MockComposer};
use recado_ports::store::StoreError;
use recado_test_support::builders;
use recado_test_support::clock::START;

use crate::faulty::unavailable;
use crate::house::{House, ana, comment, number};

fn record(digest: &str) -> IdempotencyRecord {
    builders::idempotency("k", digest, START)
}

fn keyed(answer: &(dyn Fn(&PostedComment) -> String + Send + Sync)) -> Idempotency<'_> {
    let key = IdempotencyKey {
        scope: "token-1".to_owned(),
        key: "k".to_owned(),
    };
    Idempotency {
        key,
        digest: "digest".to_owned(),
        answer,
    }
}

/// Reads from the house's own store.
async fn read(house: &House, comments: &mut MockComments) {
    let context = house.context(None, START).await;
    comments
        .expect_context()
        .returning(move |_| Ok(Some(context.clone())));
}

async fn run(post: &PostComment) -> Result<Posted, PostCommentError> {
    let answer = |_: &PostedComment| "answer".to_owned();
    post.run(&ana(), &number("4711"), comment("hola"), Some(keyed(&answer)))
        .await
}

#[tokio::test]
async fn a_store_that_fails_at_any_step_leaves_the_comment_unacknowledged() {
    type Break = fn(&mut MockComments);
    let steps: [(&str, Break); 2] = [
        ("what it depends on", |comments| {
            comments.expect_context().returning(|_| Err(unavailable()));
        }),
        ("the commit", |comments| {
            comments.expect_accept().returning(|_| Err(unavailable().into()));
        }),
    ];
    for (step, break_it) in steps {
        let house = House::new().await;
        let mut comments = MockComments::new();
        break_it(&mut comments);
        read(&house, &mut comments).await;
        let mut post = house.post_comment();
        post.comments = Arc::new(comments);
        let outcome = run(&post).await;
        let unavailable = |error: &PostCommentError| {
            matches!(
                error,
                PostCommentError::Refused(Refusal::Store(StoreError::Unavailable(_)))
            )
        };
        assert!(outcome.as_ref().is_err_and(unavailable), "{step}: {outcome:?}");
        assert_eq!(house.deliveries().await, [], "{step}");
        let Ok(Posted::New(_)) = run(&house.post_comment()).await else {
            panic!("{step}: the key is still free")
        };
    }
}

#[tokio::test]
async fn a_race_for_a_key_that_only_the_commit_sees_ends_in_the_first_answer() {
    let house = House::new().await;
    let mut post = house.post_comment();
    for (stored, is_same) in [("digest", true), ("another", false)] {
        let mut comments = MockComments::new();
        read(&house, &mut comments).await;
        comments
            .expect_accept()
            .with(always())
            .times(1)
            .returning(move |_| Err(AcceptError::Repeated(record(stored))));
        post.comments = Arc::new(comments);
        match run(&post).await {
            Ok(Posted::Repeated { answer }) if is_same => assert_eq!(answer, record(stored).answer),
            Err(PostCommentError::KeyReused) if !is_same => {}
            other => panic!("{stored}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_ticket_that_vanished_meanwhile_is_not_found() {
    let house = House::new().await;
    let mut comments = MockComments::new();
    read(&house, &mut comments).await;
    comments.expect_accept().returning(|_| Err(AcceptError::NoTicket));
    let mut post = house.post_comment();
    post.comments = Arc::new(comments);
    let outcome = run(&post).await;
    assert!(
        matches!(outcome, Err(PostCommentError::Refused(Refusal::NotFound(_)))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_comment_and_its_mails_are_one_commit() {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("eva@example.com"))
        .await;
    let mut comments = MockComments::new();
    read(&house, &mut comments).await;
    comments
        .expect_accept()
        .withf(|accept| {
            let recipients: Vec<_> = accept
                .deliveries
                .iter()
                .map(|mail| mail.recipient.as_str())
                .collect();
            recipients == ["tomas@example.com", "eva@example.com"]
                && accept.deliveries.iter().all(|mail| !mail.message.is_empty())
                && accept
                    .idempotency
                    .as_ref()
                    .is_some_and(|record| record.answer == "answer")
        })
        .times(1)
        .returning(|_| Ok(()));
    let mut post = house.post_comment();
    post.comments = Arc::new(comments);
    assert!(matches!(run(&post).await, Ok(Posted::New(_))));
}

#[tokio::test]
async fn a_mail_that_cannot_be_composed_is_an_error_and_no_comment_without_its_mail() {
    let house = House::new().await;
    let mut composer = MockComposer::new();
    composer.expect_compose().returning(|_| {
        Err(ComposeError {
            recipient: "t…@example.com".to_owned(),
            source: "no date".into(),
        })
    });
    let mut comments = MockComments::new();
    read(&house, &mut comments).await;
    comments.expect_accept().never();
    let mut post = house.post_comment();
    post.composer = Arc::new(composer);
    post.comments = Arc::new(comments);
    let outcome = run(&post).await;
    assert!(
        matches!(outcome, Err(PostCommentError::Refused(Refusal::Internal(..)))),
        "{outcome:?}"
    );
}
