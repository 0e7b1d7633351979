//! The administration: who finds it, what its forms take, and what they never show.

use axum::http::Method;
use recado_domain::audit::Action;
use recado_domain::parameter::Parameter;
use recado_domain::person::{EmailAddress, Standing};
use recado_ports::accounts::Accounts;
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::page::PageRequest;
use recado_ports::parameters::Parameters;

use crate::browser::{Browser, text, value};
use crate::harness::Desk;

const ADMIN: &str = "admin@example.org";

/// A path of a route, with something in each of its places.
fn filled(route: &str) -> String {
    route
        .replace("{account}", "outgoing")
        .replace("{number}", "417")
        .replace("{email}", "ana%40example.com")
        .replace("{name}", "logo.png")
        .replace("{id}", "00000000-0000-0000-0000-000000000001")
}

/// The routes of these pages.
fn routes(method: &Method) -> Vec<&'static str> {
    let ours = ["/administration", "/desk/quarantine", "/desk/deliveries"];
    recado_adapters_http::page_routes()
        .into_iter()
        .filter(|(of, route)| of == method && ours.iter().any(|place| route.starts_with(place)))
        .map(|(_, route)| route)
        .collect()
}

#[tokio::test]
async fn whoever_is_no_administrator_finds_nothing() {
    let desk = Desk::telling().await;
    let routes = routes(&Method::GET);
    assert!(routes.len() > 20, "{routes:?}");
    for email in ["tomas@example.com", "ana@example.com"] {
        let browser = Browser::of(&desk, email).await;
        for route in routes.iter().filter(|route| route.starts_with("/administration")) {
            assert_eq!(
                browser.get(&filled(route)).await.status.as_u16(),
                404,
                "{email} {route}"
            );
        }
    }
    let nobody = Browser::of_nobody(&desk);
    for route in routes {
        let answer = nobody.get(&filled(route)).await;
        assert!(answer.header("location").starts_with("/sign-in?next="), "{route}");
    }
}

#[tokio::test]
async fn a_technician_s_forms_change_nothing_here() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    for route in routes(&Method::POST)
        .iter()
        .filter(|route| route.starts_with("/administration"))
    {
        let answer = tomas.post(&filled(route), &[("sure", "Y"), ("p417", "9")]).await;
        assert_eq!(answer.status.as_u16(), 404, "{route}");
    }
}

#[tokio::test]
async fn no_form_is_taken_without_its_token() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let routes = routes(&Method::POST);
    assert!(routes.len() > 20, "{routes:?}");
    for route in routes {
        let answer = admin.forge(&filled(route)).await;
        assert_eq!(answer.status.as_u16(), 403, "{route}");
    }
}

#[tokio::test]
async fn a_secret_is_nowhere_on_the_pages() {
    let desk = Desk::telling().await;
    let set = async |parameter, value: &str| {
        Parameters::set(&desk.store, parameter, Some(value.to_owned()))
            .await
            .unwrap();
    };
    set(Parameter::SmtpPassword, "hunter2").await;
    set(Parameter::InboxPassword, "hunter2").await;
    let admin = Browser::of(&desk, ADMIN).await;
    for path in [
        "/administration",
        "/administration/accounts",
        "/administration/parameters",
        "/administration/parameters/13",
    ] {
        let page = admin.page(path).await;
        assert!(!page.contains("hunter2"), "{path}");
    }
    assert!(
        admin
            .page("/administration/parameters/13")
            .await
            .contains("guardada")
    );
    // One that was typed beside a mistake is not given back either.
    let fields = [("p13", "hunter3"), ("p269", "70000"), ("p14", "smtp.example.org")];
    let answer = admin.post("/administration/accounts/outgoing", &fields).await;
    assert_eq!(answer.status.as_u16(), 422);
    let page = text(&answer);
    assert!(
        !page.contains("hunter3")
            && page.contains("value=\"70000\"")
            && page.contains("value=\"smtp.example.org\"")
    );
    let values = desk.store.snapshot().await.unwrap().values;
    assert_eq!(
        values.set_value(Parameter::SmtpHost),
        None,
        "all of it or nothing"
    );
    // Nor is one that was set.
    admin
        .post("/administration/parameters/13", &[("p13", "hunter4")])
        .await;
    assert!(!admin.page("/administration/audit").await.contains("hunter4"));
}

