//! Taking mail in while something fails: what was acknowledged is judged later, once, and nothing else happened.

use std::sync::Arc;

use recado_app::keep_house::KeepHouse;
use recado_app::receive_mail::{PENDING_AT_ONCE, Receipt, ReceiveError, ReceiveMail};
use recado_domain::ledger::{LedgerEntry, Outcome};
use recado_domain::outbox::Delivery;
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::comments::MockComments;
use recado_ports::ledger::Ledger;
use recado_ports::mail::{ComposeError, MockComposer};
use recado_ports::parameters::MockParameters;
use recado_ports::people::MockPeople;
use recado_ports::store::StoreError;
use recado_ports::tickets::MockTickets;

use crate::faulty::unavailable;
use crate::faulty_ledger::{FaultyLedger, LedgerCall};
use crate::house::{House, comment, tomas};
use crate::housekeeping::housekeeper;
use crate::inbox::from;

const ANA: &str = "ana@example.com";

async fn asked() -> (House, Delivery) {
    let house = House::with_inbox().await;
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, ANA).await;
    (house, told)
}

fn receive_with(house: &House, ledger: &FaultyLedger) -> ReceiveMail {
    ReceiveMail {
        ledger: Arc::new(ledger.clone()),
        ..house.receive_mail()
    }
}

/// The comment is there once, and the mail that it owes too.
async fn assert_attached_once(house: &House, entry: &LedgerEntry, case: &str) {
    assert_eq!(entry.outcome, Some(Outcome::Attached), "{case}: {entry:?}");
    assert_eq!(house.comments("4711").await.len(), 2, "{case}");
    assert_eq!(house.deliveries().await.len(), 2, "{case}");
}

#[tokio::test]
async fn a_mail_that_is_not_stored_is_not_acknowledged() {
    let (house, told) = asked().await;
    let ledger = FaultyLedger::new(&house.store);
    ledger.fail(LedgerCall::Take);
    let receive = receive_with(&house, &ledger);
    let mail = from(ANA).answering(&told).received(&house);
    let error = receive.run(mail.clone()).await.unwrap_err();
    assert!(
        matches!(error, ReceiveError::Store(StoreError::Unavailable(_))),
        "{error:?}"
    );
    let receipt = receive.run(mail).await.unwrap();
    assert_attached_once(&house, &house.mail(receipt.id()).await, "handed over again").await;
}

#[tokio::test]
async fn a_store_that_fails_at_any_step_of_judging_leaves_the_mail_to_the_next_round() {
    type Break = fn(&mut ReceiveMail, &FaultyLedger);
    fn failing(call: LedgerCall, receive: &mut ReceiveMail, ledger: &FaultyLedger) {
        ledger.fail(call);
        receive.ledger = Arc::new(ledger.clone());
    }
    let steps: [(&str, Break); 9] = [
        ("the copies", |receive, ledger| {
            failing(LedgerCall::CopyOf, receive, ledger);
        }),
        ("the carriers", |receive, ledger| {
            failing(LedgerCall::Provenance, receive, ledger);
        }),
        ("the accepted addresses", |receive, ledger| {
            failing(LedgerCall::AnswersFor, receive, ledger);
        }),
        ("the rate", |receive, ledger| {
            failing(LedgerCall::Recent, receive, ledger);
        }),
        ("the settlement", |receive, ledger| {
            failing(LedgerCall::Settle, receive, ledger);
        }),
        ("the parameters", |receive, _| {
            let mut parameters = MockParameters::new();
            parameters.expect_snapshot().returning(|| Err(unavailable()));
            receive.parameters = Arc::new(parameters);
        }),
        ("the ticket", |receive, _| {
            let mut tickets = MockTickets::new();
            tickets.expect_find_by_id().returning(|_| Err(unavailable()));
            receive.tickets = Arc::new(tickets);
        }),
        ("the sender", |receive, _| {
            let mut people = MockPeople::new();
            people.expect_find_user().returning(|_| Err(unavailable()));
            receive.people = Arc::new(people);
        }),
        ("what a comment depends on", |receive, _| {
            let mut comments = MockComments::new();
            comments.expect_context().returning(|_| Err(unavailable()));
            receive.comments = Arc::new(comments);
        }),
    ];
    for (step, broken) in steps {
        let (house, told) = asked().await;
        let mut receive = house.receive_mail();
        broken(&mut receive, &FaultyLedger::new(&house.store));
        let mail = from(ANA).answering(&told).received(&house);
        let receipt = receive.run(mail).await.unwrap();
        let Receipt::Taken(id) = receipt else {
            panic!("{step}: {receipt:?}")
        };
        assert_eq!(house.mail(id).await.outcome, None, "{step}");
        assert_eq!(house.comments("4711").await.len(), 1, "{step}");
        let sound = house.receive_mail();
        assert_eq!(sound.settle_pending(None).await.unwrap().settled, 1, "{step}");
        assert_attached_once(&house, &house.mail(id).await, step).await;
        assert_eq!(sound.settle_pending(None).await.unwrap().settled, 0, "{step}");
    }
}

#[tokio::test]
async fn one_mail_that_cannot_be_judged_yet_holds_up_no_other() {
    let (house, told) = asked().await;
    let ledger = FaultyLedger::new(&house.store);
    let receive = receive_with(&house, &ledger);
    for _ in 0..2 {
        ledger.fail(LedgerCall::CopyOf);
        receive
            .run(from(ANA).answering(&told).received(&house))
            .await
            .unwrap();
    }
    ledger.fail(LedgerCall::CopyOf);
    assert_eq!(receive.settle_pending(None).await.unwrap().settled, 1);
    assert_eq!(receive.settle_pending(None).await.unwrap().settled, 1);
    assert_eq!(house.comments("4711").await.len(), 3);
}

