//! Conversations: who reads what, what is held, what is undone, and what a page says of it.

use std::time::Duration;

use recado_domain::parameter::Parameter;
use recado_domain::person::{Party, PersonName};
use recado_domain::ticket::TicketNumber;
use recado_ports::clock::Clock as _;
use recado_ports::comments::Comments;
use recado_ports::parameters::Parameters;
use recado_ports::tickets::Tickets;
use recado_test_support::builders;

use crate::browser::{Browser, after, text, value};
use crate::harness::Desk;

const PORTAL: &str = "/tickets/4711";
const DESK: &str = "/desk/4711";

#[tokio::test]
async fn a_message_is_under_hold_for_its_author_and_the_desk_alone() {
    let desk = Desk::telling().await;
    let (ana, tomas) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "tomas@example.com").await,
    );
    tomas.write(DESK, "Voy para allá").await;
    let own = tomas.page(DESK).await;
    assert!(
        own.contains("Voy para allá") && own.contains("data-seconds=\"10\""),
        "{own}"
    );
    assert!(!ana.page(PORTAL).await.contains("Voy para allá"));
    ana.write(PORTAL, "¿Cuándo?").await;
    let seen = ana.page(PORTAL).await;
    assert!(seen.contains("¿Cuándo?") && seen.contains("/undo\""));
    assert!(
        tomas.page(DESK).await.contains("¿Cuándo?"),
        "the desk sees it at once"
    );
}

#[tokio::test]
async fn what_is_undone_was_never_there_and_its_text_comes_back() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    tomas.write(DESK, "Demasiado pronto").await;
    let page = tomas.page(DESK).await;
    let undo = format!("{DESK}/comments/{}/undo", message_id(&page));
    let answer = tomas.post(&undo, &[]).await;
    assert_eq!(answer.status.as_u16(), 200);
    let page = text(&answer);
    assert!(
        page.contains("data-write>\nDemasiado pronto</textarea>"),
        "{page}"
    );
    assert!(page.contains("El mensaje no salió"));
    assert!(!tomas.page(DESK).await.contains("Demasiado pronto"));
    assert_eq!(tomas.post(&undo, &[]).await.status.as_u16(), 404, "once");
}

#[tokio::test]
async fn after_the_hold_nothing_is_undone_and_the_page_says_so() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    tomas.write(DESK, "Ya salió").await;
    let page = tomas.page(DESK).await;
    let undo = format!("{DESK}/comments/{}/undo", message_id(&page));
    desk.clock.advance(Duration::from_secs(11));
    assert_eq!(tomas.post(&undo, &[]).await.status.as_u16(), 409);
    let page = tomas.page(DESK).await;
    assert!(page.contains("Ya salió") && !page.contains("/undo\""));
}

#[tokio::test]
async fn whoever_reads_a_message_on_their_open_page_and_wants_no_mail_then_gets_none() {
    let desk = Desk::telling().await;
    let (ana, tomas) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "tomas@example.com").await,
    );
    let chosen = [("quiet", "on")];
    assert_eq!(ana.post("/settings", &chosen).await.status.as_u16(), 303);
    let page = builders::id().to_string();
    let shown = [("page", page.as_str()), ("ticket", "4711"), ("state", "shown")];
    assert_eq!(ana.post("/page", &shown).await.status.as_u16(), 204);
    tomas.write(DESK, "Ya voy").await;
    let id = message_id(&tomas.page(DESK).await);
    desk.clock.advance(Duration::from_secs(11));
    let now = desk.clock.now();
    assert_eq!(desk.store.release_held(now, 10).await.unwrap(), 1);
    let fragment = ana.fragment(&format!("{PORTAL}/comments/{id}")).await;
    assert!(text(&fragment).contains("Ya voy"));
    let told = tomas.page(DESK).await;
    assert!(told.contains("Leído en la página"), "{told}");
}

#[tokio::test]
async fn an_internal_note_stays_at_the_desk() {
    let desk = Desk::telling().await;
    let (ana, tomas) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "tomas@example.com").await,
    );
    let fields = [("text", "No se lo digas"), ("as", "internal")];
    let answer = tomas.upload(&format!("{DESK}/messages"), &fields, &[]).await;
    assert_eq!(answer.status.as_u16(), 303);
    let page = tomas.page(DESK).await;
    assert!(page.contains("Nota interna: no sale de la mesa"), "{page}");
    desk.clock.advance(Duration::from_mins(1));
    assert!(!ana.page(PORTAL).await.contains("No se lo digas"));
    assert!(!ana.page(PORTAL).await.contains("Nota interna"));
    let answer = ana.upload(&format!("{PORTAL}/messages"), &fields, &[]).await;
    assert_eq!(answer.status.as_u16(), 403);
    let page = text(&answer);
    assert!(
        page.contains("No se lo digas</textarea>"),
        "the text is kept: {page}"
    );
}

