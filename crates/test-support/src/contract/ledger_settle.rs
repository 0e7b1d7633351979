//! What [`Ledger::settle`](recado_ports::ledger::Ledger::settle) promises.

use std::collections::BTreeSet;
use std::time::Duration;

use recado_domain::ledger::{BounceNote, LedgerEntry, MailId, Outcome as MailOutcome};
use recado_domain::outbox::{DeliveryId, Outcome, State};
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::comments::Audience;
use recado_ports::events::EventKind;
use recado_ports::ledger::{NewMail, SettleError, SettleMail};
use recado_ports::outbox::DeliveryFilter;
use recado_ports::store::StoreError;
use recado_ports::tickets::TicketWrite;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, claim_at, in_time, page, sent};
use crate::builders::{acknowledgement, address, ana, comment, id, incoming, settlement, ticket};
use crate::clock::START;

/// A settlement that makes a comment of Ana's of a mail, for Tomás to hear of.
fn attaching(mail: MailId, to: &Ticket) -> SettleMail {
    SettleMail {
        ticket: Some(to.id),
        comment: Some(comment(to).by(ana()).owing(&["tomas@example.com"])),
        ..settlement(mail, MailOutcome::Attached)
    }
}

/// A write of a ticket as it was read.
fn write_of(ticket: Ticket) -> TicketWrite {
    TicketWrite {
        expected: Some(ticket.version),
        ticket,
        cut_off: BTreeSet::new(),
    }
}

impl Subject {
    async fn ledger_entry(&self, id: MailId) -> LedgerEntry {
        self.ledger.entry(id).await.unwrap().expect("the mail is stored")
    }

    async fn comments_on(&self, ticket: &Ticket) -> usize {
        let first = page(100, None);
        let listed = self.comments.list(ticket.id, &Audience::Desk, &first).await;
        listed.unwrap().items.len()
    }

    async fn owed_mails(&self) -> usize {
        let first = page(100, None);
        let listed = self.outbox.list(&DeliveryFilter::default(), &first).await;
        listed.unwrap().items.len()
    }

    /// A mail about the ticket that a server took.
    async fn sent_mail(&self, ticket: &Ticket, recipient: &str) -> DeliveryId {
        let id = self.mail(ticket, recipient).await;
        let claim = claim_at(START);
        assert_eq!(self.claim(&claim).await, [id]);
        self.outbox.fence(claim.lease, &[id], START).await.unwrap();
        assert_eq!(self.settle(claim.lease, id, sent()).await, [id]);
        id
    }

    async fn take(&self, mail: NewMail) -> MailId {
        let id = mail.id;
        self.ledger.take(mail).await.unwrap();
        id
    }
}

pub async fn a_settlement_writes_all_that_follows(subject: &Subject) {
    let earlier = subject.ticket("1").await;
    let answered = subject.sent_mail(&earlier, "ana@example.com").await;
    for at in [START, after(2 * 86_400)] {
        subject
            .suppressions
            .record_hard_bounce(&ana().email, "550", at)
            .await
            .unwrap();
    }
    let mail = subject.incoming().await;
    let log_before = subject.log().await.len();
    let opened = ticket("R261122-7K4M").build();
    let mut accept = comment(&opened)
        .by(ana())
        .mailed("> antes", "<p>Sigue igual.</p>")
        .attachment("a.txt", b"uno")
        .owing(&["tomas@example.com"]);
    accept.comment.created_at = after(3 * 86_400);
    let told = acknowledgement(mail, &opened).build();
    let settle = SettleMail {
        reason: Some("it opened a ticket".to_owned()),
        ticket: Some(opened.id),
        ticket_write: Some(TicketWrite {
            ticket: opened.clone(),
            expected: None,
            cut_off: BTreeSet::new(),
        }),
        comment: Some(accept.clone()),
        mails: vec![told.clone()],
        outcomes: vec![(answered, Outcome::Answered)],
        accepts: Some((ana().email, address("ana@casa.example"))),
        lifts: Some(ana().email),
        now: after(3 * 86_400),
        ..settlement(mail, MailOutcome::Opened)
    };
    subject.ledger.settle(settle).await.unwrap();

    let entry = subject.ledger_entry(mail).await;
    assert_eq!(
        (
            entry.outcome,
            entry.reason.as_deref(),
            entry.ticket,
            entry.comment
        ),
        (
            Some(MailOutcome::Opened),
            Some("it opened a ticket"),
            Some(opened.id),
            Some(accept.comment.id)
        )
    );
    assert!(subject.tickets.find(&opened.number).await.unwrap().is_some());
    let found = subject.comments.find(opened.id, accept.comment.id).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.comment, accept.comment);
    assert_eq!(found.deliveries.len(), 1);
    let attachment = accept.comment.attachments[0].id;
    let octets = subject.comments.attachment(accept.comment.id, attachment).await;
    assert_eq!(octets.unwrap().as_deref(), Some(b"uno".as_slice()));
    assert_eq!(subject.delivery(told.id).await.cause, told.cause);
    assert_eq!(subject.delivery(answered).await.outcome, Some(Outcome::Answered));
    let people = subject.ledger.answers_for(&address("ana@casa.example")).await;
    assert_eq!(people.unwrap(), [ana().email]);
    assert!(!subject.is_suppressed("ana@example.com", after(3 * 86_400)).await);
    let events: Vec<_> = subject.log().await[log_before..]
        .iter()
        .map(|event| (event.kind, event.ticket, event.subject))
        .collect();
    assert_eq!(
        events,
        [
            (EventKind::TicketChanged, Some(opened.id), opened.id.0),
            (EventKind::CommentCreated, Some(opened.id), accept.comment.id.0),
            (EventKind::DeliveryChanged, Some(earlier.id), answered.0),
        ]
    );
}

