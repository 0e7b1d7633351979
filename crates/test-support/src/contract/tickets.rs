//! What [`Tickets`](recado_ports::tickets::Tickets) promises.

use std::collections::BTreeSet;

use recado_domain::audience::Viewer;
use recado_domain::locale::Locale;
use recado_domain::outbox::State;
use recado_domain::person::Role;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_ports::events::EventKind;
use recado_ports::store::StoreError;
use recado_ports::tickets::{TicketFilter, TicketWrite};
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, all_pages, claim_at, page, retry, sent, unsure};
use crate::builders::{address, comment, id, ticket, tomas};
use crate::clock::START;

fn number(text: &str) -> TicketNumber {
    TicketNumber::parse(text).unwrap()
}

fn is_conflict(result: &Result<Version, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

async fn numbers(subject: &Subject, filter: &TicketFilter) -> Vec<String> {
    let listed = subject.tickets.list(filter, &page(100, None)).await.unwrap();
    assert_eq!(listed.next, None);
    listed
        .items
        .iter()
        .map(|ticket| ticket.number.as_str().to_owned())
        .collect()
}

pub async fn a_ticket_is_found_by_number_and_id_as_it_was_put(subject: &Subject) {
    let mut given = ticket("INC-1")
        .title("La impresora «no» imprime 🖨")
        .group("mesa@example.org")
        .watched_by("zoe@example.com")
        .watched_by("eva@example.com")
        .attribute("PRIORITY", "alta")
        .attribute("NOTE", "")
        .build();
    given.contract = Some("C-7".to_owned());
    given.locale = Some(Locale::Pt);
    let version = subject
        .tickets
        .put(TicketWrite {
            ticket: given.clone(),
            expected: None,
            cut_off: BTreeSet::new(),
        })
        .await
        .unwrap();
    let stored = Ticket { version, ..given };
    assert_eq!(
        subject.tickets.find(&stored.number).await.unwrap().as_ref(),
        Some(&stored)
    );
    assert_eq!(subject.tickets.find_by_id(stored.id).await.unwrap(), Some(stored));
    assert_eq!(subject.tickets.find(&number("INC-2")).await.unwrap(), None);
    assert_eq!(subject.tickets.find_by_id(TicketId(id())).await.unwrap(), None);
}

pub async fn a_write_replaces_the_whole_ticket(subject: &Subject) {
    let full = ticket("1")
        .group("mesa@example.org")
        .watched_by("eva@example.com")
        .attribute("NOTE", "x")
        .build();
    let first = subject
        .tickets
        .put(TicketWrite {
            ticket: full.clone(),
            expected: None,
            cut_off: BTreeSet::new(),
        })
        .await
        .unwrap();
    let mut bare = ticket("1").responsible(None).title("Otra").closed().build();
    (bare.id, bare.updated_at) = (full.id, after(60));
    let second = subject
        .tickets
        .put(TicketWrite {
            ticket: bare.clone(),
            expected: Some(first),
            cut_off: BTreeSet::new(),
        })
        .await
        .unwrap();
    assert!(second > first, "{second:?} follows {first:?}");
    let stored = subject.tickets.find_by_id(full.id).await.unwrap();
    assert_eq!(
        stored,
        Some(Ticket {
            version: second,
            ..bare
        })
    );
}

pub async fn when_a_ticket_was_closed_and_what_it_follows_is_kept(subject: &Subject) {
    let mut closed = ticket("2").closed().build();
    closed.closed_at = Some(after(60));
    closed.follows = Some(number("1"));
    let version = subject.tickets.put(TicketWrite {
        ticket: closed.clone(),
        expected: None,
        cut_off: BTreeSet::new(),
    });
    closed.version = version.await.unwrap();
    let stored = subject.tickets.find_by_id(closed.id).await.unwrap().unwrap();
    assert_eq!(stored, closed);
    let open = Ticket {
        status: TicketStatus::Open,
        closed_at: None,
        ..closed
    };
    let reopening = TicketWrite {
        expected: Some(open.version),
        ticket: open.clone(),
        cut_off: BTreeSet::new(),
    };
    subject.tickets.put(reopening).await.unwrap();
    let stored = subject.tickets.find_by_id(open.id).await.unwrap().unwrap();
    assert_eq!((stored.closed_at, stored.follows), (None, open.follows));
}

pub async fn a_write_at_a_stale_version_conflicts_and_changes_nothing(subject: &Subject) {
    let first = subject.ticket("1").await;
    let write = |title: &str, expected| TicketWrite {
        ticket: Ticket {
            title: title.to_owned(),
            ..first.clone()
        },
        expected,
        cut_off: BTreeSet::new(),
    };
    let second = subject
        .tickets
        .put(write("two", Some(first.version)))
        .await
        .unwrap();
    assert!(is_conflict(
        &subject.tickets.put(write("stale", Some(first.version))).await
    ));
    assert!(is_conflict(&subject.tickets.put(write("new", None)).await));
    let missing = TicketWrite {
        ticket: ticket("2").build(),
        expected: Some(first.version),
        cut_off: BTreeSet::new(),
    };
    assert!(is_conflict(&subject.tickets.put(missing).await));
    let stored = subject.tickets.find_by_id(first.id).await.unwrap().unwrap();
    assert_eq!((stored.title.as_str(), stored.version), ("two", second));
    assert_eq!(numbers(subject, &TicketFilter::default()).await, ["1"]);
}

pub async fn of_writes_at_one_version_a_single_one_goes_through(subject: &Subject) {
    let stored = subject.ticket("1").await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let tickets = subject.tickets.clone();
        let ticket = Ticket {
            title: format!("writer {writer}"),
            ..stored.clone()
        };
        writers.spawn(async move {
            tickets
                .put(TicketWrite {
                    expected: Some(ticket.version),
                    ticket,
                    cut_off: BTreeSet::new(),
                })
                .await
        });
    }
    let results = writers.join_all().await;
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "{results:?}"
    );
    assert_eq!(
        results.iter().filter(|result| is_conflict(result)).count(),
        7,
        "{results:?}"
    );
}

