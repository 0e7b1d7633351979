//! The job in the browser: a requester writes, a technician answers, each sees the other's words and what became of the
//! mails. In real Chromium, at a desk, on a phone, and without scripts.

use std::time::{Duration, Instant};

use recado_test_support::servers::Chromium;
use recado_tests::browser::{Browser, Screen, Scripts, Setting};
use recado_tests::desk::{ANA, TOMAS};
use recado_tests::encounter::{Encounter, TICKET, newest_to, write};
use recado_tests::gallery::link_in;
use recado_tests::mail_programs::Received;
use recado_tests::visitor::Visitor;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// What a message's author reads once the server took the mail.
const SENT: &str = "Aceptado por el servidor";

/// Waits until a page shows something: by itself where it has scripts, reloaded by hand where it has none.
async fn shows(browser: &Browser, scripts: Scripts, selector: &str, part: &str) {
    if scripts == Scripts::On {
        return browser.sees(selector, part).await;
    }
    let deadline = Instant::now() + PATIENCE;
    while !browser
        .texts_of(selector)
        .await
        .iter()
        .any(|text| text.contains(part))
    {
        assert!(
            Instant::now() < deadline,
            "no {part:?} in {selector}:\n{}",
            browser.text().await
        );
        browser.reload().await;
    }
}