pub async fn a_mail_that_is_not_there_is_not_settled(subject: &Subject) {
    let about = subject.ticket("1").await;
    let settled = subject.ledger.settle(attaching(MailId(id()), &about)).await;
    assert!(matches!(settled, Err(SettleError::NotFound)), "{settled:?}");
    assert_eq!(
        (subject.comments_on(&about).await, subject.owed_mails().await),
        (0, 0)
    );
}

pub async fn a_mail_is_settled_once_and_again_only_as_expected(subject: &Subject) {
    let about = subject.ticket("1").await;
    let mail = subject.incoming().await;
    let quarantined = SettleMail {
        reason: Some("the sender is unknown".to_owned()),
        ticket: Some(about.id),
        person: Some(ana().email),
        ..settlement(mail, MailOutcome::Quarantined)
    };
    subject.ledger.settle(quarantined).await.unwrap();
    let entry = subject.ledger_entry(mail).await;
    assert_eq!((entry.person, entry.ticket), (Some(ana().email), Some(about.id)));
    for expected in [None, Some(MailOutcome::Refused)] {
        let late = SettleMail {
            expected,
            ..attaching(mail, &about)
        };
        let settled = subject.ledger.settle(late).await;
        assert!(
            matches!(settled, Err(SettleError::Settled(Some(MailOutcome::Quarantined)))),
            "{settled:?}"
        );
    }
    assert_eq!(
        (subject.comments_on(&about).await, subject.owed_mails().await),
        (0, 0)
    );
    let released = SettleMail {
        expected: Some(MailOutcome::Quarantined),
        ..attaching(mail, &about)
    };
    subject.ledger.settle(released).await.unwrap();
    let entry = subject.ledger_entry(mail).await;
    assert_eq!(
        (entry.outcome, entry.reason, entry.person),
        (Some(MailOutcome::Attached), None, None)
    );
    assert_eq!(
        (subject.comments_on(&about).await, subject.owed_mails().await),
        (1, 1)
    );
}

pub async fn a_settlement_repeated_with_its_comment_counts_as_done(subject: &Subject) {
    let about = subject.ticket("1").await;
    let mail = subject.incoming().await;
    let settle = attaching(mail, &about);
    for _ in 0..2 {
        subject.ledger.settle(settle.clone()).await.unwrap();
    }
    let log = subject.log().await;
    let created = log.iter().filter(|event| event.kind == EventKind::CommentCreated);
    assert_eq!(created.count(), 1);
    assert_eq!(
        (subject.comments_on(&about).await, subject.owed_mails().await),
        (1, 1)
    );
    let other = subject.ledger.settle(attaching(mail, &about)).await;
    assert!(
        matches!(other, Err(SettleError::Settled(Some(MailOutcome::Attached)))),
        "{other:?}"
    );
}

pub async fn of_settlements_at_once_a_single_one_goes_through(subject: &Subject) {
    let about = subject.ticket("1").await;
    let mail = subject.incoming().await;
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let (subject, about) = (subject.clone(), about.clone());
        calls.spawn(async move { subject.ledger.settle(attaching(mail, &about)).await });
    }
    let results = in_time("settling a mail eight times", calls.join_all()).await;
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "{results:?}"
    );
    let is_refused = |result: &&Result<(), SettleError>| {
        matches!(result, Err(SettleError::Settled(Some(MailOutcome::Attached))))
    };
    assert_eq!(results.iter().filter(is_refused).count(), 7, "{results:?}");
    assert_eq!(
        (subject.comments_on(&about).await, subject.owed_mails().await),
        (1, 1)
    );
}

