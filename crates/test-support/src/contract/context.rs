//! What [`Comments::context`](recado_ports::comments::Comments::context) promises, keys and suppressions aside.

use std::collections::{BTreeMap, BTreeSet};

use recado_domain::channel::{AccountId, HoldReason};
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::preference::{Muting, Preference, WhileOpen};
use recado_domain::template::TemplateId;
use recado_domain::ticket::TicketNumber;
use recado_ports::channels::Hold;
use recado_ports::comments::{ContextQuery, OnTicket};
use recado_ports::preferences::Unwilling;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, query};
use crate::builders::{self, address, id};
use crate::clock::START;

fn numbered(number: &str) -> OnTicket {
    OnTicket::Numbered(TicketNumber::parse(number).unwrap())
}

async fn set(subject: &Subject, parameter: Parameter, value: Option<&str>) {
    let value = value.map(str::to_owned);
    subject.parameters.set(parameter, value).await.unwrap();
}

pub async fn a_context_is_of_a_stored_ticket_whatever_the_case_or_of_the_one_given(subject: &Subject) {
    let stored = subject
        .put(builders::ticket("Inc-1").watched_by("eva@example.com"))
        .await;
    assert!(subject.asked(&query(numbered("INC-2"), START)).await.is_none());
    let found = subject.asked(&query(numbered("INC-1"), START)).await.unwrap();
    assert_eq!(found.ticket, stored);
    let new = builders::ticket("2").build();
    assert_eq!(subject.context(&new, START).await.ticket, new);
}

pub async fn a_context_tells_of_the_ticket_s_people(subject: &Subject) {
    let watchers = ["eva@example.com", "leo@example.com", "zoe@example.com"];
    let ticket = watchers
        .into_iter()
        .fold(builders::ticket("1"), builders::TicketBuilder::watched_by);
    let ticket = subject.put(ticket).await;
    for (email, role) in [
        ("eva@example.com", Role::Technician),
        ("leo@example.com", Role::Requester),
        ("pia@example.com", Role::Technician),
        ("stranger@example.com", Role::Technician),
    ] {
        subject
            .people
            .add_user(&builders::user(email, role), None)
            .await
            .unwrap();
    }
    for email in ["leo@example.com", "stranger@example.com"] {
        subject
            .preferences
            .mute(&address(email), ticket.id, Muting::Muted)
            .await
            .unwrap();
    }
    let quiet = Preference {
        while_open: WhileOpen::Quiet,
        ..Preference::default()
    };
    for email in ["ana@example.com", "stranger@example.com"] {
        subject.preferences.put(&address(email), &quiet).await.unwrap();
        subject
            .preferences
            .show_page(id(), &address(email), ticket.id, after(45))
            .await
            .unwrap();
    }
    for at in [START, after(86_400)] {
        subject
            .suppressions
            .record_hard_bounce(&address("zoe@example.com"), "550", at)
            .await
            .unwrap();
    }
    let asked = ContextQuery {
        author: Some(address("pia@example.com")),
        ..query(numbered("1"), after(44))
    };
    let found = subject.asked(&asked).await.unwrap();
    assert_eq!(
        found.technicians,
        BTreeSet::from(["eva@example.com", "pia@example.com"].map(address))
    );
    let unwilling = Unwilling {
        muted: vec![address("leo@example.com")],
        looking: vec![address("ana@example.com")],
    };
    assert_eq!(found.unwilling, unwilling);
    assert_eq!(found.suppressed, BTreeSet::from([address("zoe@example.com")]));
    let later = subject
        .asked(&ContextQuery {
            now: after(31 * 86_400),
            ..asked
        })
        .await
        .unwrap();
    assert_eq!(
        (later.unwilling.looking, later.suppressed),
        (vec![], BTreeSet::new())
    );
}