#[tokio::test]
async fn an_empty_password_field_leaves_the_password_and_the_box_removes_it() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let path = "/administration/parameters/13";
    admin.post(path, &[("p13", "hunter2")]).await;
    let password = async || {
        let values = desk.store.snapshot().await.unwrap().values;
        values.set_value(Parameter::SmtpPassword).map(ToOwned::to_owned)
    };
    admin.post(path, &[("p13", "")]).await;
    assert_eq!(password().await.as_deref(), Some("hunter2"));
    admin.post(path, &[("p13", ""), ("p13-clear", "Y")]).await;
    assert_eq!(password().await, None);
}

#[tokio::test]
async fn a_pinned_parameter_says_so_and_refuses() {
    let desk = Desk::telling().await;
    desk.store.pin(Parameter::SmtpHost, "smtp.example.org");
    let admin = Browser::of(&desk, ADMIN).await;
    let page = admin.page("/administration/parameters/14").await;
    assert!(
        page.contains("fijado") && !page.contains("name=\"p14\""),
        "{page}"
    );
    let answer = admin
        .post("/administration/parameters/14", &[("p14", "other.example.org")])
        .await;
    assert_eq!(answer.status.as_u16(), 409);
    let answer = admin
        .post(
            "/administration/accounts/outgoing",
            &[("p14", "other.example.org")],
        )
        .await;
    assert_eq!(answer.status.as_u16(), 409);
}

#[tokio::test]
async fn a_parameter_that_names_no_template_is_stored_with_a_warning() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let answer = admin
        .post("/administration/parameters/417", &[("p417", "99")])
        .await;
    assert_eq!(answer.status.as_u16(), 303);
    let page = admin.page("/administration/parameters/417").await;
    assert!(page.contains("La plantilla no existe"), "{page}");
    assert!(page.contains("<option value=\"99\" selected>"), "{page}");
}

#[tokio::test]
async fn an_account_is_paused_and_resumed() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    admin.post("/administration/outbox/0/pause", &[]).await;
    let page = admin.page("/administration/outbox").await;
    assert!(
        page.contains("En pausa") && page.contains("/administration/outbox/0/release"),
        "{page}"
    );
    admin.post("/administration/outbox/0/release", &[]).await;
    let page = admin.page("/administration/outbox").await;
    assert!(page.contains("/administration/outbox/0/pause"), "{page}");
    let trail = admin.page("/administration/audit?action=channel.paused").await;
    assert!(
        trail.contains("Pausó la cuenta de correo") && trail.contains(ADMIN),
        "{trail}"
    );
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let fields = [("email", "tomas@example.com"), ("label", "inventario")];
    let answer = admin.post("/administration/tokens", &fields).await;
    assert_eq!(answer.status.as_u16(), 200);
    let page = text(&answer);
    let (_, rest) = page.split_once("recado_").expect("the token is shown");
    let token = format!("recado_{}", rest.split('<').next().unwrap());
    let list = admin.page("/administration/tokens").await;
    assert!(list.contains("inventario") && !list.contains(&token));
    assert!(!admin.page("/administration/audit").await.contains(&token));
    let missing = admin
        .post(
            "/administration/tokens",
            &[("email", "no@example.com"), ("label", "x")],
        )
        .await;
    assert_eq!(missing.status.as_u16(), 422);
}

#[tokio::test]
async fn nobody_loses_access_without_being_asked_about() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let path = "/administration/people/ana%40example.com/disable";
    let standing = async || {
        let ana = EmailAddress::parse("ana@example.com").unwrap();
        desk.store.account(&ana).await.unwrap().unwrap().user.standing
    };
    let question = admin.post(path, &[]).await;
    assert_eq!(question.status.as_u16(), 200);
    assert_eq!(value(&text(&question), "sure").as_deref(), Some("Y"));
    assert_eq!(standing().await, Standing::Active);
    assert_eq!(admin.post(path, &[("sure", "Y")]).await.status.as_u16(), 303);
    assert_eq!(standing().await, Standing::Disabled);
    // The last administrator cannot lock themselves out.
    let own = "/administration/people/admin%40example.org/disable";
    let refused = admin.post(own, &[("sure", "Y")]).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(text(&refused).contains("última persona que administra"));
}

