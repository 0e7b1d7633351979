//! From an empty database to the first delivered mail, in the browser alone: the daemon prints one link, and the pages
//! lead on from there.

use std::time::Duration;

use recado_test_support::servers::Chromium;
use recado_test_support::smtp_server::SmtpServer;
use recado_tests::browser::{Browser, Scripts, Setting};
use recado_tests::daemon::{Installation, Store};
use recado_tests::visitor::Visitor;

const PATIENCE: Duration = Duration::from_secs(30);

/// The step that is to be taken now.
const NOW: &str = ".steps li[aria-current=step]";

async fn set_up(setting: Setting) {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let server = SmtpServer::builder().login("mesa", "secreta").start().await;
    let installation = Installation::new(&Store::Sqlite, "");
    let daemon = installation.serve();
    let browser = Browser::open(&chromium, daemon.base(), setting).await;

    let link = daemon.setup_path();
    browser.goto(&link).await;
    browser.fill("input[name=name]", "Irene Soto").await;
    browser.fill("input[name=email]", "irene@desk.test").await;
    browser.fill("input[name=password]", "una contraseña larga").await;
    browser.follow("main form button.first").await;
    // The link is of no more use, to anybody.
    let again = Visitor::new(daemon.base(), "es").get(&link).await;
    assert_eq!(again.status, 404, "{}", again.body);

    // The account: a wrong password first, and the page says what the server said.
    browser.goto("/administration").await;
    browser.follow(&format!("{NOW} a.button")).await;
    for (number, value) in [
        ("10", "mesa@desk.test"),
        ("14", "127.0.0.1"),
        ("269", &server.port().to_string()),
        ("12", "mesa"),
        ("13", "otra"),
    ] {
        browser.fill(&outgoing(&format!("[name=p{number}]")), value).await;
    }
    browser.choose(&outgoing("select[name=p11]"), "Y").await;
    browser.follow(&outgoing("button.first")).await;
    browser.sees("#outgoing", "535").await;
    browser.fill(&outgoing("[name=p13]"), "secreta").await;
    browser.follow(&outgoing("button.first")).await;
    browser
        .find("#outgoing .notice.well, #outgoing .notice.good")
        .await;

    // A test mail, a template, 417, and a mail made from it; each step is offered when the one before it is done.
    browser.goto("/administration").await;
    browser.follow(&format!("{NOW} button.first")).await;
    has_left(&browser, setting).await;
    browser.goto("/administration").await;
    browser
        .follow(&format!("{NOW} button[name=language][value=es]"))
        .await;
    browser.goto("/administration").await;
    browser
        .follow(&format!("{NOW} form[action$='switch-on'] button"))
        .await;
    browser.goto("/administration").await;
    browser.follow(&format!("{NOW} button.first")).await;
    has_left(&browser, setting).await;
    let mails = server.wait_for(2).await;
    assert!(mails.iter().all(|mail| mail.to == "irene@desk.test"));

    // All is done: the same page is now the one that watches over it.
    browser.goto("/administration").await;
    assert_eq!(browser.count(".steps").await, 0, "{}", browser.text().await);
    assert_eq!(browser.complaints().await, [""; 0]);
}

fn outgoing(element: &str) -> String {
    format!("form[action='/administration/accounts/outgoing'] {element}")
}

/// Waits until the page says that the mail has left.
async fn has_left(browser: &Browser, setting: Setting) {
    let sent = "document.querySelector('#watch[data-final=true].good') !== null";
    if setting.scripts == Scripts::On {
        return browser
            .wait_until("the mail to leave", &format!("return {sent}"), vec![], PATIENCE)
            .await;
    }
    let deadline = std::time::Instant::now() + PATIENCE;
    while browser.run(&format!("return {sent}"), vec![]).await != true {
        assert!(std::time::Instant::now() < deadline, "{}", browser.text().await);
        browser.reload().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_gets_to_the_first_mail_in_the_browser_alone() {
    set_up(Setting::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_gets_to_the_first_mail_without_scripts() {
    set_up(Setting {
        scripts: Scripts::Off,
        ..Setting::default()
    })
    .await;
}
