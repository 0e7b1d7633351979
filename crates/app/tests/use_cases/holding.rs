//! A comment under hold is for its author and the desk; when the hold ends, for everybody.

use std::sync::Arc;
use std::time::Duration;

use recado_app::access::{Actor, Refusal};
use recado_app::follow_events::FollowEvents;
use recado_app::read_comments::ReadComments;
use recado_domain::person::{Party, Role};
use recado_ports::clock::Clock;
use recado_ports::comments::Comments;
use recado_ports::page::PageRequest;
use recado_test_support::builders;

use crate::house::{House, administrator, ana, number, person, tomas};

#[tokio::test]
async fn others_learn_of_a_comment_under_hold_when_the_hold_ends() {
    let house = House::new().await;
    let eva = Party::parse("Eva", "eva@example.com").unwrap();
    let ticket = house
        .put_ticket(builders::ticket("12").watched_by("eva@example.com"))
        .await;
    let eva = person(eva, Role::Requester);
    let store = Arc::new(house.store.clone());
    let end = house.clock.now() + Duration::from_secs(10);
    let held = builders::comment(&ticket)
        .by(builders::ana())
        .held_until(end)
        .owing(&[]);
    let id = held.comment.id;
    store.accept(held).await.unwrap();
    let read = ReadComments {
        tickets: store.clone(),
        comments: store.clone(),
    };
    let follow = FollowEvents {
        events: store.clone(),
        tickets: store.clone(),
        comments: store.clone(),
        outbox: store.clone(),
    };
    let knows = async |actor: &Actor| {
        let found = match read.find(actor, &number("12"), id).await {
            Ok(_) => true,
            Err(Refusal::NotFound(_)) => false,
            Err(other) => panic!("{other}"),
        };
        let (_, page) = read
            .list(actor, &number("12"), &PageRequest::default())
            .await
            .unwrap();
        assert_eq!(page.items.len(), usize::from(found));
        found
    };
    let told = async |actor: &Actor, cursor: Option<String>| {
        let (events, _) = follow.after(actor, cursor).await.unwrap();
        events.iter().filter(|seen| seen.event.subject == id.0).count()
    };
    for (actor, sees) in [
        (ana(), true),
        (tomas(), true),
        (administrator(), true),
        (eva.clone(), false),
    ] {
        assert_eq!(knows(&actor).await, sees, "{actor:?}");
        assert_eq!(told(&actor, None).await, usize::from(sees), "{actor:?}");
    }
    let cursor = follow.newest().await.unwrap();
    assert_eq!(store.release_held(end, 10).await.unwrap(), 1);
    assert!(knows(&eva).await);
    assert_eq!(told(&eva, cursor).await, 1);
}
