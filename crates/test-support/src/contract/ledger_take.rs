//! What [`Ledger`](recado_ports::ledger::Ledger) promises of taking, reading and keeping mails.

use recado_domain::channel::AccountId;
use recado_domain::incoming::Shown;
use recado_domain::ledger::{LedgerEntry, MailId, Outcome, Via};
use recado_ports::ledger::{MailFilter, MailboxFolder, MailboxPosition, NewMail, Taken};
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, all_pages, in_time, page};
use crate::builders::{address, id, incoming, settlement};
use crate::clock::START;

/// What is known of a mail that was just taken.
fn pending(mail: &NewMail) -> LedgerEntry {
    LedgerEntry {
        id: mail.id,
        received_at: mail.received_at,
        via: mail.via,
        envelope_from: mail.envelope_from.clone(),
        envelope_to: mail.envelope_to.clone(),
        from: mail.shown.from.clone(),
        to: mail.shown.to.clone(),
        subject: mail.shown.subject.clone(),
        message_id: mail.message_id.clone(),
        size: mail.raw.len() as u64,
        outcome: None,
        reason: None,
        ticket: None,
        comment: None,
        bounce: None,
        person: None,
    }
}

pub async fn a_taken_mail_is_pending_and_read_back_to_the_letter(subject: &Subject) {
    let octets: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
    let mut full = incoming("¿Sigue? 🙂 {{x}}")
        .at_source("ana@imap:993/INBOX;7;12")
        .raw(&octets)
        .build();
    full.envelope_to = Some(address("desk+token@example.org"));
    full.received_at = "2026-11-22T10:00:00.123456Z".parse().unwrap();
    let mut bare = incoming("").raw(b"").build();
    (bare.via, bare.envelope_from, bare.message_id) = (Via::Pipe, None, None);
    let mut null_sender = incoming("Undelivered").build();
    null_sender.envelope_from = Some(String::new());
    for mail in [full, bare, null_sender] {
        assert_eq!(subject.ledger.take(mail.clone()).await.unwrap(), Taken::New);
        let stored = subject.ledger.find(mail.id).await.unwrap().unwrap();
        assert_eq!(stored.entry, pending(&mail));
        assert_eq!(
            (stored.fingerprint, stored.raw),
            (mail.fingerprint.clone(), Some(mail.raw.clone()))
        );
        let entry = subject.ledger.entry(mail.id).await.unwrap();
        assert_eq!(entry, Some(pending(&mail)));
    }
    let unknown = MailId(id());
    assert_eq!(subject.ledger.find(unknown).await.unwrap(), None);
    assert_eq!(subject.ledger.entry(unknown).await.unwrap(), None);
}

pub async fn a_message_of_a_mailbox_is_taken_once(subject: &Subject) {
    let first = incoming("first").at_source("inbox;1").build();
    assert_eq!(subject.ledger.take(first.clone()).await.unwrap(), Taken::New);
    let again = incoming("again").at_source("inbox;1").build();
    assert_eq!(
        subject.ledger.take(again.clone()).await.unwrap(),
        Taken::Before(first.id)
    );
    assert_eq!(subject.ledger.entry(again.id).await.unwrap(), None);
    assert_eq!(
        subject.ledger.entry(first.id).await.unwrap(),
        Some(pending(&first))
    );
    let other = incoming("other").at_source("inbox;2").build();
    assert_eq!(subject.ledger.take(other).await.unwrap(), Taken::New);
    // Without a place every mail is one of its own, a copy of another one too.
    let handed_over = incoming("lmtp").build();
    let copy = incoming("lmtp").copy_of(&handed_over).build();
    for mail in [handed_over, copy] {
        assert_eq!(subject.ledger.take(mail).await.unwrap(), Taken::New);
    }
}

pub async fn a_mail_taken_again_under_its_id_stays_as_it_was(subject: &Subject) {
    for mail in [
        incoming("lmtp").build(),
        incoming("imap").at_source("inbox;1").build(),
    ] {
        subject.ledger.take(mail.clone()).await.unwrap();
        let settled = settlement(mail.id, Outcome::Failed);
        subject.ledger.settle(settled).await.unwrap();
        assert_eq!(subject.ledger.take(mail.clone()).await.unwrap(), Taken::New);
        let stored = subject.ledger.entry(mail.id).await.unwrap().unwrap();
        assert_eq!(stored.outcome, Some(Outcome::Failed));
    }
}