pub async fn of_copies_at_once_a_single_one_becomes_a_comment(subject: &Subject) {
    let about = subject.ticket("1").await;
    let first = incoming("copy").build();
    let mut ids = vec![subject.take(first.clone()).await];
    for _ in 0..5 {
        ids.push(subject.take(incoming("copy").copy_of(&first).build()).await);
    }
    let mut calls = JoinSet::new();
    for (number, mail) in ids.iter().copied().enumerate() {
        let (subject, about) = (subject.clone(), about.clone());
        calls.spawn(async move {
            let mut settle = attaching(mail, &about);
            if number % 2 == 1 {
                settle.outcome = MailOutcome::Opened;
            }
            (mail, subject.ledger.settle(settle).await)
        });
    }
    let results = in_time("settling six copies", calls.join_all()).await;
    let through: Vec<_> = results.iter().filter(|(_, result)| result.is_ok()).collect();
    assert_eq!(through.len(), 1, "{results:?}");
    let (winner, _) = *through[0];
    for (mail, result) in results.iter().filter(|(mail, _)| *mail != winner) {
        assert!(
            matches!(result, Err(SettleError::Copy(copy)) if *copy == winner),
            "{result:?}"
        );
        assert_eq!(subject.ledger_entry(*mail).await.outcome, None);
    }
    assert_eq!(
        (subject.comments_on(&about).await, subject.owed_mails().await),
        (1, 1)
    );
}

pub async fn a_copy_of_a_comment_may_be_anything_else(subject: &Subject) {
    let about = subject.ticket("1").await;
    let first = incoming("copy").build();
    let second = subject.take(incoming("copy").copy_of(&first).build()).await;
    let first = subject.take(first).await;
    subject.ledger.settle(attaching(first, &about)).await.unwrap();
    let renamed = Ticket {
        title: "Otra".to_owned(),
        ..about.clone()
    };
    let with_ticket = SettleMail {
        ticket_write: Some(write_of(renamed)),
        ..attaching(second, &about)
    };
    let settled = subject.ledger.settle(with_ticket).await;
    assert!(
        matches!(settled, Err(SettleError::Copy(copy)) if copy == first),
        "{settled:?}"
    );
    let stored = subject.tickets.find_by_id(about.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&about), "nothing was written");
    let duplicate = settlement(second, MailOutcome::Duplicate);
    subject.ledger.settle(duplicate).await.unwrap();
}

pub async fn a_settlement_whose_ticket_changed_meanwhile_writes_nothing(subject: &Subject) {
    let read = subject.ticket("1").await;
    let changed = Ticket {
        status: TicketStatus::Closed,
        ..read.clone()
    };
    subject.tickets.put(write_of(changed)).await.unwrap();
    let before = (subject.log().await.len(), subject.owed_mails().await);
    let mail = subject.incoming().await;
    let reopening = SettleMail {
        ticket_write: Some(write_of(read.clone())),
        ..attaching(mail, &read)
    };
    // A number that another ticket bears.
    let double = ticket("1").build();
    let opening = SettleMail {
        ticket_write: Some(TicketWrite {
            ticket: double.clone(),
            expected: None,
            cut_off: BTreeSet::new(),
        }),
        ..attaching(mail, &double)
    };
    let missing = attaching(mail, &ticket("2").build());
    for mut settle in [reopening, opening, missing] {
        settle.mails = vec![acknowledgement(mail, &read).build()];
        settle.accepts = Some((ana().email, address("ana@casa.example")));
        let settled = subject.ledger.settle(settle).await;
        assert!(
            matches!(settled, Err(SettleError::Store(StoreError::Conflict { .. }))),
            "{settled:?}"
        );
    }
    assert_eq!(subject.ledger_entry(mail).await.outcome, None);
    assert_eq!((subject.log().await.len(), subject.owed_mails().await), before);
    assert_eq!(subject.comments_on(&read).await, 0);
    let people = subject.ledger.answers_for(&address("ana@casa.example")).await;
    assert_eq!(people.unwrap(), []);
}

pub async fn a_ticket_is_reopened_with_the_comment_that_reopens_it(subject: &Subject) {
    let closed = ticket("1").closed().build();
    let version = subject.tickets.put(TicketWrite {
        ticket: closed.clone(),
        expected: None,
        cut_off: BTreeSet::new(),
    });
    let version = version.await.unwrap();
    let open = Ticket {
        status: TicketStatus::Open,
        closed_at: None,
        version,
        updated_at: after(60),
        ..closed
    };
    let mail = subject.incoming().await;
    let settle = SettleMail {
        ticket_write: Some(write_of(open.clone())),
        ..attaching(mail, &open)
    };
    subject.ledger.settle(settle).await.unwrap();
    let stored = subject.tickets.find_by_id(open.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.closed_at), (TicketStatus::Open, None));
    assert!(stored.version > version);
    assert_eq!(subject.comments_on(&open).await, 1);
}

