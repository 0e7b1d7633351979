//! Lists and searches: what is new, what is found, and what is nobody else's to find.

use recado_domain::person::Party;
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::comments::Comments;
use recado_ports::tickets::Tickets;
use recado_test_support::builders;

use crate::browser::{Browser, text};
use crate::harness::Desk;

async fn ticket(desk: &Desk) -> Ticket {
    let number = TicketNumber::parse("4711").unwrap();
    Tickets::find(&desk.store, &number).await.unwrap().unwrap()
}

async fn said(desk: &Desk, by: Party, text: &str) {
    let comment = builders::comment(&ticket(desk).await)
        .by(by)
        .text(text)
        .owing(&[]);
    Comments::accept(&desk.store, comment).await.unwrap();
}

#[tokio::test]
async fn a_ticket_is_unread_until_its_page_was_shown() {
    let desk = Desk::telling().await;
    let ana = Browser::of(&desk, "ana@example.com").await;
    said(&desk, builders::tomas(), "Ya está arreglada").await;
    let list = ana.page("/tickets").await;
    assert!(
        list.contains("Ya está arreglada") && list.contains("Sin leer:"),
        "{list}"
    );
    ana.page("/tickets/4711").await;
    assert!(!ana.page("/tickets").await.contains("Sin leer:"));
    assert!(
        ana.page("/tickets?status=closed")
            .await
            .contains("No tienes solicitudes cerradas")
    );
    let fragment = text(&ana.fragment("/tickets").await);
    assert!(fragment.contains("Ya está arreglada") && !fragment.contains("<html"));
}

#[tokio::test]
async fn nobody_lists_or_finds_what_is_anothers_or_the_desks_alone() {
    let desk = Desk::telling().await;
    let (ana, eva, tomas) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "eva@example.com").await,
        Browser::of(&desk, "tomas@example.com").await,
    );
    said(&desk, builders::ana(), "El tóner gotea").await;
    let internal = builders::comment(&ticket(&desk).await)
        .by(builders::tomas())
        .text("El toner es falso")
        .internal()
        .owing(&[]);
    Comments::accept(&desk.store, internal).await.unwrap();
    let found = ana.page("/tickets?q=TONER").await;
    assert!(
        found.contains("El <mark>tóner</mark> gotea") && !found.contains("falso"),
        "{found}"
    );
    let found = tomas.page("/desk/search?q=toner").await;
    assert!(found.contains("<mark>tóner</mark>") && found.contains("<mark>toner</mark> es falso"));
    assert!(
        eva.page("/tickets")
            .await
            .contains("No tienes solicitudes abiertas")
    );
    for path in [
        "/tickets?q=toner",
        "/tickets?q=4711",
        "/tickets?status=all&q=tóner",
    ] {
        let path = path.replace('ó', "%C3%B3");
        let page = eva.page(&path).await;
        assert!(
            page.contains("Nada coincide") && !page.contains("gotea"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_desks_views_say_how_many_wait() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    said(&desk, builders::ana(), "¿Hola?").await;
    let page = tomas.page("/desk").await;
    assert!(
        page.contains("espera respuesta") && page.contains("<span class=\"count\">1</span>"),
        "{page}"
    );
    for view in ["mine", "group", "unanswered", "undelivered", "all", "nonsense"] {
        for status in ["open", "closed", "all"] {
            tomas.page(&format!("/desk?view={view}&status={status}")).await;
        }
    }
    let page = tomas.page("/desk/4711?view=unanswered").await;
    assert!(page.contains("aria-current=\"page\"") && page.contains("href=\"/desk/4711?view=unanswered\""));
    let views = text(&tomas.fragment("/desk?part=views").await);
    assert!(
        views.starts_with("<nav") && !views.contains("<article"),
        "{views}"
    );
}

#[tokio::test]
async fn markup_in_a_search_is_words() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    said(&desk, builders::ana(), "<script>alert(1)</script>").await;
    let page = tomas.page("/desk/search?q=%3Cscript%3Ealert%22%27").await;
    assert!(
        page.contains("&lt;<mark>script</mark>&gt;<mark>alert</mark>(1)"),
        "{page}"
    );
    assert!(!page.contains("<script>alert"));
}