pub async fn of_takes_of_one_message_at_once_a_single_one_stores_it(subject: &Subject) {
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let subject = subject.clone();
        calls.spawn(async move {
            let mail = incoming("once").at_source("inbox;1").build();
            (mail.id, subject.ledger.take(mail).await.unwrap())
        });
    }
    let results = in_time("taking one message eight times", calls.join_all()).await;
    let new: Vec<_> = results.iter().filter(|(_, taken)| *taken == Taken::New).collect();
    assert_eq!(new.len(), 1, "{results:?}");
    let (stored, _) = *new[0];
    let others = results.iter().filter(|(id, _)| *id != stored);
    assert!(
        others.clone().all(|(_, taken)| *taken == Taken::Before(stored)),
        "{results:?}"
    );
    assert_eq!(subject.ledger.pending(None, 10).await.unwrap(), [stored]);
}

pub async fn pending_mails_are_given_oldest_first_up_to_the_limit(subject: &Subject) {
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(subject.incoming().await);
    }
    let settled = settlement(ids[1], Outcome::Automatic);
    subject.ledger.settle(settled).await.unwrap();
    assert_eq!(
        subject.ledger.pending(None, 10).await.unwrap(),
        [ids[0], ids[2], ids[3]]
    );
    assert_eq!(subject.ledger.pending(None, 2).await.unwrap(), [ids[0], ids[2]]);
    for (after, first) in [(0, 2), (1, 2), (2, 3), (3, 4)] {
        let behind = subject.ledger.pending(Some(ids[after]), 10).await.unwrap();
        assert_eq!(behind, ids[first..], "behind {after}");
    }
}

pub async fn mails_are_listed_newest_first_and_filtered(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await.id, subject.ticket("2").await.id);
    let settled = [
        (Outcome::Attached, Some(one)),
        (Outcome::Quarantined, Some(one)),
        (Outcome::Quarantined, None),
        (Outcome::Attached, Some(two)),
    ];
    let mut ids = Vec::new();
    for (outcome, ticket) in settled {
        let mail = subject.incoming().await;
        let mut settle = settlement(mail, outcome);
        settle.ticket = ticket;
        subject.ledger.settle(settle).await.unwrap();
        ids.push(mail);
    }
    ids.push(subject.incoming().await);
    let listed = async |outcome, ticket| {
        let filter = MailFilter { outcome, ticket };
        let page = subject.ledger.list(&filter, &page(100, None)).await.unwrap();
        assert_eq!(page.next, None);
        page.items.into_iter().map(|mail| mail.id).collect::<Vec<_>>()
    };
    let all: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(listed(None, None).await, all);
    assert_eq!(listed(Some(Outcome::Attached), None).await, [ids[3], ids[0]]);
    assert_eq!(listed(None, Some(one)).await, [ids[1], ids[0]]);
    assert_eq!(listed(Some(Outcome::Quarantined), Some(one)).await, [ids[1]]);
    assert_eq!(listed(Some(Outcome::Refused), None).await, []);
}

pub async fn pages_repeat_and_skip_nothing_while_mails_come(subject: &Subject) {
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(subject.incoming().await);
    }
    expected.reverse();
    let filter = MailFilter::default();
    let fetch = async |request| subject.ledger.list(&filter, &request).await.unwrap();
    let listed = all_pages(3, fetch, async || {
        subject.incoming().await;
    })
    .await;
    let listed: Vec<_> = listed.into_iter().map(|mail| mail.id).collect();
    assert_eq!(listed, expected);
}