async fn converse(setting: Setting) {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let Encounter {
        requester,
        technician,
        desk,
        server,
    } = Encounter::arrange(&chromium, setting, "1s").await;

    let question = "La impresora se atasca.\n¿Puede venir alguien?";
    write(&requester, question).await;
    shows(
        &technician,
        setting.scripts,
        "#talk .msg",
        "¿Puede venir alguien?",
    )
    .await;
    shows(&requester, setting.scripts, "#talk .msg .state", SENT).await;
    let mail = newest_to(&server, TOMAS, 2).await;
    assert!(
        Received::read(&mail.raw).subject.contains("4711"),
        "{}",
        mail.text()
    );

    let answer = "Voy en una hora.";
    write(&technician, answer).await;
    shows(&requester, setting.scripts, "#talk .msg", answer).await;
    shows(&technician, setting.scripts, "#talk .msg .state", SENT).await;
    newest_to(&server, ANA, 3).await;
    assert_eq!(server.count(), 3, "a link and a mail for each message");

    for browser in [&requester, &technician] {
        assert_eq!(browser.complaints().await, [""; 0]);
    }
    let comments = desk.api.all(&format!("/tickets/{TICKET}/comments")).await;
    let origins: Vec<&Value> = comments.iter().map(|comment| &comment["origin"]).collect();
    assert_eq!(origins, [&json!("portal"), &json!("desk")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_converse_before_each_others_eyes() {
    converse(Setting::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_converse_without_scripts() {
    converse(Setting {
        scripts: Scripts::Off,
        ..Setting::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_converse_on_their_phones() {
    converse(Setting {
        screen: Screen::Phone,
        ..Setting::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_taken_back_in_time_was_seen_by_nobody_and_owes_no_mail() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    // Longer than the test runs: whatever is not taken back stays with its author.
    let Encounter {
        requester,
        technician,
        desk,
        server,
    } = Encounter::arrange(&chromium, Setting::default(), "5m").await;
    write(&technician, "Esto no debía salir.").await;
    technician.sees("#talk .msg", "Esto no debía salir.").await;
    technician.click("#talk .state form button").await;
    technician
        .wait_until(
            "the message to be gone",
            "return !document.querySelector('#talk').innerText.includes('Esto no debía salir.')",
            vec![],
            PATIENCE,
        )
        .await;
    let deliveries = desk.api.all(&format!("/deliveries?ticket={TICKET}")).await;
    let states: Vec<&Value> = deliveries.iter().map(|delivery| &delivery["state"]).collect();
    assert_eq!(states, [&json!("cancelled")]);

    // What is said afterwards, and not held, reaches the requester's open page; nothing came before it.
    desk.comment(TICKET, "Esto sí.").await;
    requester.sees("#talk .msg", "Esto sí.").await;
    assert_eq!(requester.count("#talk .msg").await, 1);
    newest_to(&server, ANA, 2).await;
    assert_eq!(server.count(), 2, "a link to sign in and one message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_under_hold_is_the_desks_alone_until_its_time_is_up() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let Encounter {
        requester,
        technician,
        desk: _desk,
        server,
    } = Encounter::arrange(&chromium, Setting::default(), "2s").await;
    requester.run(WATCH, vec![json!("Sale en dos segundos.")]).await;
    technician.run(MARK_SENDING, vec![]).await;
    write(&technician, "Sale en dos segundos.").await;
    requester.sees("#talk .msg", "Sale en dos segundos.").await;
    let waited = moment(&requester, "seenAt").await - moment(&technician, "sentAt").await;
    assert!(waited >= 2_000, "seen {waited} ms after it was sent");
    println!("from send to seen, less the hold: {} ms", waited - 2_000);
    newest_to(&server, ANA, 2).await;
}

/// Notes when the form for writing is sent.
const MARK_SENDING: &str = "document.querySelector('#write').addEventListener(\
    'submit', () => { window.sentAt = Date.now() }, { capture: true })";

/// Notes when a text appears in the conversation.
const WATCH: &str = "const wanted = arguments[0]; window.seenAt = 0;\
    new MutationObserver((_, watcher) => {\
        if (document.querySelector('#talk').textContent.includes(wanted)) {\
            window.seenAt = Date.now(); watcher.disconnect();\
        }\
    }).observe(document.querySelector('#talk'), { childList: true, subtree: true, characterData: true })";

/// A noted moment, in milliseconds. Both browsers read one clock.
async fn moment(browser: &Browser, name: &str) -> i64 {
    let at = browser
        .run("return window[arguments[0]]", vec![json!(name)])
        .await;
    at.as_i64().unwrap_or_else(|| panic!("{name} was not noted"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_appears_in_the_other_browser_in_a_moment() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let Encounter {
        requester,
        technician,
        desk: _desk,
        server: _server,
    } = Encounter::arrange(&chromium, Setting::default(), "0s").await;
    for (from, to, way) in [
        (&requester, &technician, "requester to technician"),
        (&technician, &requester, "technician to requester"),
    ] {
        from.run(MARK_SENDING, vec![]).await;
        let mut times = Vec::new();
        for round in 0..10 {
            let text = format!("{way}, {round}.");
            to.run(WATCH, vec![json!(text)]).await;
            write(from, &text).await;
            from.sees("#talk .msg", &text).await;
            to.sees("#talk .msg", &text).await;
            times.push(moment(to, "seenAt").await - moment(from, "sentAt").await);
        }
        times.sort_unstable();
        println!(
            "{way}: median {} ms, slowest {} ms",
            times[times.len() / 2],
            times[times.len() - 1]
        );
        assert!(times.iter().all(|time| (0..20_000).contains(time)), "{times:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_that_follows_the_link_does_not_use_it_up() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let Encounter {
        requester,
        desk,
        server,
        technician: _technician,
    } = Encounter::arrange(&chromium, Setting::default(), "0s").await;
    requester.forget().await;
    requester.ask_for_link(ANA).await;
    let mail = newest_to(&server, ANA, 2).await;
    let link = link_in(&mail, desk.daemon.base(), "/sign-in/").expect("the mail has a link");
    for _ in 0..3 {
        let page = Visitor::new(desk.daemon.base(), "es").get(&link).await;
        assert_eq!(page.status, 200, "{}", page.body);
    }
    requester.goto(&link).await;
    requester.follow("form[action^='/sign-in/'] button").await;
    requester.goto(&format!("/tickets/{TICKET}")).await;
    requester.find("#write").await;

    // It was good for once.
    let mut second = Visitor::new(desk.daemon.base(), "es");
    let page = second.get(&link).await;
    assert!(page.hidden("csrf").is_none(), "{}", page.body);
    let home = second.get("/tickets").await;
    assert!(home.status.is_redirection(), "{}", home.status);
}