#[tokio::test]
async fn many_mails_that_cannot_be_judged_yet_hold_up_no_later_one() {
    let (house, told) = asked().await;
    let ledger = FaultyLedger::new(&house.store);
    let receive = receive_with(&house, &ledger);
    let (old, all) = (usize::from(PENDING_AT_ONCE), usize::from(PENDING_AT_ONCE) + 1);
    let mut last = None;
    // Once when each comes in, once more when the older ones are swept.
    ledger.fail_often(LedgerCall::CopyOf, all + old);
    for _ in 0..all {
        let mail = from(ANA).answering(&told).received(&house);
        last = Some(receive.run(mail).await.unwrap().id());
    }
    let keeper = KeepHouse {
        receive: Arc::new(receive),
        ..housekeeper(&house, &house.worker())
    };
    let pending = async || house.store.pending(None, u16::MAX).await.unwrap();
    keeper.run().await;
    assert_eq!(pending().await.len(), all);
    keeper.run().await;
    let left = pending().await;
    assert_eq!((left.len(), left.contains(&last.unwrap())), (old, false));
    // Behind the last one a sweep begins anew.
    keeper.run().await;
    assert_eq!(pending().await, []);
}

#[tokio::test]
async fn what_will_not_mend_by_itself_fails_with_the_reason() {
    let cases = [
        "unreadable",
        "panic",
        "corrupt",
        "panic of a composer",
        "uncomposable",
    ];
    for case in cases {
        let (house, told) = asked().await;
        let written = from(ANA).answering(&told);
        let mut receive = house.receive_mail();
        let (mail, reason) = match case {
            "unreadable" => (
                written.with_octets(house.reader.unreadable()),
                "the mail cannot be read: octets out of tune",
            ),
            "panic" => (written.with_octets(house.reader.panicking()), "panic"),
            "corrupt" => {
                let mut comments = MockComments::new();
                comments.expect_context().returning(|_| {
                    Err(StoreError::Corrupt {
                        what: "template 1".to_owned(),
                        source: "no text".into(),
                    })
                });
                receive.comments = Arc::new(comments);
                (
                    written.received(&house),
                    "template 1 in the database cannot be read: no text",
                )
            }
            "panic of a composer" => {
                let mut composer = MockComposer::new();
                composer
                    .expect_compose()
                    .returning(|_| panic!("the draft is too much for the composer"));
                receive.composer = Arc::new(composer);
                (written.received(&house), "judging it ended in a panic")
            }
            _ => {
                let mut composer = MockComposer::new();
                composer.expect_compose().returning(|draft| {
                    Err(ComposeError {
                        recipient: draft.to.address.masked(),
                        source: "no such charset".into(),
                    })
                });
                receive.composer = Arc::new(composer);
                (written.received(&house), "cannot be composed: no such charset")
            }
        };
        let receipt = receive.run(mail).await.unwrap();
        let entry = house.mail(receipt.id()).await;
        assert_eq!(entry.outcome, Some(Outcome::Failed), "{case}");
        let told = entry.reason.unwrap();
        assert!(told.contains(reason), "{case}: {told}");
        assert_eq!(house.comments("4711").await.len(), 1, "{case}");
        assert_eq!(
            house.receive_mail().settle_pending(None).await.unwrap().settled,
            0,
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_ticket_that_changes_meanwhile_is_read_again() {
    let (house, told) = asked().await;
    let ticket = house.ticket("4711").await.unwrap();
    let closed = house
        .put(Ticket {
            status: TicketStatus::Closed,
            closed_at: Some(ticket.created_at),
            ..ticket
        })
        .await;
    let ledger = FaultyLedger::new(&house.store);
    let other = House {
        store: house.store.clone(),
        ..House::bare()
    };
    ledger.before_settling(move || async move {
        let title = "Otro título".to_owned();
        other.put(Ticket { title, ..closed }).await;
    });
    let mail = from(ANA).answering(&told).received(&house);
    let receipt = receive_with(&house, &ledger).run(mail).await.unwrap();
    assert_attached_once(&house, &house.mail(receipt.id()).await, "changed").await;
    let reopened = house.ticket("4711").await.unwrap();
    assert_eq!(
        (reopened.status, reopened.title.as_str()),
        (TicketStatus::Open, "Otro título")
    );
}

#[tokio::test]
async fn of_two_copies_judged_at_once_one_becomes_a_comment() {
    let (house, told) = asked().await;
    let written = from(ANA).answering(&told);
    let ledger = FaultyLedger::new(&house.store);
    let (other, copy) = (house.receive_mail(), written.received(&house));
    ledger.before_settling(move || async move {
        other.run(copy).await.unwrap();
    });
    let receipt = receive_with(&house, &ledger)
        .run(written.received(&house))
        .await
        .unwrap();
    let entry = house.mail(receipt.id()).await;
    assert_eq!(entry.outcome, Some(Outcome::Duplicate));
    assert_eq!(house.comments("4711").await.len(), 2);
    assert_eq!(house.deliveries().await.len(), 2);
}

#[tokio::test]
async fn two_judges_of_one_mail_settle_it_once() {
    let (house, told) = asked().await;
    let ledger = FaultyLedger::new(&house.store);
    let sweeper = house.receive_mail();
    ledger.before_settling(move || async move {
        assert_eq!(sweeper.settle_pending(None).await.unwrap().settled, 1);
    });
    let mail = from(ANA).answering(&told).received(&house);
    let receipt = receive_with(&house, &ledger).run(mail).await.unwrap();
    assert_attached_once(&house, &house.mail(receipt.id()).await, "two judges").await;
}