#[tokio::test]
async fn a_person_is_added_and_a_mistake_is_shown_at_its_field() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let path = "/administration/people/new";
    let wrong = [
        ("email", "nadie"),
        ("name", "Nadia"),
        ("role", "technician"),
        ("password", "corta"),
    ];
    let answer = admin.post(path, &wrong).await;
    assert_eq!(answer.status.as_u16(), 422);
    let page = text(&answer);
    assert!(
        page.contains("id=\"email-error\"") && page.contains("id=\"password-error\""),
        "{page}"
    );
    assert!(
        page.contains("value=\"Nadia\"") && !page.contains("corta"),
        "{page}"
    );
    let right = [
        ("email", "nadia@example.com"),
        ("name", "Nadia"),
        ("role", "technician"),
        ("password", ""),
    ];
    assert_eq!(admin.post(path, &right).await.status.as_u16(), 303);
    let page = admin.page("/administration/people?q=nadia").await;
    assert!(
        page.contains("nadia@example.com") && !page.contains("ana@example.com</td>"),
        "{page}"
    );
    let again = admin.post(path, &right).await;
    assert_eq!(again.status.as_u16(), 422, "there is one already");
}

#[tokio::test]
async fn a_group_is_put_and_removed() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let wrong = [
        ("email", "redes@example.com"),
        ("name", "Redes"),
        ("members", "tomas@example.com\nno"),
    ];
    let answer = admin.post("/administration/groups", &wrong).await;
    assert_eq!(answer.status.as_u16(), 422);
    assert!(text(&answer).contains("no no es una dirección"));
    let right = [
        ("email", "redes@example.com"),
        ("name", "Redes"),
        ("members", "tomas@example.com"),
    ];
    assert_eq!(
        admin.post("/administration/groups", &right).await.status.as_u16(),
        303
    );
    let path = "/administration/groups/redes%40example.com";
    assert!(admin.page(path).await.contains("tomas@example.com"));
    let person = admin.page("/administration/people/tomas%40example.com").await;
    assert!(person.contains("Redes"), "{person}");
    let remove = format!("{path}/remove");
    assert_eq!(admin.post(&remove, &[]).await.status.as_u16(), 200, "asks");
    assert_eq!(admin.post(&remove, &[("sure", "Y")]).await.status.as_u16(), 303);
    assert_eq!(admin.get(path).await.status.as_u16(), 404);
}

#[tokio::test]
async fn every_change_is_in_the_trail_with_what_it_was() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, ADMIN).await;
    admin
        .post("/administration/parameters/72", &[("p72", "30")])
        .await;
    admin
        .post("/administration/parameters/72", &[("p72", "40")])
        .await;
    let filter = AuditFilter {
        action: Some(Action::ParameterSet),
        ..AuditFilter::default()
    };
    let page = PageRequest::default();
    let entries = Audit::list(&desk.store, &filter, &page).await.unwrap().items;
    assert_eq!(entries[0].before.as_deref(), Some("30"));
    let page = admin.page("/administration/audit?object=72").await;
    assert!(
        page.contains("<del dir=\"auto\">30</del>") && page.contains("<ins dir=\"auto\">40</ins>"),
        "{page}"
    );
    assert!(
        admin
            .page("/administration/audit?object=73")
            .await
            .contains("No hay anotaciones")
    );
}

#[tokio::test]
async fn a_try_stores_first_and_says_what_came_of_it() {
    let desk = Desk::open().await;
    let admin = Browser::of(&desk, ADMIN).await;
    let path = "/administration/accounts/outgoing/test";
    let answer = admin.post(path, &[("p10", "")]).await;
    let page = text(&answer);
    assert!(
        page.contains("No funciona") && page.contains("Compara servidor"),
        "{page}"
    );
    let answer = admin.post(path, &[("p10", "mesa@example.org")]).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(
        text(&answer).contains("Funciona. El servidor dijo:"),
        "{}",
        text(&answer)
    );
    let page = admin.page("/administration/accounts").await;
    assert!(
        page.contains("value=\"mesa@example.org\"") && !page.contains("Funciona"),
        "{page}"
    );
}