pub async fn what_became_of_a_sent_mail_is_never_taken_back(subject: &Subject) {
    let about = subject.ticket("1").await;
    let mail = subject.sent_mail(&about, "ana@example.com").await;
    let waiting = subject.mail(&about, "eva@example.com").await;
    let unknown = DeliveryId(id());
    for (reported, known) in [
        (Outcome::Delivered, Outcome::Delivered),
        (Outcome::Relayed, Outcome::Delivered),
        (Outcome::Bounced, Outcome::Bounced),
        (Outcome::Answered, Outcome::Answered),
        (Outcome::Bounced, Outcome::Answered),
        (Outcome::Answered, Outcome::Answered),
    ] {
        let before = subject.log().await.len();
        let was = subject.delivery(mail).await.outcome;
        let report = subject.incoming().await;
        let settle = SettleMail {
            outcomes: vec![(waiting, reported), (mail, reported), (unknown, reported)],
            ..settlement(report, MailOutcome::Automatic)
        };
        subject.ledger.settle(settle).await.unwrap();
        assert_eq!(subject.delivery(mail).await.outcome, Some(known));
        let events = subject.log().await.len() - before;
        assert_eq!(events, usize::from(was != Some(known)), "{reported:?}");
    }
    let waiting = subject.delivery(waiting).await;
    assert_eq!((waiting.state, waiting.outcome), (State::Ready, None));
}

pub async fn a_bounce_is_kept_with_what_it_says(subject: &Subject) {
    let about = subject.ticket("1").await;
    let proven = subject.sent_mail(&about, "ana@example.com").await;
    let full = BounceNote {
        recipient: Some("rfc822; ana\0@example.com".to_owned()),
        status: Some("5.1.1".to_owned()),
        diagnostic: Some("550 5.1.1 no such\0 user".to_owned()),
        permanent: true,
        delivery: Some(proven),
    };
    let bare = BounceNote {
        recipient: None,
        status: None,
        diagnostic: None,
        permanent: false,
        delivery: None,
    };
    for note in [full, bare] {
        let mail = subject.incoming().await;
        let settle = SettleMail {
            reason: Some("it reports a\0 failure".to_owned()),
            bounce: Some(note.clone()),
            ..settlement(mail, MailOutcome::Bounce)
        };
        subject.ledger.settle(settle).await.unwrap();
        let entry = subject.ledger_entry(mail).await;
        let without_nul = |text: Option<String>| text.map(|text| text.replace('\0', "\u{FFFD}"));
        let expected = BounceNote {
            recipient: without_nul(note.recipient),
            diagnostic: without_nul(note.diagnostic),
            ..note
        };
        assert_eq!(entry.bounce, Some(expected));
        assert_eq!(entry.reason.as_deref(), Some("it reports a\u{FFFD} failure"));
    }
}

pub async fn a_nul_in_what_a_mail_adds_becomes_a_replacement_character(subject: &Subject) {
    let opened = ticket("R1").title("a\0b").build();
    let mail = subject.incoming().await;
    let accept = comment(&opened).by(ana()).mailed("> \0", "<p>\0</p>").owing(&[]);
    let said = accept.comment.id;
    let settle = SettleMail {
        ticket_write: Some(TicketWrite {
            ticket: opened.clone(),
            expected: None,
            cut_off: BTreeSet::new(),
        }),
        comment: Some(accept),
        ..settlement(mail, MailOutcome::Opened)
    };
    subject.ledger.settle(settle).await.unwrap();
    let stored = subject.tickets.find_by_id(opened.id).await.unwrap().unwrap();
    assert_eq!(stored.title, "a\u{FFFD}b");
    let found = subject.comments.find(opened.id, said).await.unwrap().unwrap();
    assert_eq!(
        (found.comment.quoted.as_deref(), found.comment.html.as_deref()),
        (Some("> \u{FFFD}"), Some("<p>\u{FFFD}</p>"))
    );
}

pub async fn an_address_is_accepted_for_each_person_once(subject: &Subject) {
    let shared = address("casa@example.net");
    for person in ["eva@example.com", "ana@example.com", "eva@example.com"] {
        let mail = subject.incoming().await;
        let settle = SettleMail {
            accepts: Some((address(person), shared.clone())),
            now: START + Duration::from_secs(1),
            ..settlement(mail, MailOutcome::Refused)
        };
        subject.ledger.settle(settle).await.unwrap();
    }
    let mut people = subject.ledger.answers_for(&shared).await.unwrap();
    people.sort();
    assert_eq!(people, ["ana@example.com", "eva@example.com"].map(address));
    // For them, not by them.
    assert_eq!(subject.ledger.answers_for(&ana().email).await.unwrap(), []);
}
