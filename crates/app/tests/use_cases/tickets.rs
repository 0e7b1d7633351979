//! Keeping tickets in step with another system.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::put_ticket::{PutTicket, TicketChange};
use recado_domain::locale::Locale;
use recado_domain::ticket::{Ticket, TicketStatus, Version};
use recado_ports::store::StoreError;
use recado_ports::templates::Written;
use recado_ports::tickets::{MockTickets, Tickets};
use recado_test_support::builders::{self, party};

use crate::house::{House, administrator, number};

fn put_ticket(house: &House, tickets: Arc<dyn Tickets>) -> PutTicket {
    PutTicket {
        tickets,
        clock: house.clock.clone(),
        ids: house.ids.clone(),
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
