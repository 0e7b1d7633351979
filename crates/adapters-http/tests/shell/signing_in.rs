//! The way in and out: by password, by link, for the first administrator; and how little strangers learn.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use recado_domain::outbox::Cause;
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::token::Keyring;
use recado_ports::outbox::{DeliveryFilter, Outbox};
use recado_ports::page::PageRequest;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_test_support::builders;

use crate::harness::{Answer, Desk};
use crate::visitor::{SESSION, Visitor, quoted, set_cookies, text};

const PASSWORD: &str = "correct horse";

/// A desk where Zoe has a password.
async fn desk() -> Desk {
    let desk = Desk::telling().await;
    let ids = recado_test_support::ids::SequentialIds::new();
    let password = recado_app::passwords::NewPassword::parse(PASSWORD.to_owned().into()).unwrap();
    let hash = recado_app::passwords::hash(password, &ids).await.unwrap();
    let zoe = builders::user("zoe@example.com", Role::Technician);
    desk.store.add_user(&zoe, Some(hash)).await.unwrap();
    desk
}

fn with<'a>(email: &'a str, password: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("email", email), ("password", password), ("way", "password")]
}

#[tokio::test]
async fn a_password_opens_a_session_in_a_cookie_that_is_ours_alone() {
    let desk = desk().await;
    let mut zoe = Visitor::new(&desk);
    let answer = zoe.post("/sign-in", &with("Zoe@example.com", PASSWORD)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/desk")
    );
    let cookies = set_cookies(&answer);
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("__Host-recado="))
        .unwrap();
    let (_, attributes) = session.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(zoe.get("/settings").await.status.as_u16(), 200);
}