pub async fn a_number_is_unique_and_found_without_regard_to_case(subject: &Subject) {
    for (given, other) in [("INC-1", "inc-1"), ("PETICIÓN 1", "petición 1")] {
        let stored = subject.ticket(given).await;
        assert!(
            is_conflict(&subject.tickets.put(ticket(other).write()).await),
            "{other}"
        );
        let found = subject.tickets.find(&number(other)).await.unwrap();
        assert_eq!(found, Some(stored), "{other}");
    }
}

pub async fn a_number_is_kept_to_the_letter(subject: &Subject) {
    for given in ["000123", "123", " 123", "a/b?c#d%20é"] {
        let stored = subject.ticket(given).await;
        let found = subject.tickets.find(&number(given)).await.unwrap();
        assert_eq!(found, Some(stored), "{given}");
    }
    assert_eq!(subject.tickets.find(&number("0123")).await.unwrap(), None);
}

pub async fn a_renumbered_ticket_frees_its_number(subject: &Subject) {
    let stored = subject.ticket("OLD").await;
    let renumbered = Ticket {
        number: number("NEW"),
        ..stored.clone()
    };
    subject
        .tickets
        .put(TicketWrite {
            ticket: renumbered,
            expected: Some(stored.version),
            cut_off: BTreeSet::new(),
        })
        .await
        .unwrap();
    assert_eq!(subject.tickets.find(&number("old")).await.unwrap(), None);
    assert_eq!(
        subject
            .tickets
            .find(&number("new"))
            .await
            .unwrap()
            .map(|ticket| ticket.id),
        Some(stored.id)
    );
    subject.ticket("old").await;
}

/// A write of the ticket as it is that cuts off Eva and Zoe.
fn cutting_off_eva(ticket: &Ticket) -> TicketWrite {
    TicketWrite {
        ticket: Ticket {
            updated_at: after(2),
            ..ticket.clone()
        },
        expected: Some(ticket.version),
        cut_off: BTreeSet::from([address("eva@example.com"), address("zoe@example.com")]),
    }
}

