//! Keeping tickets in step with another system.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use recado_app::access::Refusal;
use recado_app::post_comment::NewComment;
use recado_app::put_ticket::{PutTicket, TicketChange};
use recado_domain::comment::Visibility;
use recado_domain::locale::Locale;
use recado_domain::outbox::State;
use recado_domain::person::Role;
use recado_domain::ticket::{Ticket, TicketStatus, Version};
use recado_ports::clock::Clock;
use recado_ports::people::People;
use recado_ports::store::StoreError;
use recado_ports::templates::Written;
use recado_ports::tickets::{MockTickets, TicketWrite, Tickets};
use recado_test_support::builders::{self, party};

use crate::house::{House, administrator, ana, comment, number};

fn put_ticket(house: &House, tickets: Arc<dyn Tickets>) -> PutTicket {
    PutTicket {
        tickets,
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        desk: house.messaging.desk.clone(),
    }
}

async fn put(house: &House, change: TicketChange) -> Result<(Written, Ticket), Refusal> {
    put_ticket(house, Arc::new(house.store.clone()))
        .run(&administrator(), &number("INC-1"), change)
        .await
}

fn new_ticket() -> TicketChange {
    TicketChange {
        title: Some("Impresora".to_owned()),
        requester: Some(builders::ana()),
        responsible: Some(Some(builders::tomas())),
        group: Some(Some(party("Mesa", "mesa@example.com"))),
        status: None,
        contract: Some(Some("C-1".to_owned())),
        locale: Some(Some(Locale::Pt)),
        watchers: Some(vec![party("Eva", "eva@example.com")]),
        attributes: Some(BTreeMap::from([("prioridade".to_owned(), "alta".to_owned())])),
    }
}

#[tokio::test]
async fn what_is_absent_stays_and_null_clears() {
    let house = House::bare();
    let (written, created) = put(&house, new_ticket()).await.unwrap();
    assert_eq!(
        (written, created.status, created.version),
        (Written::Created, TicketStatus::Open, Version(1))
    );

    let (written, same) = put(&house, TicketChange::default()).await.unwrap();
    assert_eq!((written, same.version), (Written::Replaced, Version(2)));
    assert_eq!(
        Ticket {
            version: Version(1),
            ..same
        },
        created
    );

    let clearing = TicketChange {
        responsible: Some(None),
        group: Some(None),
        contract: Some(None),
        locale: Some(None),
        watchers: Some(Vec::new()),
        attributes: Some(BTreeMap::new()),
        status: Some(TicketStatus::Closed),
        ..TicketChange::default()
    };
    let (_, cleared) = put(&house, clearing).await.unwrap();
    assert_eq!(
        Some(&cleared),
        house.ticket("inc-1").await.as_ref(),
        "what is given back is what is stored"
    );
    assert_eq!(
        (cleared.title.as_str(), &cleared.requester),
        ("Impresora", &builders::ana())
    );
    assert_eq!(
        (
            cleared.responsible,
            cleared.group,
            cleared.contract,
            cleared.locale
        ),
        (None, None, None, None)
    );
    assert_eq!(
        (cleared.watchers, cleared.attributes),
        (Vec::new(), BTreeMap::new())
    );
    assert_eq!(cleared.status, TicketStatus::Closed);
}

