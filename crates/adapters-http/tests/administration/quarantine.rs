//! The desk's quarantine and deliveries.

use recado_domain::audit::Action;
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::page::PageRequest;
use serde_json::json;

use crate::browser::{Browser, text};
use crate::harness::Desk;

/// Nobody knows them, so it waits.
const STRANGER: &str = "From: Iván Ajeno <ivan@other.example>\nMessage-ID: <1@other.example>\nSubject: Hola <b>\n\n<script>¿Me ayudan?</script>";

async fn noted(desk: &Desk, action: Action) -> usize {
    let filter = AuditFilter {
        action: Some(action),
        ..AuditFilter::default()
    };
    let page = PageRequest::default();
    Audit::list(&desk.store, &filter, &page)
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn a_mail_is_shown_as_it_was_read_and_its_markup_is_text() {
    let desk = Desk::telling().await;
    let id = desk.receive(STRANGER).await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    let list = tomas.page("/desk/quarantine").await;
    assert!(
        list.contains("ivan@other.example") && list.contains("Hola &lt;b&gt;"),
        "{list}"
    );
    let page = tomas.page(&format!("/desk/quarantine/{id}")).await;
    assert!(page.contains("&lt;script&gt;¿Me ayudan?"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
    assert_eq!(
        noted(&desk, Action::RawMailRead).await,
        0,
        "its text is what the desk decides by"
    );
}

#[tokio::test]
async fn whoever_reads_a_raw_mail_leaves_a_line_in_the_trail() {
    let desk = Desk::telling().await;
    let id = desk.receive(STRANGER).await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    let answer = tomas.post(&format!("/desk/quarantine/{id}/raw"), &[]).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(text(&answer).contains("Message-ID: &lt;1@other.example&gt;"));
    assert_eq!(noted(&desk, Action::RawMailRead).await, 1);
    let file = tomas
        .post(&format!("/desk/quarantine/{id}/raw"), &[("download", "Y")])
        .await;
    assert_eq!(file.header("content-type"), "message/rfc822");
    assert!(file.header("content-disposition").starts_with("attachment;"));
    assert_eq!(noted(&desk, Action::RawMailRead).await, 2);
    let ana = Browser::of(&desk, "ana@example.com").await;
    assert_eq!(
        ana.post(&format!("/desk/quarantine/{id}/raw"), &[])
            .await
            .status
            .as_u16(),
        404
    );
    assert_eq!(noted(&desk, Action::RawMailRead).await, 2);
}

#[tokio::test]
async fn a_mail_is_turned_down_after_a_question_and_can_still_be_accepted() {
    let desk = Desk::telling().await;
    let id = desk.receive(STRANGER).await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    let place = format!("/desk/quarantine/{id}");
    let question = tomas.post(&format!("{place}/refuse"), &[]).await;
    assert!(text(&question).contains("¿Rechazar este correo?"));
    assert!(tomas.page(&place).await.contains("en cuarentena"));
    tomas.post(&format!("{place}/refuse"), &[("sure", "Y")]).await;
    let page = tomas.page(&place).await;
    assert!(
        page.contains("rechazado") && !page.contains("/refuse\""),
        "{page}"
    );
    assert!(
        tomas
            .page("/desk/quarantine")
            .await
            .contains("No hay nada en cuarentena")
    );
    let answer = tomas.post(&format!("{place}/accept"), &[("as", "person")]).await;
    assert!(
        answer.header("location").starts_with("/desk/"),
        "{}",
        text(&answer)
    );
    assert!(tomas.page(&place).await.contains("ticket nuevo"));
    let ledger = Browser::of(&desk, "admin@example.org").await;
    let list = ledger.page("/administration/mails?outcome=opened").await;
    assert!(list.contains("ivan@other.example"), "{list}");
    assert!(
        ledger
            .page("/administration/mails?outcome=bounce")
            .await
            .contains("Aquí no hay correos")
    );
}

#[tokio::test]
async fn a_delivery_is_cancelled_after_a_question_and_sent_again() {
    let desk = Desk::telling().await;
    let posted = desk
        .post(
            &desk.tomas,
            "/tickets/4711/comments",
            json!({"text": "¿Sigue igual?"}),
        )
        .await
        .of(201);
    let id = posted["deliveries"][0]["id"].as_str().unwrap();
    let place = format!("/desk/deliveries/{id}");
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    assert!(
        tomas
            .page("/desk/deliveries?ticket=4711")
            .await
            .contains("ana@example.com")
    );
    let question = tomas.post(&format!("{place}/cancel"), &[]).await;
    assert!(text(&question).contains("¿Cancelar este envío?"));
    tomas.post(&format!("{place}/cancel"), &[("sure", "Y")]).await;
    assert!(tomas.page(&place).await.contains("cancelado"));
    tomas.post(&format!("{place}/requeue"), &[]).await;
    assert!(tomas.page(&place).await.contains("en cola"));
    let message = tomas.post(&format!("{place}/message"), &[]).await;
    assert_eq!(message.status.as_u16(), 200);
    assert_eq!(noted(&desk, Action::MessageRead).await, 1);
}

#[tokio::test]
async fn a_list_that_does_not_fit_goes_on_behind_a_link() {
    let desk = Desk::telling().await;
    for number in 0..51 {
        let raw = format!(
            "From: P {number} <p{number}@other.example>\nMessage-ID: <{number}@{}.example>\nSubject: S{number}\n\nx",
            "o".repeat(number + 1)
        );
        desk.receive(&raw).await;
    }
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    let first = tomas.page("/desk/quarantine").await;
    let link = crate::browser::after(&first, "<a class=\"button\" href=\"/desk/quarantine?after=").unwrap();
    let second = tomas.page(&format!("/desk/quarantine?after={link}")).await;
    assert_eq!(second.matches("class=\"item\"").count(), 1, "{second}");
    assert_eq!(
        tomas.get("/desk/quarantine?after=nonsense").await.status.as_u16(),
        404
    );
}
