//! What [`Ledger`](recado_ports::ledger::Ledger) knows for the judgement of a mail, and of what waits in quarantine.

use std::collections::BTreeSet;

use recado_domain::comment::Visibility;
use recado_domain::ledger::{MailId, Outcome};
use recado_domain::outbox::DeliveryId;
use recado_domain::ticket::TicketId;
use recado_ports::comments::Retraction;
use recado_ports::ledger::SettleMail;
use recado_ports::outbox::DeliveryFilter;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, in_time, page};
use crate::builders::{acknowledgement, address, alert, ana, comment, id, incoming, settlement, tomas};
use crate::clock::START;

pub async fn a_mail_s_provenance_is_known_whatever_became_of_its_comment(subject: &Subject) {
    let about = subject.ticket("1").await;
    let accept = comment(&about).owing(&["ana@example.com", "eva@example.com"]);
    let public = accept.deliveries[0].clone();
    subject.comments.accept(accept.clone()).await.unwrap();
    let internal = comment(&about).internal().owing(&["tomas@example.com"]);
    let withdrawn = comment(&about).owing(&["ana@example.com"]);
    for accept in [&internal, &withdrawn] {
        subject.comments.accept(accept.clone()).await.unwrap();
    }
    let gone = withdrawn.comment.id;
    for retraction in [Retraction::MakeInternal, Retraction::Withdraw] {
        let retracted = subject.comments.retract(about.id, gone, retraction, &[], START);
        assert!(retracted.await.unwrap().is_some());
    }
    let mail = subject.incoming().await;
    let told = acknowledgement(mail, &about).created_at(after(60)).build();
    subject.enqueue(told.clone()).await;
    let test = subject.due_mail().await;
    let (internal, withdrawn) = (internal.deliveries[0].id, withdrawn.deliveries[0].id);
    let mut asked: Vec<_> = (0..1_200).map(|_| DeliveryId(id())).collect();
    asked.extend([test, public.id, internal, told.id, withdrawn]);
    let found = subject.ledger.provenance(&asked).await.unwrap();
    assert_eq!(found.len(), 5, "ids that are not found are left out");
    let of = |id| found.iter().find(|origin| origin.delivery == id).unwrap();
    assert_eq!(
        (of(public.id).ticket, &of(public.id).recipient),
        (Some(about.id), &public.recipient)
    );
    assert_eq!(
        (of(public.id).visibility, of(public.id).written_at),
        (Visibility::Public, public.created_at)
    );
    assert_eq!(of(internal).visibility, Visibility::Internal);
    assert_eq!(of(withdrawn).visibility, Visibility::Internal);
    assert_eq!((of(test).ticket, of(test).visibility), (None, Visibility::Public));
    assert_eq!(
        (of(told.id).ticket, of(told.id).visibility, of(told.id).written_at),
        (Some(about.id), Visibility::Public, after(60))
    );
    assert_eq!(subject.ledger.provenance(&[]).await.unwrap(), []);
}

pub async fn a_copy_is_one_whose_outcome_says_all(subject: &Subject) {
    for outcome in Outcome::ALL {
        let first = incoming("copy").build();
        let second = incoming("copy").copy_of(&first).build();
        for mail in [&first, &second] {
            subject.ledger.take(mail.clone()).await.unwrap();
        }
        let copy_of = async |except| subject.ledger.copy_of(&first.fingerprint, except).await.unwrap();
        assert_eq!(copy_of(second.id).await, None, "a pending one says nothing");
        let settled = settlement(first.id, *outcome);
        subject.ledger.settle(settled).await.unwrap();
        let expected = outcome.makes_copies_duplicates().then_some(first.id);
        assert_eq!(copy_of(second.id).await, expected, "{outcome:?}");
        assert_eq!(copy_of(first.id).await, None, "a mail is no copy of itself");
    }
}

pub async fn a_sender_s_recent_mails_are_counted_by_what_they_did(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await.id, subject.ticket("2").await.id);
    let settle = async |outcome, ticket: TicketId, sender: Option<&str>, at| {
        let mail = subject.incoming().await;
        let settle = SettleMail {
            ticket: Some(ticket),
            sender: sender.map(address),
            now: after(at),
            ..settlement(mail, outcome)
        };
        subject.ledger.settle(settle).await.unwrap();
    };
    let (ana, eva) = (Some("ana@example.com"), Some("eva@example.com"));
    settle(Outcome::Attached, one, ana, 10).await;
    settle(Outcome::Attached, one, ana, 20).await;
    settle(Outcome::Attached, two, ana, 20).await;
    settle(Outcome::Attached, one, eva, 20).await;
    settle(Outcome::Attached, one, None, 20).await;
    settle(Outcome::Quarantined, one, ana, 20).await;
    settle(Outcome::Opened, one, ana, 20).await;
    settle(Outcome::Opened, two, ana, 30).await;
    settle(Outcome::Opened, two, eva, 30).await;
    let recent = async |ticket, since| {
        let sender = address("Ana@example.com");
        let count = subject.ledger.recent(&sender, ticket, after(since));
        count.await.unwrap()
    };
    assert_eq!(recent(Some(one), 10).await, 2);
    assert_eq!(recent(Some(one), 11).await, 1);
    assert_eq!(recent(Some(two), 0).await, 1);
    assert_eq!(recent(None, 0).await, 2);
    assert_eq!(recent(None, 30).await, 1);
    assert_eq!(recent(None, 31).await, 0);
}

