//! Who sees what, and what it costs: other people's tickets are not there, long ones open as quickly as short ones, and
//! hundreds of open pages are cheap.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use recado_tests::daemon::{Installation, Store};
use recado_tests::desk::{ANA, Desk, TOMAS};
use recado_tests::gallery::{PASSWORD, person};
use recado_tests::visitor::Visitor;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const EVA: &str = "eva@elsewhere.test";

/// A desk whose people have passwords.
fn desk() -> Desk {
    let installation = Installation::new(&Store::Sqlite, "[desk]\nname = \"Mesa\"\n");
    person(&installation, ANA, "Ana Peña", "requester");
    person(&installation, EVA, "Eva Ruiz", "requester");
    person(&installation, TOMAS, "Tomás Técnico", "technician");
    Desk::start_in(installation)
}

/// Somebody, signed in by password.
async fn signed_in(desk: &Desk, email: &str) -> Visitor {
    let mut visitor = Visitor::new(desk.daemon.base(), "es");
    let fields = [("email", email), ("password", PASSWORD), ("way", "password")];
    let answer = visitor.send("/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    visitor
}

fn text(value: &Value) -> &str {
    value.as_str().expect("an id is a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_ticket_is_not_there() {
    let desk = desk();
    desk.ticket("4711").await;
    let comment = json!({
        "text": "Con un archivo.", "author": { "name": "Ana Peña", "email": ANA },
        "attachments": [{ "name": "a.txt", "content_type": "text/plain", "data": BASE64_STANDARD.encode("secreto") }],
    });
    let comment = desk.api.post("/tickets/4711/comments", comment).await;
    let note = json!({ "text": "Solo la mesa.", "author": { "name": "Tomás", "email": TOMAS },
                       "visibility": "internal" });
    let note = desk.api.post("/tickets/4711/comments", note).await;
    let message = format!("/tickets/4711/comments/{}", text(&comment["id"]));
    let file = format!("{message}/files/{}", text(&comment["attachments"][0]["id"]));
    let internal = format!("/tickets/4711/comments/{}", text(&note["id"]));

    let mut ana = signed_in(&desk, ANA).await;
    for path in ["/tickets/4711", &message, &file] {
        assert_eq!(ana.get(path).await.status, 200, "{path}");
    }
    assert_eq!(ana.get(&file).await.body, "secreto");
    let streams = ana.request(Method::GET, "/events?ticket=4711").send().await;
    assert_eq!(streams.expect("the daemon answers").status(), 200);
    // What is the desk's is not hers.
    for path in [
        &internal,
        "/desk",
        "/desk/4711",
        "/desk/quarantine",
        "/administration",
    ] {
        assert_eq!(ana.get(path).await.status, 404, "{path}");
    }

    let mut eva = signed_in(&desk, EVA).await;
    let mut unknown = Vec::new();
    for number in ["4711", "nothing"] {
        let page = eva.get(&format!("/tickets/{number}")).await;
        assert_eq!(page.status, 404);
        unknown.push(page.body);
    }
    assert_eq!(unknown[0], unknown[1], "both are the same to her");
    for path in [&message, &file, &internal, "/events?ticket=4711"] {
        assert_eq!(eva.get(path).await.status, 404, "{path}");
    }
    let message_of_hers = eva
        .upload("/settings", "/tickets/4711/messages", &[("text", "Hola")])
        .await;
    assert_eq!(message_of_hers.status, 404, "{}", message_of_hers.body);
    for action in ["mute", "unmute"] {
        let path = format!("/tickets/4711/{action}");
        let answer = eva.send("/settings", &path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let withdraw = format!("{message}/withdraw");
    assert_eq!(eva.send("/settings", &withdraw, &[]).await.status, 404);
    assert_eq!(desk.api.all("/tickets/4711/comments").await.len(), 2);

    let mut nobody = Visitor::new(desk.daemon.base(), "es");
    for path in ["/tickets/4711", &message, &file] {
        let page = nobody.get(path).await;
        assert!(
            page.status.is_redirection() || page.status == 401,
            "{path}: {}",
            page.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_with_thousands_of_messages_opens_as_quickly_as_one_with_fifty() {
    let desk = desk();
    for (ticket, count) in [("short", 50), ("long", 5_000)] {
        desk.ticket(ticket).await;
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..25 {
            let api = desk.api.clone();
            writers.spawn(async move {
                for number in (writer..count).step_by(25) {
                    let comment = json!({ "text": format!("Mensaje {number}\ncon dos líneas."),
                                          "author": { "name": "Ana Peña", "email": ANA } });
                    api.post(&format!("/tickets/{ticket}/comments"), comment).await;
                }
            });
        }
        writers.join_all().await;
    }
    let mut ana = signed_in(&desk, ANA).await;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..21 {
        for (ticket, times) in ["/tickets/short", "/tickets/long"].into_iter().zip(&mut times) {
            let start = Instant::now();
            let page = ana.get(ticket).await;
            times.push(start.elapsed());
            assert_eq!(page.body.matches("<article").count(), 50);
        }
    }
    let [short, long] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    println!("50 messages: {short:?}; 5,000: {long:?}");
    assert!(long < short * 2, "50 messages: {short:?}; 5,000: {long:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_open_pages_are_cheap() {
    let desk = desk();
    desk.ticket("4711").await;
    let ana = signed_in(&desk, ANA).await;
    let open = async || {
        let request = ana.request(Method::GET, "/events?ticket=4711");
        // The client's limit on a whole answer would end them.
        let stream = request
            .timeout(Duration::from_mins(3))
            .send()
            .await
            .expect("the daemon answers");
        assert_eq!(stream.status(), 200);
        stream
    };
    // What the first ones cost belongs to the daemon.
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(open().await);
    }
    let before = memory(desk.daemon.pid());
    for _ in 0..500 {
        streams.push(open().await);
    }
    // Each is followed: all hear of a message.
    desk.comment("4711", "Para todas las páginas.").await;
    for stream in &mut streams {
        let mut heard = Vec::new();
        while !String::from_utf8_lossy(&heard).contains("comment.created") {
            let chunk = stream.chunk().await.expect("the stream goes on");
            heard.extend_from_slice(&chunk.expect("the stream goes on"));
        }
    }
    let growth = memory(desk.daemon.pid()).saturating_sub(before);
    println!("500 streams: {} KiB", growth / 1024);
    assert!(growth < 50 * 1024 * 1024, "500 streams took {growth} bytes");
}

/// The memory that a process holds, in bytes.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse::<u64>().ok())
        .expect("a number of kB")
        * 1024
}
