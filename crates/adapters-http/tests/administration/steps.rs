//! From an empty installation to the first mail, without scripts: what is done, and what is next.

use recado_ports::outbox::{DeliveryFilter, Outbox};
use recado_ports::page::PageRequest;

use crate::browser::Browser;
use crate::harness::Desk;

/// The step that the page says is next.
fn next(page: &str) -> &str {
    let (_, step) = page.split_once("aria-current=\"step\"").expect("a step is next");
    let (_, title) = step.split_once("<h2>").unwrap();
    title.split("</h2>").next().unwrap()
}

#[tokio::test]
async fn the_steps_lead_on_one_by_one() {
    let desk = Desk::open().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let page = admin.page("/administration").await;
    assert_eq!(next(&page), "Cuenta de correo");

    let fields = [("p10", "mesa@example.org"), ("p14", ""), ("p269", "587")];
    let answer = admin.post("/administration/accounts/outgoing", &fields).await;
    assert_eq!(answer.header("location"), "/administration/accounts#outgoing");
    assert_eq!(next(&admin.page("/administration").await), "Prueba de la cuenta");

    // The test is a mail to whoever asks, and the page follows it.
    let answer = admin.post("/administration/test-account", &[]).await;
    let watching = answer.header("location").to_owned();
    assert!(watching.starts_with("/administration?watch="), "{watching}");
    let page = admin.page(&watching).await;
    assert!(
        page.contains("El correo de prueba está en la cola") && page.contains("a admin@example.org"),
        "{page}"
    );
    let filter = DeliveryFilter::default();
    let page = PageRequest::default();
    let mails = Outbox::list(&desk.store, &filter, &page).await.unwrap();
    assert_eq!(mails.items.len(), 1);

    // What comes later can be done before it.
    let answer = admin.post("/administration/starter", &[("language", "pt")]).await;
    assert_eq!(answer.status.as_u16(), 303);
    let page = admin.page("/administration").await;
    assert!(page.contains("Hay una plantilla activa"), "{page}");
    admin
        .post("/administration/switch-on", &[("template", "1")])
        .await;
    assert!(
        admin
            .page("/administration")
            .await
            .contains("La mensajería usa la plantilla 1")
    );
    let answer = admin.post("/administration/test-template", &[]).await;
    assert_eq!(answer.status.as_u16(), 303, "417 is set");
    assert!(
        admin
            .page("/administration")
            .await
            .contains("<ol class=\"steps\">"),
        "no mail has left"
    );
}

#[tokio::test]
async fn the_check_words_what_it_finds_and_where_to_mend_it() {
    let desk = Desk::open().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let page = admin.page("/administration/health").await;
    assert!(page.contains("El parámetro 417 no tiene valor"), "{page}");
    assert!(page.contains("href=\"/administration/parameters/417\""), "{page}");
    let part = admin.fragment("/administration/health").await;
    assert!(!crate::browser::text(&part).contains("<html"));
}