#[tokio::test]
async fn whatever_the_browser_had_before_is_worth_nothing_after_signing_in() {
    let desk = desk().await;
    let mut zoe = Visitor::signed_in(&desk, "zoe@example.com").await;
    let before = zoe.cookies.clone();
    let old_token = zoe.token().await;
    zoe.post("/sign-in", &with("zoe@example.com", PASSWORD)).await;
    assert_ne!(zoe.cookies[SESSION], before[SESSION], "the secret is another");
    let answer = zoe.post_with("/settings", &old_token, &[]).await;
    assert_eq!(answer.status.as_u16(), 403, "a form from before");
    let mut thief = Visitor::new(&desk);
    thief.cookies = before;
    assert_eq!(
        thief.get("/settings").await.status.as_u16(),
        303,
        "the session from before"
    );
    // What an attacker plants in a browser that has not signed in becomes no session either.
    let mut victim = Visitor::new(&desk);
    victim.cookies.insert(SESSION.to_owned(), "planted".to_owned());
    victim
        .cookies
        .insert("__Host-recado-visit".to_owned(), "planted".to_owned());
    let page = text(&victim.get("/sign-in").await);
    let token = page
        .split_once("name=\"csrf\" value=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
        .to_owned();
    victim
        .post_with("/sign-in", &token, &with("zoe@example.com", PASSWORD))
        .await;
    let fresh = &victim.cookies[SESSION];
    assert!(fresh != "planted" && fresh.len() == 43, "{fresh}");
    assert!(!victim.cookies.contains_key("__Host-recado-visit"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_read_the_same() {
    let desk = desk().await;
    let mut pages = Vec::new();
    for email in ["zoe@example.com", "ana@example.com", "nobody@example.com"] {
        let mut visitor = Visitor::new(&desk);
        visitor
            .cookies
            .insert("__Host-recado-visit".to_owned(), "same".to_owned());
        let answer = visitor.post("/sign-in", &with(email, "wrong horse")).await;
        assert_eq!(answer.status.as_u16(), 422, "{email}");
        assert!(!visitor.cookies.contains_key(SESSION));
        pages.push(text(&answer).replace(email, "…"));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_after_signing_in() {
    let desk = desk().await;
    for (next, location) in [
        ("/settings", "/settings"),
        ("//evil.example", "/desk"),
        ("/\\evil.example", "/desk"),
        ("https://evil.example", "/desk"),
        ("/\t/evil.example", "/desk"),
        ("javascript:alert(1)", "/desk"),
    ] {
        let mut zoe = Visitor::new(&desk);
        let mut fields = with("zoe@example.com", PASSWORD);
        fields.push(("next", next));
        let answer = zoe.post("/sign-in", &fields).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, location),
            "{next}"
        );
        let answer = zoe.get(&format!("/sign-in?next={}", quoted(next))).await;
        assert_eq!(
            answer.header("location"),
            location,
            "{next} when signed in already"
        );
    }
}

#[tokio::test]
async fn tries_are_bounded_by_address_and_by_place_for_known_and_unknown_alike() {
    let desk = desk().await;
    let mut refused = Vec::new();
    for email in ["zoe@example.com", "nobody@example.com"] {
        let mut visitor = Visitor::new(&desk);
        let mut tries = 0;
        let answer = loop {
            let answer = visitor.post("/sign-in", &with(email, "wrong horse")).await;
            if answer.status.as_u16() != 422 {
                break answer;
            }
            tries += 1;
            assert!(tries < 50, "{email} can be tried for ever");
        };
        assert_eq!(answer.status.as_u16(), 429, "{email}");
        refused.push((tries, answer.header("retry-after").to_owned(), answer));
    }
    assert_eq!(refused[0].0, refused[1].0);
    assert_eq!(refused[0].1, refused[1].1);
    // The right password waits too; and gets in when its time has come.
    let mut zoe = Visitor::new(&desk);
    let answer = zoe.post("/sign-in", &with("zoe@example.com", PASSWORD)).await;
    assert_eq!(answer.status.as_u16(), 429);
    desk.clock.advance(Duration::from_mins(1));
    let answer = zoe.post("/sign-in", &with("zoe@example.com", PASSWORD)).await;
    assert_eq!(answer.status.as_u16(), 303);
    // Ever other addresses from one place.
    let mut visitor = Visitor::new(&desk);
    let token = visitor.token().await;
    let mut statuses = Vec::new();
    for n in 0..80 {
        let email = format!("n{n}@example.com");
        let fields = [("email", email.as_str()), ("way", "link")];
        statuses.push(
            visitor
                .post_with("/sign-in", &token, &fields)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

/// The texts of the mails with links to sign in, once there are as many.
async fn links(desk: &Desk, count: usize) -> Vec<String> {
    for _ in 0..1_000 {
        let page = desk
            .store
            .list(&DeliveryFilter::default(), &PageRequest::default())
            .await
            .unwrap();
        let ids: Vec<_> = page
            .items
            .iter()
            .filter(|delivery| matches!(delivery.cause, Cause::SignIn(_)))
            .map(|delivery| delivery.id)
            .collect();
        if ids.len() >= count {
            let messages = desk.store.messages(&ids).await.unwrap();
            return messages
                .into_iter()
                .map(|(_, octets)| String::from_utf8(octets).unwrap())
                .collect();
        }
        tokio::task::yield_now().await;
    }
    panic!("no link was sent");
}

fn link_in(mail: &str) -> String {
    let (_, rest) = mail
        .split_once("https://recado.example.org/sign-in/")
        .expect("the mail has a link");
    let secret: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    format!("/sign-in/{secret}")
}

async fn ask(visitor: &mut Visitor<'_>, email: &str) -> Answer {
    visitor
        .post(
            "/sign-in",
            &[("email", email), ("way", "link"), ("next", "/tickets/4711")],
        )
        .await
}

#[tokio::test]
async fn a_link_is_looked_at_by_anybody_and_used_once() {
    let desk = desk().await;
    desk.store
        .set(Parameter::FromAddress, Some("desk@example.org".to_owned()))
        .await
        .unwrap();
    let mut ana = Visitor::new(&desk);
    let answer = ask(&mut ana, "ana@example.com").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/sign-in/sent")
    );
    let link = link_in(&links(&desk, 1).await[0]);
    for _ in 0..3 {
        // A scanner, without cookies of ours.
        let answer = Visitor::new(&desk).get(&link).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("referrer-policy")),
            (200, "strict-origin")
        );
        assert!(text(&answer).contains("ana@example.com"));
        assert!(
            !set_cookies(&answer)
                .iter()
                .any(|cookie| cookie.starts_with("__Host-recado="))
        );
    }
    let mut phone = Visitor::new(&desk);
    let answer = phone.post(&link, &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/tickets/4711")
    );
    assert_eq!(phone.get("/settings").await.status.as_u16(), 200);
    let mut second = Visitor::new(&desk);
    assert_eq!(second.post(&link, &[]).await.status.as_u16(), 404);
    assert!(!second.cookies.contains_key(SESSION));
    assert_eq!(second.get(&link).await.status.as_u16(), 404);
}

#[tokio::test]
async fn asking_for_a_link_tells_strangers_nothing() {
    let desk = desk().await;
    desk.store
        .set(Parameter::FromAddress, Some("desk@example.org".to_owned()))
        .await
        .unwrap();
    let mut answers = Vec::new();
    for email in ["nobody@example.com", "ana@example.com"] {
        let mut visitor = Visitor::new(&desk);
        let answer = ask(&mut visitor, email).await;
        answers.push((
            answer.status,
            answer.header("location").to_owned(),
            answer.body.clone(),
            set_cookies(&answer).len(),
        ));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(links(&desk, 1).await.len(), 1, "and one mail alone was made");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let desk = desk().await;
    let mut zoe = Visitor::signed_in(&desk, "zoe@example.com").await;
    let secret = zoe.cookies[SESSION].clone();
    let answer = zoe.post("/sign-out", &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/sign-in")
    );
    assert!(!zoe.cookies.contains_key(SESSION));
    let page = text(&zoe.get("/sign-in").await);
    assert!(page.contains("Sesión cerrada"), "the notice is there once");
    assert!(!text(&zoe.get("/sign-in").await).contains("Sesión cerrada"));
    zoe.cookies.insert(SESSION.to_owned(), secret);
    assert_eq!(zoe.get("/settings").await.status.as_u16(), 303);
}

#[tokio::test]
async fn preferences_are_kept_and_the_next_page_speaks_the_language() {
    let desk = desk().await;
    let mut zoe = Visitor::signed_in(&desk, "zoe@example.com").await;
    let fields = [
        ("language", "pt"),
        ("zone", "America/Sao_Paulo"),
        ("quiet", "yes"),
    ];
    assert_eq!(zoe.post("/settings", &fields).await.status.as_u16(), 303);
    let page = text(&zoe.get("/settings").await);
    assert!(
        page.contains("<html lang=\"pt\">") && page.contains("Preferências salvas"),
        "{page}"
    );
    assert!(page.contains("<option selected>America/Sao_Paulo</option>"));
    let answer = zoe.post("/settings", &[("zone", "Mars/Olympus")]).await;
    assert_eq!(answer.status.as_u16(), 422);
    for (current, new, status) in [
        ("wrong", "another horse", 422),
        (PASSWORD, "short", 422),
        (PASSWORD, "another horse", 303),
    ] {
        let answer = zoe
            .post("/settings/password", &[("current", current), ("new", new)])
            .await;
        assert_eq!(answer.status.as_u16(), status, "{current} {new}");
    }
    let mut other = Visitor::new(&desk);
    let answer = other
        .post("/sign-in", &with("zoe@example.com", "another horse"))
        .await;
    assert_eq!(answer.status.as_u16(), 303);
}

#[tokio::test]
async fn the_set_up_page_is_there_for_the_token_alone_and_gone_afterwards() {
    // The desk of the harness has an administrator.
    let desk = desk().await;
    let token = Keyring::new(&[7; 32], &[]).unwrap().setup_token();
    let mut visitor = Visitor::new(&desk);
    for path in [format!("/setup/{token}"), "/setup/nonsense".to_owned()] {
        assert_eq!(visitor.get(&path).await.status.as_u16(), 404, "{path}");
        let fields = [
            ("name", "Eva"),
            ("email", "e@example.org"),
            ("password", PASSWORD),
        ];
        assert_eq!(visitor.post(&path, &fields).await.status.as_u16(), 404, "{path}");
    }
    let request = visitor
        .request(Method::GET, "/setup/nonsense")
        .header(header::ACCEPT_LANGUAGE, "en");
    let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 404);
}