pub async fn acknowledgements_are_counted_by_recipient_and_time(subject: &Subject) {
    let about = subject.ticket("1").await;
    subject.mail(&about, "ana@example.com").await;
    for (to, at) in [
        ("ana@example.com", 10),
        ("ana@example.com", 20),
        ("eva@example.com", 20),
    ] {
        let mail = subject.incoming().await;
        let told = acknowledgement(mail, &about).to(to).created_at(after(at));
        let settle = SettleMail {
            mails: vec![told.build()],
            ..settlement(mail, Outcome::Opened)
        };
        subject.ledger.settle(settle).await.unwrap();
    }
    let acknowledged = async |to: Option<&str>, since| {
        let count = subject.ledger.acknowledged(to.map(address), after(since));
        count.await.unwrap()
    };
    assert_eq!(acknowledged(None, 0).await, 3);
    assert_eq!(acknowledged(None, 20).await, 2);
    assert_eq!(acknowledged(Some("ana@example.com"), 10).await, 2);
    assert_eq!(acknowledged(Some("ana@example.com"), 11).await, 1);
    assert_eq!(acknowledged(Some("zoe@example.com"), 0).await, 0);
}

pub async fn the_desk_is_told_once_of_a_mail_in_quarantine(subject: &Subject) {
    let mut mails = Vec::new();
    for at in [30, 10, 20, 40] {
        let mail = incoming("waits").received_at(after(at)).build();
        subject.ledger.take(mail.clone()).await.unwrap();
        let settled = settlement(mail.id, Outcome::Quarantined);
        subject.ledger.settle(settled).await.unwrap();
        mails.push(mail.id);
    }
    let failed = subject.incoming().await;
    let settled = settlement(failed, Outcome::Failed);
    subject.ledger.settle(settled).await.unwrap();
    subject.incoming().await;
    let unnoticed = async |before, limit| {
        let waiting = subject.ledger.unnoticed(after(before), limit).await.unwrap();
        waiting.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    assert_eq!(unnoticed(40, 10).await, [mails[1], mails[2], mails[0]]);
    assert_eq!(unnoticed(40, 2).await, [mails[1], mails[2]]);
    let told = alert(mails[1]).to("tomas@example.com").build();
    let notice = subject.ledger.notice(mails[1], vec![told.clone()], after(50));
    notice.await.unwrap();
    assert_eq!(unnoticed(41, 10).await, [mails[2], mails[0], mails[3]]);
    assert_eq!(subject.delivery(told.id).await.recipient, tomas().email);
    // Told that nobody is to be told.
    subject.ledger.notice(mails[2], vec![], after(50)).await.unwrap();
    let refused = SettleMail {
        expected: Some(Outcome::Quarantined),
        ..settlement(mails[0], Outcome::Refused)
    };
    subject.ledger.settle(refused).await.unwrap();
    assert_eq!(unnoticed(41, 10).await, [mails[3]]);
    for mail in [mails[0], mails[1], failed, MailId(id())] {
        let late = alert(mail).to("eva@example.com").build();
        subject.ledger.notice(mail, vec![late], after(60)).await.unwrap();
    }
    assert_eq!(alerted(subject).await, [tomas().email]);
}

pub async fn of_notices_at_once_a_single_one_tells_the_desk(subject: &Subject) {
    let mail = subject.incoming().await;
    let settled = settlement(mail, Outcome::Quarantined);
    subject.ledger.settle(settled).await.unwrap();
    let mut calls = JoinSet::new();
    for number in 0..6 {
        let subject = subject.clone();
        calls.spawn(async move {
            let to = format!("t{number}@example.com");
            let told = alert(mail).to(&to).build();
            subject.ledger.notice(mail, vec![told], START).await.unwrap();
        });
    }
    in_time("telling the desk six times", calls.join_all()).await;
    assert_eq!(alerted(subject).await.len(), 1);
}

/// Whom mails are owed to.
async fn alerted(subject: &Subject) -> Vec<recado_domain::person::EmailAddress> {
    let first = page(100, None);
    let owed = subject.outbox.list(&DeliveryFilter::default(), &first).await;
    let recipients = owed.unwrap().items.into_iter().map(|mail| mail.recipient);
    recipients.collect::<BTreeSet<_>>().into_iter().collect()
}

pub async fn an_alert_and_an_acknowledgement_are_claimed_like_any_mail(subject: &Subject) {
    let about = subject.ticket("1").await;
    let mail = subject.incoming().await;
    let told = acknowledgement(mail, &about).build();
    let settle = SettleMail {
        mails: vec![told.clone()],
        ..settlement(mail, Outcome::Quarantined)
    };
    subject.ledger.settle(settle).await.unwrap();
    let asked = alert(mail).to(tomas().email.as_str()).build();
    subject
        .ledger
        .notice(mail, vec![asked.clone()], START)
        .await
        .unwrap();
    // It waits behind the acknowledgement, which went to the same person about the same ticket before.
    let later = subject.mail(&about, ana().email.as_str()).await;
    let claimed = subject.claim(&super::arrange::claim_at(START)).await;
    assert_eq!(BTreeSet::from_iter(claimed), BTreeSet::from([told.id, asked.id]));
    assert_eq!(subject.state(later).await, recado_domain::outbox::State::Ready);
}