pub async fn a_nul_in_a_text_becomes_a_replacement_character(subject: &Subject) {
    let mut mail = incoming("a\0b").raw(b"a\0b").build();
    mail.envelope_from = Some("x\0@example.com".to_owned());
    mail.shown = Shown {
        from: "\0".to_owned(),
        to: "\0\0".to_owned(),
        ..mail.shown
    };
    mail.message_id = Some("m\0@example.com".to_owned());
    mail.source = Some("inbox\0;1".to_owned());
    subject.ledger.take(mail.clone()).await.unwrap();
    let again = NewMail {
        id: MailId(id()),
        ..mail.clone()
    };
    assert_eq!(subject.ledger.take(again).await.unwrap(), Taken::Before(mail.id));
    let stored = subject.ledger.find(mail.id).await.unwrap().unwrap();
    assert_eq!(stored.raw.as_deref(), Some(b"a\0b".as_slice()));
    assert_eq!(
        [
            &stored.entry.subject,
            &stored.entry.from,
            &stored.entry.to,
            &stored.entry.envelope_from.unwrap(),
            &stored.entry.message_id.unwrap()
        ],
        [
            "a\u{FFFD}b",
            "\u{FFFD}",
            "\u{FFFD}\u{FFFD}",
            "x\u{FFFD}@example.com",
            "m\u{FFFD}@example.com"
        ]
    );
}

pub async fn the_octets_of_mails_settled_long_ago_are_forgotten_up_to_the_limit(subject: &Subject) {
    let mut mails = Vec::new();
    for outcome in Outcome::ALL {
        let mail = subject.incoming().await;
        subject.ledger.settle(settlement(mail, *outcome)).await.unwrap();
        mails.push((mail, !outcome.can_be_replayed()));
    }
    let pending = subject.incoming().await;
    mails.push((pending, false));
    let late = incoming("late").received_at(after(60)).build();
    subject.ledger.take(late.clone()).await.unwrap();
    let settled = settlement(late.id, Outcome::Automatic);
    subject.ledger.settle(settled).await.unwrap();
    mails.push((late.id, false));
    let forget = async |before, limit| subject.ledger.forget_raw(before, limit).await.unwrap();
    assert_eq!(forget(START, 100).await, 0);
    assert_eq!(forget(after(60), 2).await, 2);
    let rest = mails.iter().filter(|(_, forgotten)| *forgotten).count() as u64 - 2;
    assert_eq!(forget(after(60), 100).await, rest);
    assert_eq!(forget(after(60), 100).await, 0);
    for (mail, forgotten) in mails {
        let stored = subject.ledger.find(mail).await.unwrap().unwrap();
        assert_eq!(stored.raw.is_none(), forgotten, "{:?}", stored.entry.outcome);
        assert_ne!(stored.entry.size, 0);
    }
}

pub async fn how_far_a_folder_was_read_is_kept_for_each(subject: &Subject) {
    let folder = |account, name: &str| MailboxFolder {
        account: AccountId(account),
        name: name.to_owned(),
    };
    let inbox = folder(0, "desk@imap.example.org:993/INBOX");
    let position = |uid_validity, last_uid| MailboxPosition {
        uid_validity,
        last_uid,
        read_at: after(u64::from(last_uid)),
    };
    assert_eq!(subject.ledger.position(&inbox).await.unwrap(), None);
    // The second is another mailbox that bears the name now: its numbers begin anew.
    for read in [position(9, 40), position(u32::MAX, 3)] {
        subject.ledger.advance(&inbox, &read).await.unwrap();
        assert_eq!(subject.ledger.position(&inbox).await.unwrap(), Some(read));
    }
    for other in [
        folder(1, "desk@imap.example.org:993/INBOX"),
        folder(0, "desk@imap.example.org:993/Inbox"),
    ] {
        assert_eq!(subject.ledger.position(&other).await.unwrap(), None);
    }
}

pub async fn the_depth_counts_mails_by_their_outcome(subject: &Subject) {
    assert_eq!(subject.ledger.depth().await.unwrap(), []);
    for outcome in [Outcome::Automatic, Outcome::Failed, Outcome::Automatic] {
        let mail = subject.incoming().await;
        subject.ledger.settle(settlement(mail, outcome)).await.unwrap();
    }
    subject.incoming().await;
    let mut depth = subject.ledger.depth().await.unwrap();
    depth.sort_unstable();
    assert_eq!(
        depth,
        [
            (None, 1),
            (Some(Outcome::Automatic), 2),
            (Some(Outcome::Failed), 1)
        ]
    );
}
