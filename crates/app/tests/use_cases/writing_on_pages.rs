//! What is written on a page: under hold from others' eyes, and taken back unseen.

use std::sync::Arc;
use std::time::Duration;

use recado_app::access::{Actor, Refusal};
use recado_app::post_comment::{NewComment, PostCommentError, PostedComment};
use recado_app::read_comments::ReadComments;
use recado_app::release_held::ReleaseHeld;
use recado_app::see_comment::SeeComment;
use recado_domain::comment::{Kind, Origin};
use recado_domain::outbox::State;
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::preference::{Muting, Preference, WhileOpen};
use recado_ports::clock::Clock as _;
use recado_ports::comments::Comments;
use recado_ports::page::PageLimit;
use recado_ports::preferences::Preferences;
use recado_test_support::builders::{self, address};

use crate::house::{House, ana, comment, number, person, tomas};

fn written_on(origin: Origin, text: &str) -> NewComment {
    NewComment {
        origin,
        ..comment(text)
    }
}

fn reading(house: &House) -> ReadComments {
    ReadComments {
        tickets: Arc::new(house.store.clone()),
        comments: Arc::new(house.store.clone()),
    }
}

/// What an actor reads on ticket 4711.
async fn texts(house: &House, actor: &Actor) -> Vec<String> {
    let (_, conversation) = reading(house)
        .latest(actor, &number("4711"), None, PageLimit::default())
        .await
        .unwrap();
    let texts = conversation.comments.into_iter();
    texts
        .map(|found| found.comment.text.as_str().to_owned())
        .collect()
}

/// A watcher who is not the desk's.
fn eva() -> Actor {
    person(builders::party("Eva", "eva@example.org"), Role::Requester)
}

/// How long a mail waits for its recipient's open page to show the comment.
const LOOKING: Duration = Duration::from_secs(30);

/// Eva's page shows a comment.
async fn see(house: &House, posted: &PostedComment) {
    let store = Arc::new(house.store.clone());
    let see = SeeComment {
        preferences: store.clone(),
        outbox: store,
        clock: house.clock.clone(),
    };
    let ticket = posted.comment.ticket;
    let found = Comments::find(&house.store, ticket, posted.comment.id)
        .await
        .unwrap();
    see.run(&eva(), ticket, &found.unwrap()).await.unwrap();
}

async fn watched() -> House {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("eva@example.org"))
        .await;
    house
}

fn release(house: &House) -> ReleaseHeld {
    ReleaseHeld {
        comments: Arc::new(house.store.clone()),
        clock: house.clock.clone(),
    }
}

#[tokio::test]
async fn author_and_desk_alone_see_a_pages_comment_before_its_hold_ends_and_no_mail_leaves() {
    for origin in [Origin::Portal, Origin::Desk] {
        let house = watched().await;
        let posted = house.post(&ana(), written_on(origin, "Sigue atascada.")).await;
        let until = house.clock.now() + Duration::from_secs(10);
        assert_eq!(posted.held_until, Some(until));
        assert_eq!(release(&house).run().await.unwrap(), Some(until));
        house.worker().drain().await;
        assert!(house.recipients().is_empty(), "{origin:?}");
        for (actor, sees) in [(ana(), true), (tomas(), true), (eva(), false)] {
            assert_eq!(!texts(&house, &actor).await.is_empty(), sees, "{actor:?}");
        }
        house.clock.advance(Duration::from_secs(10));
        assert_eq!(release(&house).run().await.unwrap(), None);
        assert_eq!(texts(&house, &eva()).await, ["Sigue atascada."]);
        house.worker().drain().await;
        assert_eq!(house.recipients().len(), 2);
    }
}

#[tokio::test]
async fn what_another_system_posts_is_seen_at_once_and_its_mails_wait_by_their_own_setting() {
    let mut house = watched().await;
    house.messaging.hold = Duration::from_secs(3);
    let posted = house.post(&ana(), comment("hola")).await;
    assert_eq!(posted.held_until, None);
    assert_eq!(texts(&house, &eva()).await, ["hola"]);
    let due = house.delivery(posted.deliveries[0].id).await.next_attempt_at;
    assert_eq!(due, Some(house.clock.now() + Duration::from_secs(3)));
}

#[tokio::test]
async fn without_a_hold_a_pages_comment_is_seen_at_once() {
    let mut house = watched().await;
    house.messaging.page_hold = Duration::ZERO;
    let posted = house.post(&ana(), written_on(Origin::Portal, "hola")).await;
    assert_eq!(posted.held_until, None);
    assert_eq!(texts(&house, &eva()).await, ["hola"]);
    assert_eq!(release(&house).run().await.unwrap(), None);
}