pub async fn mails_to_whoever_is_cut_off_do_not_leave_any_more(subject: &Subject) {
    let eva = "eva@example.com";
    let about = subject.ticket("1").await;
    let other = subject.ticket("2").await;
    let sent_mail = subject.mail(&about, eva).await;
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, [sent_mail]);
    subject
        .outbox
        .fence(claim.lease, &[sent_mail], START)
        .await
        .unwrap();
    subject.settle(claim.lease, sent_mail, sent()).await;

    let refused = subject.mail(&about, eva).await;
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, [refused]);
    subject.settle(claim.lease, refused, retry(after(3_600))).await;

    let lost = subject.mail(&about, "zoe@example.com").await;
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, [lost]);
    subject.outbox.fence(claim.lease, &[lost], START).await.unwrap();
    subject.settle(claim.lease, lost, unsure(after(3_600))).await;

    // Of one comment, the mail to Ana stays; so does what is about another ticket, or about none.
    let accept = comment(&about).internal().owing(&[eva, "ana@example.com"]);
    let (ready, to_ana) = (accept.deliveries[0].id, accept.deliveries[1].id);
    subject.comments.accept(accept).await.unwrap();
    let elsewhere = subject.mail(&other, eva).await;
    let without_ticket = subject
        .enqueue(crate::builders::test_delivery().to(eva).build())
        .await;

    let before = subject.events.newest().await.unwrap();
    subject.tickets.put(cutting_off_eva(&about)).await.unwrap();
    for (mail, state) in [
        (sent_mail, State::Sent),
        (refused, State::Cancelled),
        (lost, State::Cancelled),
        (ready, State::Cancelled),
        (to_ana, State::Ready),
        (elsewhere, State::Ready),
        (without_ticket, State::Ready),
    ] {
        let delivery = subject.delivery(mail).await;
        assert_eq!(delivery.state, state, "{delivery:?}");
        let says_so = delivery.last_reply.as_deref() == Some(TicketWrite::CUT_OFF);
        assert_eq!(says_so, state == State::Cancelled, "{delivery:?}");
    }
    let logged = subject.events.after(before, 10).await.unwrap();
    let logged: Vec<_> = logged
        .iter()
        .map(|event| (event.kind, event.ticket, event.subject, event.at))
        .collect();
    let here = Some(about.id);
    assert_eq!(
        logged,
        [
            (EventKind::TicketChanged, here, about.id.0, after(2)),
            (EventKind::DeliveryChanged, here, refused.0, after(2)),
            (EventKind::DeliveryChanged, here, lost.0, after(2)),
            (EventKind::DeliveryChanged, here, ready.0, after(2)),
        ]
    );
}

pub async fn a_leased_mail_to_whoever_is_cut_off_finds_the_fence_shut_and_one_behind_it_leaves(
    subject: &Subject,
) {
    let about = subject.ticket("1").await;
    let claim = claim_at(START);
    let leased = subject.mail(&about, "eva@example.com").await;
    assert_eq!(subject.claim(&claim).await, [leased]);
    let version = subject.tickets.put(cutting_off_eva(&about)).await.unwrap();
    assert_eq!(subject.state(leased).await, State::Cancelled);
    assert_eq!(
        subject
            .outbox
            .fence(claim.lease, &[leased], after(3))
            .await
            .unwrap(),
        []
    );

    let claim = claim_at(START);
    let sending = subject.mail(&about, "eva@example.com").await;
    assert_eq!(subject.claim(&claim).await, [sending]);
    subject
        .outbox
        .fence(claim.lease, &[sending], START)
        .await
        .unwrap();
    let again = cutting_off_eva(&Ticket { version, ..about });
    subject.tickets.put(again).await.unwrap();
    assert_eq!(subject.state(sending).await, State::Sending);
    assert_eq!(subject.settle(claim.lease, sending, sent()).await, [sending]);
}

pub async fn a_write_that_conflicts_cancels_no_mail(subject: &Subject) {
    let about = subject.ticket("1").await;
    let mail = subject.mail(&about, "eva@example.com").await;
    let mut stale = cutting_off_eva(&about);
    subject.tickets.put(stale.clone()).await.unwrap();
    assert_eq!(subject.state(mail).await, State::Cancelled);
    let late = subject.mail(&about, "eva@example.com").await;
    let before = subject.events.newest().await.unwrap();
    assert!(is_conflict(&subject.tickets.put(stale.clone()).await));
    stale.expected = None;
    assert!(is_conflict(&subject.tickets.put(stale).await));
    assert_eq!(subject.state(late).await, State::Ready);
    assert_eq!(subject.events.newest().await.unwrap(), before);
}