#[tokio::test]
async fn a_message_that_cannot_be_taken_is_kept_and_the_page_says_what_to_do() {
    let desk = Desk::telling().await;
    let ana = Browser::of(&desk, "ana@example.com").await;
    let path = format!("{PORTAL}/messages");
    let answer = ana.upload(&path, &[("text", " \r\n ")], &[]).await;
    assert_eq!(answer.status.as_u16(), 422);
    assert!(text(&answer).contains("Escribe algo o adjunta un archivo."));
    let large = vec![b'x'; 11 << 20];
    let answer = ana
        .upload(
            &path,
            &[("text", "Mira <esto>")],
            &[("vídeo.mp4", "video/mp4", &large)],
        )
        .await;
    assert_eq!(answer.status.as_u16(), 422);
    let page = text(&answer);
    assert!(page.contains("«vídeo.mp4» es demasiado grande"), "{page}");
    assert!(page.contains("Mira &lt;esto&gt;</textarea>") && page.contains("Vuelve a adjuntar"));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_stores_one_message() {
    let desk = Desk::telling().await;
    let ana = Browser::of(&desk, "ana@example.com").await;
    let once = value(&ana.page(PORTAL).await, "once").unwrap();
    let path = format!("{PORTAL}/messages");
    for (text, count) in [("Hola", 1), ("Hola", 1), ("Otra cosa", 2)] {
        let answer = ana.upload(&path, &[("text", text), ("once", &once)], &[]).await;
        assert_eq!(answer.status.as_u16(), 303);
        let page = ana.page(PORTAL).await;
        assert_eq!(page.matches("<article").count(), count, "{text}");
    }
}

#[tokio::test]
async fn stored_markup_is_text_wherever_it_stands() {
    let desk = Desk::open().await;
    let evil =
        "<img src=x onerror=alert(1)><svg/onload=alert(1)>\"'--></textarea></title><script>alert(1)</script>";
    let mut ticket = builders::ticket("4711").write();
    ticket.ticket.title = evil.to_owned();
    ticket.ticket.contract = Some(evil.to_owned());
    ticket.ticket.attributes = [("DESCRIPTION".to_owned(), evil.to_owned())].into();
    let name = PersonName::parse(evil).unwrap();
    ticket.ticket.requester.name = name.clone();
    let comment = builders::comment(&ticket.ticket)
        .by(Party {
            name,
            ..ticket.ticket.requester.clone()
        })
        .text(evil)
        .mailed(evil, "<script>alert(1)</script>")
        .attachment(evil, evil.as_bytes())
        .owing(&[]);
    Tickets::put(&desk.store, ticket).await.unwrap();
    Comments::accept(&desk.store, comment).await.unwrap();
    let (ana, tomas) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "tomas@example.com").await,
    );
    tomas
        .post(
            &format!("{DESK}/watchers"),
            &[("add", "\"<script>alert(2)</script>\" <eva@example.com>")],
        )
        .await;
    for page in [ana.page(PORTAL).await, tomas.page(DESK).await] {
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"), "{page}");
        for live in ["<img src=x", "<svg/", "<script>alert", "</textarea></title>"] {
            assert!(!page.contains(live), "{live} is live: {page}");
        }
    }
}

#[tokio::test]
async fn files_download_and_pictures_alone_are_shown() {
    let desk = Desk::telling().await;
    let (ana, tomas) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "tomas@example.com").await,
    );
    let png = b"\x89PNG\r\n\x1a\n...".as_slice();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".as_slice();
    let html = b"<script>alert(1)</script>".as_slice();
    let files = [
        ("a.png", "image/png", png),
        ("b.png", "image/png", svg),
        ("c.svg", "image/svg+xml", svg),
        ("d.html", "text/html", html),
    ];
    let answer = ana
        .upload(&format!("{PORTAL}/messages"), &[("text", "")], &files)
        .await;
    assert_eq!(answer.status.as_u16(), 303);
    let page = tomas.page(DESK).await;
    let mut seen = Vec::new();
    for (name, _, _) in files {
        let href = page
            .split("href=\"")
            .filter(|part| part.contains("/files/"))
            .find(|part| part.split("</a>").next().is_some_and(|part| part.contains(name)))
            .and_then(|part| part.split('"').next())
            .unwrap();
        let file = tomas.get(href).await;
        assert_eq!(file.status.as_u16(), 200, "{name}");
        assert!(
            file.header("content-security-policy").contains("sandbox"),
            "{name}"
        );
        assert_eq!(file.header("x-content-type-options"), "nosniff", "{name}");
        let disposition = file
            .header("content-disposition")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        seen.push((name, file.header("content-type").to_owned(), disposition));
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(name, content_type, disposition)| (*name, content_type.as_str(), disposition.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("a.png", "image/png", "inline"),
            ("b.png", "image/png", "attachment"),
            ("c.svg", "application/octet-stream", "attachment"),
            ("d.html", "application/octet-stream", "attachment"),
        ]
    );
}