#[tokio::test]
async fn many_holds_that_end_together_are_all_released() {
    let house = watched().await;
    for _ in 0..450 {
        house.post(&ana(), written_on(Origin::Portal, "hola")).await;
    }
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(release(&house).run().await.unwrap(), None);
    let (_, seen) = reading(&house)
        .latest(&eva(), &number("4711"), None, PageLimit::clamp(500))
        .await
        .unwrap();
    assert_eq!((seen.comments.len(), seen.earlier), (450, None));
}

#[tokio::test]
async fn a_long_conversation_is_read_from_its_end_piece_by_piece() {
    let house = House::new().await;
    let texts: Vec<_> = (0..7).map(|index| format!("{index}")).collect();
    for text in &texts {
        house.post(&ana(), comment(text)).await;
    }
    let (mut before, mut pieces) = (None, Vec::new());
    loop {
        let (ticket, piece) = reading(&house)
            .latest(&tomas(), &number("4711"), before, PageLimit::clamp(3))
            .await
            .unwrap();
        assert_eq!(ticket.number, number("4711"));
        let shown = piece.comments.iter();
        pieces.push(
            shown
                .map(|found| found.comment.text.as_str().to_owned())
                .collect::<Vec<_>>(),
        );
        before = piece.earlier;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pieces, [&texts[4..], &texts[1..4], &texts[..1]]);
    let foreign = person(builders::party("Leo", "leo@example.org"), Role::Requester);
    let refusal = reading(&house)
        .latest(&foreign, &number("4711"), None, PageLimit::default())
        .await
        .unwrap_err();
    assert!(matches!(refusal, Refusal::NotFound(_)), "{refusal}");
}

#[tokio::test]
async fn requesters_add_notes_unless_parameter_252_says_no() {
    let house = House::new().await;
    let note = || NewComment {
        kind: Kind::Note,
        ..written_on(Origin::Portal, "una nota")
    };
    house.post(&ana(), note()).await;
    house.set(Parameter::RequesterNotes, Some("N")).await;
    let refused = house
        .post_comment()
        .run(&ana(), &number("4711"), note(), None)
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, PostCommentError::Refused(Refusal::Forbidden(why)) if why.contains("252")),
        "{refused}"
    );
    house.post(&tomas(), note()).await;
    house.post(&ana(), written_on(Origin::Portal, "un mensaje")).await;
}

#[tokio::test]
async fn whoever_muted_a_ticket_gets_no_mail_and_whoever_looks_at_it_none_that_their_page_shows() {
    let house = watched().await;
    let ticket = house.ticket("4711").await.unwrap();
    let (tomas_address, eva_address) = (address("tomas@example.com"), address("eva@example.org"));
    house
        .store
        .mute(&tomas_address, ticket.id, Muting::Muted)
        .await
        .unwrap();
    let posted = house.post(&ana(), comment("hola")).await;
    assert_eq!(posted.deliveries.len(), 1);
    assert_eq!(posted.deliveries[0].recipient, eva_address);
    let quiet = Preference {
        while_open: WhileOpen::Quiet,
        ..Preference::default()
    };
    Preferences::put(&house.store, &eva_address, &quiet)
        .await
        .unwrap();
    let until = house.clock.now() + Duration::from_secs(45);
    house
        .store
        .show_page(builders::id(), &eva_address, ticket.id, until)
        .await
        .unwrap();
    // Her mail waits for her page to show the comment, and is called back by that alone.
    let seen = house.post(&ana(), comment("hola")).await;
    let unseen = house.post(&ana(), comment("hola")).await;
    let mail = |posted: &PostedComment| posted.deliveries[0].id;
    for posted in [&seen, &unseen] {
        let due = house.delivery(mail(posted)).await.next_attempt_at;
        assert_eq!(due, Some(posted.comment.created_at + LOOKING));
    }
    see(&house, &seen).await;
    let called_back = house.delivery(mail(&seen)).await;
    assert_eq!(called_back.state, State::Cancelled);
    assert_eq!(called_back.last_reply.as_deref(), Some(SeeComment::SEEN));
    // Her page fell silent: what it shows later is no proof that she has it before her eyes.
    house.clock.advance(Duration::from_secs(46));
    see(&house, &unseen).await;
    assert_eq!(house.delivery(mail(&unseen)).await.state, State::Ready);
    let at_once = house.post(&ana(), comment("hola")).await;
    let due = house.delivery(mail(&at_once)).await.next_attempt_at;
    assert_eq!(due, Some(at_once.comment.created_at));
}
