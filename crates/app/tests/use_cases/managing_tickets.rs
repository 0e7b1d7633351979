//! What the desk does with a ticket beside writing on it.

use recado_app::access::{Actor, Refusal};
use recado_app::manage_ticket::ManageTicket;
use recado_app::put_ticket::PutTicket;
use recado_domain::ticket::TicketStatus;
use recado_ports::outbox::Outbox as _;
use recado_test_support::builders;
use std::sync::Arc;

use crate::house::{House, ana, comment, number, tomas};

fn manage(house: &House) -> ManageTicket {
    ManageTicket {
        put: PutTicket {
            tickets: Arc::new(house.store.clone()),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            desk: None,
        },
    }
}

#[tokio::test]
async fn a_ticket_is_closed_and_opened_again() {
    let house = House::new().await;
    let desk = manage(&house);
    let closed = desk.close(&tomas(), &number("4711")).await.unwrap();
    assert_eq!(closed.status, TicketStatus::Closed);
    assert!(closed.closed_at.is_some());
    let opened = desk.reopen(&tomas(), &number("4711")).await.unwrap();
    assert_eq!((opened.status, opened.closed_at), (TicketStatus::Open, None));
    assert_eq!(house.ticket("4711").await.unwrap(), opened);
}

#[tokio::test]
async fn whoever_no_longer_answers_for_a_ticket_gets_no_mail_about_it_any_more() {
    let house = House::new().await;
    let posted = house.post(&ana(), comment("Sigue atascada.")).await;
    let eva = builders::party("Eva Experta", "eva@example.org");
    let desk = manage(&house);
    let assigned = desk
        .assign(&tomas(), &number("4711"), Some(eva.clone()))
        .await
        .unwrap();
    assert_eq!(assigned.responsible, Some(eva));
    let row = house.store.find(posted.deliveries[0].id).await.unwrap().unwrap();
    assert_eq!(row.delivery.state, recado_domain::outbox::State::Cancelled);
    let nobody = desk.assign(&tomas(), &number("4711"), None).await.unwrap();
    assert_eq!(nobody.responsible, None);
}

#[tokio::test]
async fn watchers_come_and_go_one_by_one() {
    let house = House::new().await;
    let desk = manage(&house);
    let (eva, leo) = (
        builders::party("Eva", "eva@example.org"),
        builders::party("Leo", "leo@example.org"),
    );
    for watcher in [&eva, &leo, &eva] {
        desk.add_watcher(&tomas(), &number("4711"), watcher.clone())
            .await
            .unwrap();
    }
    let watchers = house.ticket("4711").await.unwrap().watchers;
    assert_eq!(watchers, [leo.clone(), eva.clone()], "each is there once");
    let left = desk
        .remove_watcher(&tomas(), &number("4711"), &leo.email)
        .await
        .unwrap();
    assert_eq!(left.watchers, [eva]);
}

#[tokio::test]
async fn the_desk_alone_manages_and_no_ticket_is_made_by_it() {
    let house = House::new().await;
    let desk = manage(&house);
    let requester = desk.close(&ana(), &number("4711")).await.unwrap_err();
    assert!(matches!(requester, Refusal::Forbidden(_)), "{requester}");
    for (actor, ticket) in [(ana(), "4799"), (tomas(), "4799"), (Actor::Operator, "4799")] {
        let refusal = desk.close(&actor, &number(ticket)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::NotFound(_)), "{refusal}");
    }
    assert!(house.ticket("4799").await.is_none());
}
