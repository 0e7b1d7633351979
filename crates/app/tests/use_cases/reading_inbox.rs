//! The lists, with a store that answers by script: what is asked of it, and who may ask.

use std::sync::Arc;

use recado_app::access::{Actor, Refusal};
use recado_app::read_inbox::ReadInbox;
use recado_domain::person::Role;
use recado_ports::inbox::{Counts, MockInbox, TicketSummary, View};
use recado_ports::page::{Page, PageRequest};
use recado_test_support::builders;
use recado_test_support::clock::START;

use crate::house::{House, ana, number, person, tomas};

fn reading(house: &House, inbox: MockInbox) -> ReadInbox {
    ReadInbox {
        inbox: Arc::new(inbox),
        tickets: Arc::new(house.store.clone()),
        clock: house.clock.clone(),
    }
}

fn first() -> PageRequest {
    PageRequest::default()
}

#[tokio::test]
async fn a_requester_learns_nothing_of_mails_that_failed() {
    let house = House::new().await;
    let summary = TicketSummary {
        ticket: house.ticket("4711").await.unwrap(),
        last: None,
        is_unanswered: true,
        is_undelivered: true,
        is_unread: false,
    };
    let mut inbox = MockInbox::new();
    inbox.expect_list().returning(move |_, _| {
        Ok(Page {
            items: vec![summary.clone()],
            next: None,
        })
    });
    let reading = reading(&house, inbox);
    for (actor, told) in [(ana(), false), (tomas(), true)] {
        let page = reading
            .list(&actor, View::All, None, None, &first())
            .await
            .unwrap();
        assert_eq!(page.items[0].is_undelivered, told);
    }
    let refusal = reading
        .list(&ana(), View::Undelivered, None, None, &first())
        .await
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Forbidden(_)), "{refusal}");
}

#[tokio::test]
async fn a_text_is_brought_into_one_line_and_an_empty_one_asks_for_nothing() {
    let house = House::new().await;
    let mut inbox = MockInbox::new();
    let empty = || Page {
        items: Vec::new(),
        next: None,
    };
    inbox
        .expect_list()
        .withf(|query, _| query.text.is_none())
        .once()
        .returning(move |_, _| {
            Ok(Page {
                items: Vec::new(),
                next: None,
            })
        });
    inbox
        .expect_search()
        .withf(|viewer, text, _| text == "tóner vacío" && viewer.email.as_str() == "tomas@example.com")
        .once()
        .returning(move |_, _, _| {
            Ok(Page {
                items: Vec::new(),
                next: None,
            })
        });
    let reading = reading(&house, inbox);
    let blank = Some(" \u{7}\n".to_owned());
    reading
        .list(&tomas(), View::All, None, blank, &first())
        .await
        .unwrap();
    reading
        .search(&tomas(), "  tóner\u{0}\tvacío ", &first())
        .await
        .unwrap();
    let nothing = reading.search(&tomas(), "\"*\" -", &first()).await.unwrap();
    assert_eq!(nothing, empty());
}

#[tokio::test]
async fn a_ticket_is_marked_read_by_those_who_see_it() {
    let house = House::new().await;
    let mut inbox = MockInbox::new();
    inbox
        .expect_mark_read()
        .withf(|email, _, at| email.as_str() == "ana@example.com" && *at == START)
        .once()
        .returning(|_, _, _| Ok(()));
    let reading = reading(&house, inbox);
    reading.mark_read(&ana(), &number("4711")).await.unwrap();
    let leo = person(builders::party("Leo", "leo@example.org"), Role::Requester);
    for (actor, ticket) in [(leo, "4711"), (ana(), "4799")] {
        let refusal = reading.mark_read(&actor, &number(ticket)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::NotFound(_)), "{refusal}");
    }
}

#[tokio::test]
async fn the_desks_counts_are_the_desks_and_the_command_line_has_none() {
    let house = House::new().await;
    let mut inbox = MockInbox::new();
    inbox.expect_counts().once().returning(|_| Ok(Counts::default()));
    let reading = reading(&house, inbox);
    reading.counts(&tomas()).await.unwrap();
    for actor in [ana(), Actor::Operator] {
        let refusal = reading.counts(&actor).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Forbidden(_)), "{refusal}");
    }
}