#[tokio::test]
async fn a_long_conversation_is_read_page_by_page_from_its_end() {
    let desk = Desk::telling().await;
    let ticket = Tickets::find(&desk.store, &TicketNumber::parse("4711").unwrap())
        .await
        .unwrap()
        .unwrap();
    for index in 0..120 {
        let comment = builders::comment(&ticket)
            .text(&format!("mensaje {index}."))
            .owing(&[]);
        Comments::accept(&desk.store, comment).await.unwrap();
    }
    let ana = Browser::of(&desk, "ana@example.com").await;
    let newest = ana.page(PORTAL).await;
    assert_eq!(newest.matches("<article").count(), 50);
    assert!(
        newest.contains("mensaje 119.") && newest.contains("mensaje 70.") && !newest.contains("mensaje 69.")
    );
    let earlier = after(&newest, "data-earlier href=\"").unwrap();
    let page = ana.page(earlier).await;
    assert!(page.contains("mensaje 69.") && page.contains("mensaje 20.") && !page.contains("mensaje 70."));
    let fragment = text(&ana.fragment(earlier).await);
    assert_eq!(fragment.matches("<article").count(), 50);
    assert!(!fragment.contains("<html"));
    let at = message_id(&page);
    let page = ana.page(&format!("{PORTAL}?at={at}")).await;
    assert!(
        page.contains(&format!("id=\"m-{at}\"")),
        "the message that was asked for is on the page"
    );
}

#[tokio::test]
async fn the_desk_assigns_closes_and_has_others_follow() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    let wrong = tomas.post(&format!("{DESK}/assign"), &[("to", "Lucía")]).await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert!(text(&wrong).contains("Eso no es una persona"));
    for (path, fields) in [
        ("assign", vec![("to", "Lucía <lucia@example.com>")]),
        ("watchers", vec![("add", "eva@example.com")]),
        ("close", vec![]),
    ] {
        let answer = tomas.post(&format!("{DESK}/{path}"), &fields).await;
        assert_eq!(answer.status.as_u16(), 303, "{path}: {}", text(&answer));
    }
    let page = tomas.page(DESK).await;
    assert!(page.contains("Lucía") && page.contains("eva@example.com") && page.contains("cerrada"));
    assert!(page.contains("Esta solicitud está cerrada."));
    tomas
        .post(&format!("{DESK}/watchers"), &[("remove", "eva@example.com")])
        .await;
    tomas.post(&format!("{DESK}/reopen"), &[]).await;
    let page = tomas.page(DESK).await;
    assert!(!page.contains("eva@example.com") && page.contains("abierta"));
}

#[tokio::test]
async fn a_note_is_offered_where_it_is_something_of_its_own() {
    let desk = Desk::telling().await;
    let ana = Browser::of(&desk, "ana@example.com").await;
    assert!(!ana.page(PORTAL).await.contains("value=\"note\""));
    desk.store
        .set(Parameter::RequesterNoteTemplate, Some("1".to_owned()))
        .await
        .unwrap();
    assert!(ana.page(PORTAL).await.contains("value=\"note\""));
    desk.store
        .set(Parameter::RequesterNotes, Some("N".to_owned()))
        .await
        .unwrap();
    assert!(!ana.page(PORTAL).await.contains("value=\"note\""));
}

#[tokio::test]
async fn numbers_of_any_kind_have_pages_that_work() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    for (number, path) in [
        ("a/b %41?#&ñ", "a%2Fb%20%2541%3F%23%26%C3%B1"),
        ("🖨️", "%F0%9F%96%A8%EF%B8%8F"),
        ("search", "%73earch"),
    ] {
        Tickets::put(&desk.store, builders::ticket(number).write())
            .await
            .unwrap();
        tomas.write(&format!("/desk/{path}"), "Hola").await;
        let page = tomas.page(&format!("/desk/{path}")).await;
        assert!(
            page.contains(&format!("action=\"/desk/{path}/messages\"")),
            "{number}: {page}"
        );
    }
}

/// The id of a page's first message.
fn message_id(page: &str) -> String {
    after(page, "data-id=\"").unwrap().to_owned()
}
