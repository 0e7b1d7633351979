//! Delivery reports: they lead back to the very mail, and a forged one does nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use recado_domain::bounce::{Action, DeliveryReport, RecipientReport};
use recado_domain::ledger::Outcome;
use recado_domain::outbox::{Delivery, Outcome as DeliveryOutcome};
use recado_domain::reply::EnhancedCode;
use recado_domain::token::{MessageId, Subject};
use recado_ports::clock::Clock;
use recado_ports::suppressions::Suppressions;
use recado_test_support::builders::address;

use crate::house::{House, comment, tomas};
use crate::inbox::{Written, from};

const ANA: &str = "ana@example.com";
const DAY: Duration = Duration::from_hours(24);

/// A mail to Ana that a server took.
async fn sent() -> (House, Delivery) {
    let house = House::with_inbox().await;
    let told = sent_by(&house).await;
    (house, told)
}

async fn sent_by(house: &House) -> Delivery {
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, ANA).await;
    house.worker().drain().await;
    told
}

fn about(recipient: &str, action: Action, status: &str) -> RecipientReport {
    RecipientReport {
        recipient: Some(recipient.to_owned()),
        action,
        status: EnhancedCode::parse(status),
        diagnostic: Some("no such user".to_owned()),
    }
}

/// A report, with nothing in it that proves a mail.
fn report(recipients: Vec<RecipientReport>) -> Written {
    let mut written = from("mailer-daemon@mx.example");
    written.envelope.from = Some(String::new());
    written.mail.report = Some(DeliveryReport {
        envelope_id: None,
        about: Vec::new(),
        recipients,
    });
    written
}

fn failed() -> Written {
    report(vec![about(ANA, Action::Failed, "5.1.1")])
}

/// The returned header names these mails.
fn returning(mut written: Written, ids: &[&MessageId]) -> Written {
    let report = written.mail.report.as_mut().unwrap();
    report.about = ids.iter().copied().cloned().collect();
    written
}

#[tokio::test]
async fn a_report_leads_back_by_any_carrier() {
    type Bear = fn(&House, &Delivery) -> Written;
    let ways: [(&str, Bear); 3] = [
        ("the returned Message-ID", |_, told| {
            returning(failed(), &[&told.message_id])
        }),
        ("the envelope id", |_, told| {
            let mut written = failed();
            let report = written.mail.report.as_mut().unwrap();
            report.envelope_id = Some(told.message_id.envelope_id().to_owned());
            written
        }),
        ("the return path", |house, told| {
            let token = house.keyring().return_token(&Subject {
                ticket: told.ticket,
                recipient: &told.recipient,
                delivery: told.id,
            });
            let mut written = failed();
            let path = format!("desk+{}@example.org", token.as_str());
            written.mail.recipients = vec![address(&path)];
            written
        }),
    ];
    for (way, bear) in ways {
        let (house, told) = sent().await;
        let entry = house.receive(&bear(&house, &told)).await;
        assert_eq!(entry.outcome, Some(Outcome::Bounce), "{way}: {entry:?}");
        assert_eq!((entry.ticket, entry.comment), (told.ticket, None), "{way}");
        let note = entry.bounce.unwrap();
        assert_eq!(note.delivery, Some(told.id), "{way}");
        assert_eq!(
            (note.status.as_deref(), note.permanent),
            (Some("5.1.1"), true),
            "{way}"
        );
        assert_eq!(note.diagnostic.as_deref(), Some("no such user"), "{way}");
        assert_eq!(note.recipient.as_deref(), Some(ANA), "{way}");
        let outcome = house.delivery(told.id).await.outcome;
        assert_eq!(outcome, Some(DeliveryOutcome::Bounced), "{way}");
        assert_eq!(house.comments("4711").await.len(), 1, "{way}");
    }
}

