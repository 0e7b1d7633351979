//! Taking comments back.

use std::sync::Arc;

use recado_app::access::{Actor, Refusal};
use recado_app::post_comment::PostedComment;
use recado_app::retract_comment::RetractComment;
use recado_domain::comment::Visibility;
use recado_domain::outbox::{Delivery, State};
use recado_domain::person::Role;
use recado_ports::comments::{Comments, Retraction};
use recado_ports::people::People;
use recado_test_support::builders::{self, party};

use crate::house::{House, administrator, ana, comment, number, person, tomas};

async fn retract(
    house: &House,
    actor: &Actor,
    posted: &PostedComment,
    retraction: Retraction,
) -> Result<Vec<Delivery>, Refusal> {
    let store = Arc::new(house.store.clone());
    let retract = RetractComment {
        tickets: store.clone(),
        comments: store.clone(),
        people: store,
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    retract
        .run(actor, &number("4711"), posted.comment.id, retraction)
        .await
}

/// The recipients of cancelled mails.
fn cancelled(result: Result<Vec<Delivery>, Refusal>) -> Vec<String> {
    let deliveries = result.expect("the comment is taken back");
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.state == State::Cancelled)
    );
    deliveries
        .into_iter()
        .map(|delivery| delivery.recipient.as_str().to_owned())
        .collect()
}

#[tokio::test]
async fn a_withdrawn_comment_is_gone_and_its_mails_do_not_leave() {
    for actor in [ana(), tomas(), administrator()] {
        let house = House::new().await;
        let posted = house.post(&ana(), comment("hola")).await;
        assert_eq!(
            cancelled(retract(&house, &actor, &posted, Retraction::Withdraw).await),
            ["tomas@example.com"]
        );
        let (ticket, id) = (posted.comment.ticket, posted.comment.id);
        assert_eq!(Comments::find(&house.store, ticket, id).await.unwrap(), None);
        house.worker().drain().await;
        assert_eq!(house.recipients(), Vec::<String>::new());
        let again = retract(&house, &actor, &posted, Retraction::Withdraw).await;
        assert!(matches!(again, Err(Refusal::NotFound(_))), "{again:?}");
    }
}

#[tokio::test]
async fn a_mail_that_has_left_is_not_called_back() {
    let house = House::new().await;
    let posted = house.post(&ana(), comment("hola")).await;
    house.worker().drain().await;
    assert_eq!(
        cancelled(retract(&house, &ana(), &posted, Retraction::Withdraw).await),
        Vec::<String>::new()
    );
    assert_eq!(house.state(posted.deliveries[0].id).await, State::Sent);
}

#[tokio::test]
async fn a_comment_made_internal_still_goes_to_those_who_may_read_it() {
    let house = House::new().await;
    let technician = builders::user("leo@example.com", Role::Technician);
    house.store.add_user(&technician, None).await.unwrap();
    house
        .put_ticket(
            builders::ticket("4711")
                .watched_by("eva@example.com")
                .watched_by("leo@example.com"),
        )
        .await;
    let posted = house.post(&administrator(), comment("hola")).await;
    let mut gone = cancelled(retract(&house, &tomas(), &posted, Retraction::MakeInternal).await);
    gone.sort();
    assert_eq!(gone, ["ana@example.com", "eva@example.com"]);
    house.worker().drain().await;
    let mut told = house.recipients();
    told.sort();
    assert_eq!(told, ["leo@example.com", "tomas@example.com"]);
    let stored = Comments::find(&house.store, posted.comment.ticket, posted.comment.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.comment.visibility, Visibility::Internal);
}

#[tokio::test]
async fn nobody_takes_back_what_is_not_theirs() {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("eva@example.com"))
        .await;
    let posted = house.post(&ana(), comment("hola")).await;
    let watcher = person(party("Eva", "eva@example.com"), Role::Requester);
    let stranger = person(party("Zoe", "zoe@example.com"), Role::Requester);
    for (actor, retraction, sees) in [
        (&watcher, Retraction::Withdraw, true),
        (&watcher, Retraction::MakeInternal, true),
        (&ana(), Retraction::MakeInternal, true),
        (&stranger, Retraction::Withdraw, false),
    ] {
        let refused = retract(&house, actor, &posted, retraction).await;
        let fits = match &refused {
            Err(Refusal::Forbidden(_)) => sees,
            Err(Refusal::NotFound(_)) => !sees,
            _ => false,
        };
        assert!(fits, "{actor:?} {retraction:?}: {refused:?}");
    }
    assert_eq!(house.state(posted.deliveries[0].id).await, State::Ready);
}