#[tokio::test]
async fn a_ticket_remembers_when_it_was_closed_until_it_is_opened() {
    use TicketStatus::{Closed, Open};
    let house = House::bare();
    let start = house.clock.now();
    let later = start + Duration::from_mins(1);
    // Each write comes a minute after the one before.
    for (status, closed_at) in [
        (Some(Closed), Some(start)),
        (None, Some(start)),
        (Some(Closed), Some(start)),
        (Some(Open), None),
        (None, None),
        (Some(Closed), Some(later + 4 * Duration::from_mins(1))),
    ] {
        let change = TicketChange {
            status,
            ..new_ticket()
        };
        let (_, ticket) = put(&house, change).await.unwrap();
        assert_eq!(ticket.closed_at, closed_at, "{status:?}");
        house.clock.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn attributes_are_stored_by_their_canonical_names() {
    let house = House::bare();
    let attributes = [("prioridade", "alta"), ("My Own", "x")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let change = TicketChange {
        attributes: Some(BTreeMap::from(attributes)),
        ..new_ticket()
    };
    let (_, ticket) = put(&house, change).await.unwrap();
    let names: Vec<_> = ticket.attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["MY OWN", "PRIORITY"]);
}

#[tokio::test]
async fn every_fault_of_a_ticket_is_named() {
    let house = House::bare();
    let fields = async |change: TicketChange| match put(&house, change).await {
        Err(Refusal::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(fields(TicketChange::default()).await, ["title", "requester"]);
    let bad = TicketChange {
        title: Some("uno\r\nBcc: dos".to_owned()),
        contract: Some(Some("a\0".to_owned())),
        attributes: Some(BTreeMap::from([("A".to_owned(), "\0".to_owned())])),
        ..new_ticket()
    };
    assert_eq!(fields(bad).await, ["title", "contract", "attributes.A"]);
    assert_eq!(
        fields(TicketChange {
            title: Some("x".repeat(1_001)),
            ..new_ticket()
        })
        .await,
        ["title"]
    );
    assert_eq!(house.ticket("INC-1").await, None);
}

#[tokio::test]
async fn a_write_that_met_another_one_is_made_again_upon_it() {
    let house = House::bare();
    let conflict = || StoreError::Conflict {
        what: "ticket INC-1".to_owned(),
    };
    for (conflicts, succeeds) in [(4, true), (5, false)] {
        let mut tickets = MockTickets::new();
        let mut reads = 0;
        tickets.expect_find().returning(move |_| {
            reads += 1;
            let title = format!("read {reads}");
            Ok(Some(Ticket {
                version: Version(reads),
                title,
                ..builders::ticket("INC-1").build()
            }))
        });
        let mut writes = 0;
        tickets.expect_put().returning(move |write| {
            writes += 1;
            assert_eq!(
                write.expected,
                Some(Version(writes)),
                "each try names what it read"
            );
            if writes <= conflicts {
                Err(conflict())
            } else {
                Ok(Version(writes + 1))
            }
        });
        let change = TicketChange {
            status: Some(TicketStatus::Closed),
            ..TicketChange::default()
        };
        let put = put_ticket(&house, Arc::new(tickets))
            .run(&administrator(), &number("INC-1"), change)
            .await;
        match put {
            Ok((_, ticket)) if succeeds => {
                assert_eq!((ticket.title.as_str(), ticket.version), ("read 5", Version(6)));
                assert_eq!(ticket.status, TicketStatus::Closed);
            }
            Err(Refusal::Conflict(_)) if !succeeds => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Changes ticket 4711, and lets what still may leave.
async fn change_and_deliver(house: &House, change: TicketChange) -> Vec<String> {
    put_ticket(house, Arc::new(house.store.clone()))
        .run(&administrator(), &number("4711"), change)
        .await
        .unwrap();
    house.worker().drain().await;
    let mut told = house.recipients();
    told.sort();
    told
}

#[tokio::test]
async fn whoever_is_no_longer_named_on_the_ticket_gets_none_of_its_waiting_mails() {
    let leo = || party("Leo", "leo@example.com");
    let mesa = || party("Mesa", "mesa@example.org");
    let cases: [(TicketChange, &[&str]); 6] = [
        (
            TicketChange {
                requester: Some(leo()),
                ..TicketChange::default()
            },
            &["eva@example.com", "tomas@example.com"],
        ),
        (
            TicketChange {
                responsible: Some(Some(leo())),
                ..TicketChange::default()
            },
            &["ana@example.com", "eva@example.com"],
        ),
        (
            TicketChange {
                watchers: Some(vec![mesa()]),
                ..TicketChange::default()
            },
            &["ana@example.com", "tomas@example.com"],
        ),
        // Somebody who takes another part in the ticket stays in it.
        (
            TicketChange {
                responsible: Some(None),
                watchers: Some(vec![builders::tomas()]),
                ..TicketChange::default()
            },
            &["ana@example.com", "tomas@example.com"],
        ),
        (
            TicketChange {
                title: Some("Otra cosa".to_owned()),
                status: Some(TicketStatus::Closed),
                ..TicketChange::default()
            },
            &["ana@example.com", "eva@example.com", "tomas@example.com"],
        ),
        (
            TicketChange {
                requester: Some(leo()),
                responsible: Some(None),
                watchers: Some(Vec::new()),
                ..TicketChange::default()
            },
            &[],
        ),
    ];
    for (change, expected) in cases {
        let house = House::new().await;
        house
            .put_ticket(builders::ticket("4711").watched_by("eva@example.com"))
            .await;
        let posted = house.post(&administrator(), comment("hola")).await;
        assert_eq!(posted.deliveries.len(), 3);
        let told = change_and_deliver(&house, change.clone()).await;
        assert_eq!(told, expected, "{change:?}");
        for mail in &posted.deliveries {
            let delivery = house.delivery(mail.id).await;
            let cancelled = !expected.contains(&mail.recipient.as_str());
            let state = if cancelled { State::Cancelled } else { State::Sent };
            assert_eq!(delivery.state, state, "{change:?}: {delivery:?}");
            let says_so = delivery.last_reply.as_deref() == Some(TicketWrite::CUT_OFF);
            assert_eq!(says_so, cancelled, "{delivery:?}");
        }
    }
}

#[tokio::test]
async fn a_group_that_gives_the_ticket_away_is_told_no_more_but_the_desk_is() {
    let responsible = TicketChange {
        group: Some(None),
        responsible: Some(Some(builders::tomas())),
        ..TicketChange::default()
    };
    let mut house = House::new().await;
    let unassigned = builders::ticket("4711").responsible(None);
    house
        .put_ticket(unassigned.clone().group("mesa@example.org"))
        .await;
    house.post(&ana(), comment("hola")).await;
    assert_eq!(
        change_and_deliver(&house, responsible.clone()).await,
        Vec::<String>::new()
    );

    // Told as nobody answered for the ticket, and when the group that did bears the desk's own address.
    house.messaging.desk = Some(party("Mesa", "mesa@example.org"));
    house.put_ticket(unassigned.clone()).await;
    house.post(&ana(), comment("¿hola?")).await;
    assert_eq!(
        change_and_deliver(&house, responsible.clone()).await,
        ["mesa@example.org"]
    );
    house.put_ticket(unassigned.group("mesa@example.org")).await;
    house.post(&ana(), comment("¿hay alguien?")).await;
    assert_eq!(
        change_and_deliver(&house, responsible).await,
        ["mesa@example.org", "mesa@example.org"]
    );
}

#[tokio::test]
async fn a_replaced_responsible_gets_no_internal_comment_that_still_waits() {
    let house = House::new().await;
    for email in ["tomas@example.com", "leo@example.com"] {
        let technician = builders::user(email, Role::Technician);
        house.store.add_user(&technician, None).await.unwrap();
    }
    house
        .put_ticket(builders::ticket("4711").watched_by("leo@example.com"))
        .await;
    let internal = NewComment {
        visibility: Visibility::Internal,
        ..comment("entre nosotros")
    };
    let posted = house.post(&administrator(), internal).await;
    assert_eq!(posted.deliveries.len(), 2);
    let replaced = TicketChange {
        responsible: Some(Some(party("Zoe", "zoe@example.com"))),
        ..TicketChange::default()
    };
    assert_eq!(change_and_deliver(&house, replaced).await, ["leo@example.com"]);
}
