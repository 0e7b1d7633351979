//! The browser of the tests of pages is set as they ask, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test server fails the test by panicking")]

use std::path::Path;

use recado_test_support::servers::{Chromium, PageChecks};
use recado_tests::browser::{Browser, Scheme, Screen, Scripts, Setting};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Tells what the browser is.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>A page</title>\
    <meta name=\"viewport\" content=\"width=device-width\"><style>p { height: 3000px }</style><p id=\"said\">still</p>\
    <img src=\"none.png\"><script>document.getElementById('said').textContent = 'moved'</script></html>";

/// Serves [`PAGE`] at every path, titled with the languages that were asked for; gives where.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
                let language = request
                    .lines()
                    .find_map(|line| line.strip_prefix("accept-language: "))
                    .unwrap_or("none");
                let page = PAGE.replace("A page", language);
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                    page.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    base
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_set_as_its_owner_wants_it() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let base = serve().await;
    let phone = Setting {
        language: "pt",
        screen: Screen::Phone,
        scheme: Scheme::Dark,
        scripts: Scripts::On,
    };
    let browser = Browser::open(&chromium, &base, phone).await;
    browser.goto("/a?b=c").await;
    assert_eq!(browser.path().await, "/a?b=c");
    assert!(browser.title().await.starts_with("pt"));
    browser.sees("#said", "moved").await;
    let looks = "return [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches, \
                 matchMedia('(pointer: coarse)').matches]";
    assert_eq!(browser.run(looks, vec![]).await, json!([390, 844, true, true]));
    let picture = browser.picture(2000).await;
    assert!(picture.starts_with(b"\x89PNG"));
    let dimension = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((dimension(16), dimension(20)), (390, 2000));

    browser.show_on(Screen::Desk).await;
    browser.paint(Scheme::Light).await;
    browser.speak("en").await;
    browser.reload().await;
    assert!(browser.title().await.starts_with("en"));
    assert_eq!(browser.run(looks, vec![]).await, json!([1280, 800, false, false]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_without_scripts_runs_none_of_the_page() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let base = serve().await;
    let without = Setting {
        scripts: Scripts::Off,
        ..Setting::default()
    };
    let browser = Browser::open(&chromium, &base, without).await;
    browser.goto("/").await;
    assert_eq!(browser.text_of("#said").await, "still");
}

#[test]
fn a_browser_ends_with_its_test_and_leaves_no_profile() {
    let Some(chromium) = Chromium::for_this_test() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (process, profile) = runtime.block_on(async {
        let browser = Browser::open(&chromium, "http://127.0.0.1:1", Setting::default()).await;
        let capabilities = browser.capabilities();
        (
            capabilities["goog:processID"].as_u64().unwrap(),
            capabilities["chrome"]["userDataDir"].as_str().unwrap().to_owned(),
        )
    });
    assert!(Path::new(&profile).is_dir());
    drop(chromium);
    assert!(!Path::new(&profile).exists());
    // A zombie that nobody waits for has no command line.
    let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&command), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_checks_find_what_is_wrong_with_a_page() {
    let (Some(chromium), Some(checks)) = (Chromium::for_this_test(), PageChecks::for_this_test()) else {
        return;
    };
    let base = serve().await;
    let browser = Browser::open(&chromium, &base, Setting::default()).await;
    browser.goto("/").await;
    let violations = browser.violations(&checks).await;
    assert!(
        violations
            .iter()
            .any(|violation| violation.starts_with("image-alt")),
        "{violations:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.html"),
        "<!doctype html><html><p></div></html>",
    )
    .unwrap();
    let report = checks.validate(folder.path()).unwrap();
    assert!(
        report.contains("close-order") && report.contains("a.html"),
        "{report}"
    );
}