pub async fn a_context_has_the_threads_of_whoever_may_be_told(subject: &Subject) {
    let ticket = subject
        .put(builders::ticket("1").watched_by("eva@example.com"))
        .await;
    let other = subject.ticket("2").await;
    let mut to_ana = Vec::new();
    for _ in 0..3 {
        let id = subject.mail(&ticket, "ana@example.com").await;
        to_ana.push(subject.delivery(id).await.message_id);
    }
    for email in ["tomas@example.com", "stranger@example.com"] {
        subject.mail(&ticket, email).await;
    }
    subject.mail(&other, "eva@example.com").await;
    let asked = ContextQuery {
        author: Some(address("tomas@example.com")),
        thread_length: 2,
        ..query(numbered("1"), START)
    };
    let found = subject.asked(&asked).await.unwrap();
    assert_eq!(
        found.threads,
        BTreeMap::from([(address("ana@example.com"), to_ana[1..].to_vec())])
    );
}

pub async fn a_context_tells_whether_the_account_is_held(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    assert!(!subject.context(&ticket, START).await.is_held);
    let hold = Hold {
        reason: HoldReason::Operator,
        detail: "moving house".to_owned(),
        since: START,
    };
    subject.channels.hold(AccountId::DEFAULT, &hold).await.unwrap();
    assert!(subject.context(&ticket, START).await.is_held);
    subject
        .channels
        .release(AccountId::DEFAULT, &[HoldReason::Operator])
        .await
        .unwrap();
    assert!(!subject.context(&ticket, START).await.is_held);
}

pub async fn parameters_and_templates_count_from_the_next_context_on(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let before = subject.context(&ticket, START).await;
    assert!(before.templates.is_empty());
    for (number, parameter) in [
        (1, Parameter::MessagingTemplate),
        (2, Parameter::DeskNoteTemplate),
    ] {
        set(subject, parameter, Some(&number.to_string())).await;
    }
    for number in [1, 3] {
        subject.templates.put(&builders::template(number)).await.unwrap();
    }
    let found = subject.context(&ticket, START).await;
    assert_eq!(
        found.parameters.values.text(Parameter::MessagingTemplate),
        Some("1")
    );
    let numbers: Vec<_> = found.templates.keys().copied().collect();
    assert_eq!(
        numbers,
        [TemplateId::new(1).unwrap()],
        "2 is named and not there, 3 is there and not named"
    );
    let mut changed = builders::template(1);
    "otro asunto".clone_into(&mut changed.subject);
    subject.templates.put(&changed).await.unwrap();
    let found = subject.context(&ticket, START).await;
    let template = &found.templates[&changed.id];
    assert_eq!(
        (template.subject.as_str(), template.version.0),
        ("otro asunto", 2)
    );
    assert_eq!(
        subject.templates.find(changed.id).await.unwrap().as_ref(),
        Some(template)
    );
    set(subject, Parameter::MessagingTemplate, None).await;
    let found = subject.context(&ticket, START).await;
    assert_eq!(found.parameters.values.text(Parameter::MessagingTemplate), None);
    assert!(found.templates.is_empty());
}

pub async fn contexts_asked_for_at_once_are_each_of_their_own_ticket(subject: &Subject) {
    let mut calls = JoinSet::new();
    for number in 0..24_u32 {
        let number = number.to_string();
        let watcher = format!("watcher-{number}@example.com");
        let ticket = subject.put(builders::ticket(&number).watched_by(&watcher)).await;
        let mail = subject.mail(&ticket, &watcher).await;
        let thread = vec![subject.delivery(mail).await.message_id];
        if ticket.number.as_str().ends_with('1') {
            subject
                .preferences
                .mute(&address(&watcher), ticket.id, Muting::Muted)
                .await
                .unwrap();
        }
        let (comments, asked) = (subject.comments.clone(), query(numbered(&number), START));
        calls.spawn(async move {
            let found = comments.context(&asked).await.unwrap().unwrap();
            let muted = if number.ends_with('1') {
                vec![address(&watcher)]
            } else {
                vec![]
            };
            assert_eq!(found.ticket, ticket);
            assert_eq!(found.unwilling.muted, muted);
            assert_eq!(found.threads, BTreeMap::from([(address(&watcher), thread)]));
            assert!(
                comments
                    .context(&query(numbered("none"), START))
                    .await
                    .unwrap()
                    .is_none()
            );
        });
    }
    calls.join_all().await;
}