pub async fn tickets_are_listed_the_first_put_last_and_filtered(subject: &Subject) {
    let eva = "eva@example.com";
    for builder in [
        ticket("1").closed(),
        ticket("2").requested_by(eva),
        ticket("3").responsible(None),
        ticket("4").requested_by(eva).closed(),
    ] {
        subject.tickets.put(builder.write()).await.unwrap();
    }
    let everything = TicketFilter::default();
    assert_eq!(numbers(subject, &everything).await, ["4", "3", "2", "1"]);
    let open = TicketFilter {
        status: Some(TicketStatus::Open),
        ..everything.clone()
    };
    assert_eq!(numbers(subject, &open).await, ["3", "2"]);
    let evas = TicketFilter {
        requester: Some(address(eva)),
        ..everything.clone()
    };
    assert_eq!(numbers(subject, &evas).await, ["4", "2"]);
    let with_tomas = TicketFilter {
        responsible: Some(tomas().email),
        ..everything
    };
    assert_eq!(numbers(subject, &with_tomas).await, ["4", "2", "1"]);
    let both = TicketFilter {
        status: Some(TicketStatus::Open),
        ..evas
    };
    assert_eq!(numbers(subject, &both).await, ["2"]);
}

pub async fn a_text_is_looked_for_in_number_and_title_in_any_case_and_literally(subject: &Subject) {
    for builder in [
        ticket("INC-1").title("Señal DÉBIL"),
        ticket("INC-2").title("disco al 100%"),
        ticket("INC-3").title("fichero a_b"),
        ticket("INC-4").title("fichero axb, disco al 1000"),
    ] {
        subject.tickets.put(builder.write()).await.unwrap();
    }
    let cases: [(&str, &[&str]); 6] = [
        ("inc-", &["INC-4", "INC-3", "INC-2", "INC-1"]),
        ("SEÑAL débil", &["INC-1"]),
        ("100%", &["INC-2"]),
        ("A_B", &["INC-3"]),
        ("C-4", &["INC-4"]),
        ("nada", &[]),
    ];
    for (text, found) in cases {
        let filter = TicketFilter {
            text: Some(text.to_owned()),
            ..TicketFilter::default()
        };
        assert_eq!(numbers(subject, &filter).await, found, "{text}");
    }
}

pub async fn a_viewer_lists_what_they_may_see(subject: &Subject) {
    let eva = "eva@example.com";
    for builder in [
        ticket("requester").requested_by(eva),
        ticket("responsible").responsible(crate::builders::party("Eva", eva)),
        ticket("watcher")
            .watched_by("zoe@example.com")
            .watched_by(eva)
            .closed(),
        ticket("group").group("mesa@example.org"),
        ticket("other group").group("otra@example.org"),
        ticket("nothing"),
    ] {
        subject.tickets.put(builder.write()).await.unwrap();
    }
    let filter = |role, groups: &[&str]| TicketFilter {
        viewer: Some(Viewer {
            email: address(eva),
            role,
            groups: groups.iter().map(|group| address(group)).collect(),
        }),
        ..TicketFilter::default()
    };
    let mine = ["watcher", "responsible", "requester"];
    assert_eq!(numbers(subject, &filter(Role::Requester, &[])).await, mine);
    let with_group = filter(Role::Requester, &["mesa@example.org"]);
    assert_eq!(
        numbers(subject, &with_group).await,
        ["group", "watcher", "responsible", "requester"]
    );
    for role in [Role::Technician, Role::Administrator] {
        assert_eq!(numbers(subject, &filter(role, &[])).await.len(), 6, "{role:?}");
    }
    let closed = TicketFilter {
        status: Some(TicketStatus::Closed),
        ..with_group
    };
    assert_eq!(numbers(subject, &closed).await, ["watcher"]);
    let first = subject
        .tickets
        .list(&filter(Role::Requester, &[]), &page(2, None))
        .await
        .unwrap();
    assert_eq!(first.items.len(), 2, "the filter comes before the page's limit");
    let second = subject
        .tickets
        .list(&filter(Role::Requester, &[]), &page(2, first.next))
        .await
        .unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
}

pub async fn pages_repeat_and_skip_nothing_while_tickets_are_put(subject: &Subject) {
    for given in 1..=6 {
        subject.ticket(&given.to_string()).await;
    }
    let filter = TicketFilter::default();
    let listed = all_pages(
        2,
        |request| {
            let filter = &filter;
            async move { subject.tickets.list(filter, &request).await.unwrap() }
        },
        || async {
            subject.ticket(&format!("late {}", id())).await;
        },
    )
    .await;
    let listed: Vec<_> = listed.iter().map(|ticket| ticket.number.as_str()).collect();
    assert_eq!(listed, ["6", "5", "4", "3", "2", "1"]);
}
