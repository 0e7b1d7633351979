//! Housekeeping of the ledger: what waits is judged, the desk is told of what waits for it, octets are forgotten.

use std::time::Duration;

use recado_domain::comment::Visibility;
use recado_domain::ledger::{LedgerEntry, Outcome};
use recado_domain::locale::Locale;
use recado_domain::outbox::{Cause, Delivery};
use recado_domain::person::Role;
use recado_ports::ledger::Ledger;
use recado_ports::people::People;
use recado_test_support::builders::{self, user};

use crate::house::{House, comment, tomas};
use crate::housekeeping::housekeeper;
use crate::inbox::from;

const DAY: Duration = Duration::from_hours(24);

/// A stranger's answer to a mail of Ana's, which waits.
async fn waiting(house: &House) -> LedgerEntry {
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, "ana@example.com").await;
    let entry = house.receive(&from("eve@evil.example").answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Quarantined));
    entry
}

async fn alerts(house: &House) -> Vec<Delivery> {
    let mut owed = house.deliveries().await;
    owed.retain(|mail| matches!(mail.cause, Cause::Alert(_)));
    owed
}

#[tokio::test]
async fn the_desk_is_told_once_of_a_mail_that_waited_for_an_hour() {
    let house = House::with_inbox().await;
    let entry = waiting(&house).await;
    let keeper = housekeeper(&house, &house.worker());
    house.clock.advance(Duration::from_mins(59));
    keeper.run().await;
    assert_eq!(alerts(&house).await, []);
    for _ in 0..3 {
        house.clock.advance(Duration::from_mins(15));
        keeper.run().await;
    }
    let told = alerts(&house).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].recipient.as_str(), "tomas@example.com");
    let text = house.message(told[0].id).await;
    assert!(
        text.contains("Auto-Submitted: auto-generated") && text.contains("eve@evil.example"),
        "{text}"
    );
    assert!(
        text.contains(&format!("recado mail release {}", entry.id.0)),
        "{text}"
    );
}

#[tokio::test]
async fn a_flood_is_told_of_in_one_mail_to_each_person() {
    let house = House::with_inbox().await;
    house
        .put_ticket(builders::ticket("8").responsible(builders::party("Rosa", "rosa@example.org")))
        .await;
    for _ in 0..20 {
        waiting(&house).await;
    }
    let tagged = from("eve@evil.example").subject("[#8] x");
    house.receive(&tagged).await;
    house.clock.advance(Duration::from_mins(61));
    let keeper = housekeeper(&house, &house.worker());
    for _ in 0..2 {
        keeper.run().await;
        house.clock.advance(Duration::from_mins(15));
    }
    let told = alerts(&house).await;
    let recipients: Vec<_> = told.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, ["rosa@example.org", "tomas@example.com"]);
    let text = house.message(told[1].id).await;
    assert!(text.contains("Esperan 19 más"), "{text}");
}

#[tokio::test]
async fn whoever_answers_for_the_ticket_is_told_else_the_desk_else_nobody() {
    let group = || {
        builders::ticket("4711")
            .responsible(None)
            .group("redes@example.org")
    };
    let nobody = || builders::ticket("4711").responsible(None);
    let desk = builders::party("Mesa", "mesa@example.org");
    for (ticket, desk, expected) in [
        (group(), Some(&desk), Some("redes@example.org")),
        (nobody(), Some(&desk), Some("mesa@example.org")),
        (nobody(), None, None),
    ] {
        let mut house = House::with_inbox().await;
        house.messaging.desk = desk.cloned();
        waiting(&house).await;
        house.put_ticket(ticket).await;
        house.clock.advance(Duration::from_mins(61));
        housekeeper(&house, &house.worker()).run().await;
        let told = alerts(&house).await;
        let told: Vec<_> = told.iter().map(|mail| mail.recipient.as_str()).collect();
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_alert_is_written_in_the_desks_language() {
    for (locale, words) in [
        (Locale::Es, "Un correo espera su decisión"),
        (Locale::Pt, "Um e-mail espera a sua decisão"),
        (Locale::En, "A mail waits for your decision"),
    ] {
        let mut house = House::with_inbox().await;
        house.messaging.locale = locale;
        waiting(&house).await;
        house.clock.advance(Duration::from_mins(61));
        housekeeper(&house, &house.worker()).run().await;
        let text = house.message(alerts(&house).await[0].id).await;
        assert!(text.contains(&format!("Subject: {words} [#4711]")), "{text}");
    }
}

#[tokio::test]
async fn what_the_desk_answers_to_an_alert_stays_with_the_desk() {
    let house = House::with_inbox().await;
    People::add_user(&house.store, &user("tomas@example.com", Role::Technician), None)
        .await
        .unwrap();
    waiting(&house).await;
    house.clock.advance(Duration::from_mins(61));
    housekeeper(&house, &house.worker()).run().await;
    let alert = alerts(&house).await.remove(0);
    let entry = house.receive(&from("tomas@example.com").answering(&alert)).await;
    assert_eq!(house.comment_of(&entry).await.visibility, Visibility::Internal);
}

#[tokio::test]
async fn a_round_judges_what_was_stored_and_not_judged() {
    let house = House::with_inbox().await;
    let posted = house.post(&tomas(), comment("hola")).await;
    let told = house.mail_to(&posted, "ana@example.com").await;
    let written = from("ana@example.com").answering(&told);
    let mut mail = builders::incoming("Re: hola")
        .raw(&house.reader.mail(&written.mail))
        .build();
    mail.envelope_from = None;
    house.store.take(mail.clone()).await.unwrap();
    housekeeper(&house, &house.worker()).run().await;
    assert_eq!(house.mail(mail.id).await.outcome, Some(Outcome::Attached));
}

#[tokio::test]
async fn octets_are_forgotten_in_time_and_those_that_wait_are_kept() {
    let house = House::with_inbox().await;
    let waiting = waiting(&house).await;
    let settled = house.receive(&from("ana@example.com").subject("Otra cosa")).await;
    let keeper = housekeeper(&house, &house.worker());
    let has_raw = async |entry: &LedgerEntry| {
        let stored = Ledger::find(&house.store, entry.id).await.unwrap();
        stored.unwrap().raw.is_some()
    };
    house.clock.advance(89 * DAY);
    keeper.run().await;
    assert!(has_raw(&settled).await);
    house.clock.advance(2 * DAY);
    keeper.run().await;
    assert!(!has_raw(&settled).await);
    assert!(has_raw(&waiting).await);
}