#[tokio::test]
async fn a_forged_report_changes_nothing() {
    let (house, told) = sent().await;
    let guessed = format!("{}.aaaaaaaaaaaaaaaa@example.org", told.id.0.simple());
    let forgeries = [
        failed(),
        returning(failed(), &[&MessageId::parse(&guessed).unwrap()]),
    ];
    for forged in forgeries {
        let entry = house.receive(&forged).await;
        assert_eq!(entry.outcome, Some(Outcome::Bounce));
        assert_eq!((entry.ticket, entry.bounce.unwrap().delivery), (None, None));
        assert!(entry.reason.unwrap().contains("nothing was changed"));
        assert_eq!(house.delivery(told.id).await.outcome, None);
    }
    assert!(
        !house.store.lift(&address(ANA)).await.unwrap(),
        "nothing was counted"
    );
}

#[tokio::test]
async fn a_report_says_what_it_says_and_takes_no_answer_back() {
    use DeliveryOutcome::{Answered, Bounced, Delivered, Relayed};
    let (house, told) = sent().await;
    let steps = [
        (Action::Delayed, "4.4.1", Outcome::Automatic, None),
        (Action::Relayed, "2.0.0", Outcome::Automatic, Some(Relayed)),
        (Action::Delivered, "2.0.0", Outcome::Automatic, Some(Delivered)),
        (Action::Relayed, "2.0.0", Outcome::Automatic, Some(Delivered)),
        (Action::Failed, "4.4.7", Outcome::Bounce, Some(Bounced)),
    ];
    for (action, status, outcome, expected) in steps {
        let written = returning(report(vec![about(ANA, action, status)]), &[&told.message_id]);
        let entry = house.receive(&written).await;
        assert_eq!(entry.outcome, Some(outcome), "{action:?}");
        assert_eq!(entry.ticket, told.ticket, "{action:?}");
        assert!(!entry.bounce.is_some_and(|note| note.permanent), "{action:?}");
        assert_eq!(house.delivery(told.id).await.outcome, expected, "{action:?}");
    }
    house.receive(&from(ANA).answering(&told)).await;
    house.receive(&returning(failed(), &[&told.message_id])).await;
    assert_eq!(house.delivery(told.id).await.outcome, Some(Answered));
}

#[tokio::test]
async fn a_report_is_about_the_newest_mail_that_it_names() {
    let (house, first) = sent().await;
    house.clock.advance(DAY);
    let second = sent_by(&house).await;
    // The returned header, its References and all.
    let entry = house
        .receive(&returning(failed(), &[&first.message_id, &second.message_id]))
        .await;
    assert_eq!(entry.bounce.unwrap().delivery, Some(second.id));
    assert_eq!(house.delivery(first.id).await.outcome, None);
}

#[tokio::test]
async fn two_hard_bounces_a_day_apart_suppress_an_address() {
    type Told = fn(&str) -> RecipientReport;
    let cases: [(&str, Told, bool); 4] = [
        ("gone", |to| about(to, Action::Failed, "5.1.1"), true),
        ("full", |to| about(to, Action::Failed, "5.2.2"), false),
        ("late", |to| about(to, Action::Delayed, "4.4.1"), false),
        (
            "another address, behind an alias",
            |_| about("x@hidden.example", Action::Failed, "5.1.1"),
            false,
        ),
    ];
    for (case, told_of, suppressed) in cases {
        let (house, told) = sent().await;
        // A second report on one mail says nothing new, however late it comes.
        for _ in 0..2 {
            house
                .receive(&returning(report(vec![told_of(ANA)]), &[&told.message_id]))
                .await;
            house.clock.advance(2 * DAY);
            let known = house.context(None, house.clock.now()).await.suppressed;
            assert_eq!(known, BTreeSet::new(), "{case}");
        }
        let told = sent_by(&house).await;
        house
            .receive(&returning(report(vec![told_of(ANA)]), &[&told.message_id]))
            .await;
        let known = house.context(None, house.clock.now()).await.suppressed;
        assert_eq!(known.len(), usize::from(suppressed), "{case}");
    }
}
