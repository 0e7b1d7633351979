//! What [`Preferences`](recado_ports::preferences::Preferences) promises.

use std::collections::BTreeSet;

use jiff::Timestamp;
use recado_domain::locale::Locale;
use recado_domain::person::EmailAddress;
use recado_domain::preference::{Muting, Preference, TimeZoneName, WhileOpen};
use recado_domain::ticket::{Ticket, TicketId};
use recado_ports::preferences::Unwilling;
use recado_ports::store::StoreError;
use uuid::Uuid;

use super::Subject;
use super::arrange::after;
use crate::builders::{address, id};
use crate::clock::START;

const ANA: &str = "ana@example.com";
const EVA: &str = "eva@example.com";

fn quiet() -> Preference {
    Preference {
        while_open: WhileOpen::Quiet,
        ..Preference::default()
    }
}

impl Subject {
    async fn prefers(&self, email: &str, preference: &Preference) {
        self.preferences.put(&address(email), preference).await.unwrap();
    }

    async fn mute(&self, email: &str, ticket: &Ticket, muting: Muting) {
        self.preferences
            .mute(&address(email), ticket.id, muting)
            .await
            .unwrap();
    }

    async fn muting(&self, email: &str, ticket: &Ticket) -> Muting {
        self.preferences.muting(&address(email), ticket.id).await.unwrap()
    }

    async fn show(&self, page: Uuid, email: &str, ticket: &Ticket, until: Timestamp) {
        self.preferences
            .show_page(page, &address(email), ticket.id, until)
            .await
            .unwrap();
    }

    /// Of Ana, Eva and a stranger.
    async fn unwilling(&self, ticket: &Ticket, now: Timestamp) -> Vec<EmailAddress> {
        let among = [EVA, ANA, "nobody@example.com"].map(address);
        let unwilling = self.preferences.unwilling(ticket.id, &among, now).await.unwrap();
        let once: BTreeSet<_> = unwilling.muted.into_iter().chain(unwilling.looking).collect();
        once.into_iter().collect()
    }
}

pub async fn choices_are_kept_for_an_address_account_or_not(subject: &Subject) {
    let find = async |email| subject.preferences.find(&address(email)).await.unwrap();
    assert_eq!(find(ANA).await, Preference::default());
    let chosen = Preference {
        language: Some(Locale::En),
        time_zone: Some(TimeZoneName::parse("America/Bogota").unwrap()),
        while_open: WhileOpen::Quiet,
    };
    subject.prefers("Ana@Example.com", &chosen).await;
    assert_eq!(find(ANA).await, chosen);
    assert_eq!(find(EVA).await, Preference::default());
    let other = Preference {
        language: Some(Locale::Pt),
        ..Preference::default()
    };
    subject.prefers(ANA, &other).await;
    assert_eq!(find(ANA).await, other, "what is unset is so again");
}

pub async fn a_ticket_is_muted_for_one_person(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    assert_eq!(subject.muting(ANA, &one).await, Muting::Heard);
    for _ in 0..2 {
        subject.mute(ANA, &one, Muting::Muted).await;
        assert_eq!(subject.muting(ANA, &one).await, Muting::Muted);
    }
    assert_eq!(subject.muting(ANA, &two).await, Muting::Heard);
    assert_eq!(subject.muting(EVA, &one).await, Muting::Heard);
    assert_eq!(subject.unwilling(&one, START).await, [address(ANA)]);
    assert_eq!(subject.unwilling(&two, START).await, []);
    for _ in 0..2 {
        subject.mute(ANA, &one, Muting::Heard).await;
        assert_eq!(subject.muting(ANA, &one).await, Muting::Heard);
    }
    assert_eq!(subject.unwilling(&one, START).await, []);
    let nothing = subject
        .preferences
        .mute(&address(ANA), TicketId(id()), Muting::Muted)
        .await;
    assert!(matches!(nothing, Err(StoreError::Conflict { .. })), "{nothing:?}");
}

pub async fn whoever_looks_at_a_ticket_and_wants_quiet_is_unwilling(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    let page = id();
    for email in [ANA, EVA] {
        subject.show(id(), email, &one, after(45)).await;
    }
    subject.show(page, ANA, &one, after(45)).await;
    assert_eq!(subject.unwilling(&one, START).await, [], "nobody wants quiet");
    subject.prefers(ANA, &quiet()).await;
    subject.prefers("nobody@example.com", &quiet()).await;
    assert_eq!(subject.unwilling(&one, after(44)).await, [address(ANA)]);
    assert_eq!(subject.unwilling(&two, START).await, []);
    assert_eq!(subject.unwilling(&one, after(45)).await, [], "the time is up");
    subject.prefers(EVA, &quiet()).await;
    subject.mute(ANA, &one, Muting::Muted).await;
    assert_eq!(
        subject.unwilling(&one, START).await,
        [address(ANA), address(EVA)],
        "each once, by address"
    );
    let nobody = subject.preferences.unwilling(one.id, &[], START).await.unwrap();
    assert_eq!(nobody, Unwilling::default());
    let eva_alone = subject
        .preferences
        .unwilling(one.id, &[address(EVA)], START)
        .await
        .unwrap();
    assert_eq!((eva_alone.muted, eva_alone.looking), (vec![], vec![address(EVA)]));
}

pub async fn a_page_is_noted_for_longer_and_closed(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    subject.prefers(ANA, &quiet()).await;
    let page = id();
    subject.show(page, ANA, &one, after(45)).await;
    subject.show(page, ANA, &one, after(90)).await;
    subject.show(page, ANA, &one, after(60)).await;
    assert_eq!(subject.unwilling(&one, after(89)).await, [address(ANA)]);
    assert_eq!(subject.unwilling(&one, after(90)).await, []);
    // The page went on to another ticket.
    subject.show(page, ANA, &two, after(120)).await;
    assert_eq!(subject.unwilling(&one, after(10)).await, []);
    assert_eq!(subject.unwilling(&two, after(10)).await, [address(ANA)]);
    // Of two pages one is closed.
    let other = id();
    subject.show(other, ANA, &two, after(120)).await;
    subject.preferences.close_page(page).await.unwrap();
    assert_eq!(subject.unwilling(&two, after(10)).await, [address(ANA)]);
    for _ in 0..2 {
        subject.preferences.close_page(other).await.unwrap();
        assert_eq!(subject.unwilling(&two, after(10)).await, []);
    }
}
