//! Every page, in every language: people who see, hear or move otherwise can use it (axe), its HTML is valid, its policy
//! has no exception, and no word is missing.

use std::fmt::Write as _;

use recado_test_support::servers::{Chromium, PageChecks};
use recado_tests::browser::{Scheme, Screen};
use recado_tests::gallery::Gallery;
use recado_tests::guests::Guests;
use serde_json::Value;

/// What a page's policy is, without exception.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Looks at every page in a language: on a phone and at a desk, light and dark.
async fn look_at_all(language: &str) {
    let (Some(chromium), Some(checks)) = (Chromium::for_this_test(), PageChecks::for_this_test()) else {
        return;
    };
    let gallery = Gallery::set().await;
    let guests = Guests::at(&gallery, &chromium).await;
    let mut faults = String::new();
    for guest in &guests.guests {
        let browser = &guest.browser;
        browser.speak(language).await;
        for stop in &guest.stops {
            for screen in [Screen::Phone, Screen::Desk] {
                browser.show_on(screen).await;
                browser.paint(Scheme::Light).await;
                browser.goto(&stop.path).await;
                let mut note = |what: &str| {
                    writeln!(faults, "{} as {} ({screen:?}): {what}", stop.path, guest.name)
                        .expect("a text takes all that is written");
                };
                let spoken = browser.attribute("html", "lang").await;
                if spoken.as_deref() != Some(language) {
                    note(&format!("it is in {spoken:?}"));
                }
                if browser.is_wider_than_its_screen().await {
                    note("it has to be moved sideways");
                }
                for violation in browser.violations(&checks).await {
                    note(&violation);
                }
                browser.paint(Scheme::Dark).await;
                for violation in browser.contrast_violations(&checks).await {
                    note(&format!("in the dark, {violation}"));
                }
                for complaint in browser.complaints().await {
                    // What is not there is not there.
                    if !complaint.contains("status of 404") {
                        note(&format!("the browser says: {complaint}"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    for line in gallery.desk.daemon.log().lines() {
        assert!(
            !line.contains("there is no such string") && !line.contains("a string lacks an argument"),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody_in_spanish() {
    look_at_all("es").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody_in_portuguese() {
    look_at_all("pt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody_in_english() {
    look_at_all("en").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_valid_html_under_a_policy_without_exception() {
    let (Some(chromium), Some(checks)) = (Chromium::for_this_test(), PageChecks::for_this_test()) else {
        return;
    };
    let gallery = Gallery::set().await;
    let guests = Guests::at(&gallery, &chromium).await;
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let mut count = 0;
    for guest in &guests.guests {
        for language in ["es", "pt", "en"] {
            let mut visitor = guest.visitor.speaking(language);
            for stop in &guest.stops {
                let page = visitor.get(&stop.path).await;
                assert_eq!(page.header("content-security-policy"), POLICY, "{}", stop.path);
                assert_eq!(page.header("x-content-type-options"), "nosniff", "{}", stop.path);
                assert_eq!(page.header("cache-control"), "no-store", "{}", stop.path);
                for word in [" style=\"", "<style", " onclick=\"", "\"javascript:"] {
                    assert!(!page.body.contains(word), "{} holds {word}", stop.path);
                }
                let file = format!("{}-{}-{language}.html", guest.name, stop.name);
                std::fs::write(folder.path().join(file), &page.body).expect("the folder can be written");
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count} pages are not all");
    let report = checks.validate(folder.path()).expect("html-validate runs");
    let report: Value = serde_json::from_str(&report).expect("its report is JSON");
    let mut faults = String::new();
    for file in report.as_array().expect("a list of files") {
        for message in file["messages"].as_array().into_iter().flatten() {
            writeln!(
                faults,
                "{}:{}:{}: {} ({})",
                file["filePath"].as_str().unwrap_or_default(),
                message["line"],
                message["column"],
                message["message"].as_str().unwrap_or_default(),
                message["ruleId"].as_str().unwrap_or_default(),
            )
            .expect("a text takes all that is written");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}
