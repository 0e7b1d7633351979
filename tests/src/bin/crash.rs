//! The crash harness: kills the real daemon at a named point, again and again, and counts what is left.
//!
//! Each round posts comments while the daemon dies at the point, starts it again, repeats what was not acknowledged
//! under the same idempotency keys, waits for the queue to drain, and then compares three lists: what was
//! acknowledged, what the API shows, and what the scripted mail server took.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;
use std::time::Duration;

use recado_test_support::smtp_server::{ReceivedMail, SmtpServer};
use recado_tests::api::Api;
use recado_tests::daemon::{Installation, Store};
use recado_tests::servers::Postgres;
use reqwest::Method;
use serde_json::{Value, json};

/// Where the daemon dies, and whether copies of a mail are possible there: the server took it, and our process ended
/// before that was written down.
const POINTS: &[(&str, Window)] = &[
    ("accept.received", Window::Elsewhere),
    ("accept.before_commit", Window::Elsewhere),
    ("accept.after_commit", Window::Elsewhere),
    ("accept.before_answer", Window::Elsewhere),
    ("deliver.claimed", Window::Shut),
    ("smtp.before_mail_from", Window::Shut),
    ("deliver.before_fence", Window::Shut),
    ("fence.before_commit", Window::Shut),
    ("deliver.after_fence", Window::Shut),
    ("smtp.before_dot", Window::Shut),
    ("smtp.after_dot", Window::Open),
    ("smtp.reply_read", Window::Open),
    ("deliver.answered", Window::Open),
    ("deliver.before_settle", Window::Open),
    ("settle.before_commit", Window::Open),
    ("settle.after_commit", Window::Shut),
    ("deliver.settled", Window::Shut),
];

/// Whether a kill at a point can lead to a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Window {
    /// No: the one worker is not between dot and settlement.
    Shut,
    /// Yes: it is.
    Open,
    /// The point is in accepting; the worker may be anywhere.
    Elsewhere,
}

/// Comments that a round posts at once.
const COMMENTS: usize = 6;

/// One worker, so that a point says where all of delivery stands; short leases and delays, so that rounds are short.
const SECTIONS: &str = "[mail]\nconnections = 1\n\
    [delivery]\nlease = \"1500ms\"\nschedule = [\"100ms\"]\nbatch = 4\n";

const DRAIN: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Tally {
    rounds: usize,
    acknowledged: usize,
    lost_comments: usize,
    doubled_comments: usize,
    lost_mails: usize,
    copies: usize,
    copies_outside: usize,
    unlike_copies: usize,
    not_reached: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut runs = 1;
    let mut only = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--runs", Some(number)) => runs = number.parse().expect("--runs takes a number"),
            ("--point", Some(name)) => only = Some(name),
            _ => {
                eprintln!("usage: crash [--runs N] [--point NAME]");
                return ExitCode::from(2);
            }
        }
    }
    let mut stores = vec![("sqlite", None)];
    match Postgres::for_this_test() {
        Some(postgres) => stores.push(("postgres", Some(postgres))),
        None => println!("postgres is not installed: its rounds are skipped"),
    }
    let mut failed = false;
    println!(
        "{:<9} {:<24} {:>6} {:>6} {:>6} {:>8} {:>6} {:>7} {:>8} {:>7}",
        "database", "killed at", "rounds", "acked", "lost", "doubled", "mails", "copies", "outside", "unlike"
    );
    for (name, postgres) in &stores {
        for (point, window) in POINTS
            .iter()
            .filter(|(point, _)| only.as_deref().is_none_or(|only| only == *point))
        {
            let store = match postgres {
                None => Store::Sqlite,
                Some(postgres) => {
                    Store::Postgres(postgres.database(&format!("crash_{}", point.replace('.', "_"))))
                }
            };
            let tally = rounds(&store, point, *window, runs).await;
            println!(
                "{name:<9} {point:<24} {:>6} {:>6} {:>6} {:>8} {:>6} {:>7} {:>8} {:>7}{}",
                tally.rounds,
                tally.acknowledged,
                tally.lost_comments,
                tally.doubled_comments,
                tally.lost_mails,
                tally.copies,
                tally.copies_outside,
                tally.unlike_copies,
                if tally.not_reached > 0 {
                    format!("  NOT REACHED in {}", tally.not_reached)
                } else {
                    String::new()
                },
            );
            failed |= tally.lost_comments
                + tally.doubled_comments
                + tally.lost_mails
                + tally.copies_outside
                + tally.unlike_copies
                + tally.not_reached
                > 0;
        }
    }
    println!(
        "lost, doubled: comments; mails: lost mails; outside: copies outside the window; unlike: copies that differ"
    );
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn rounds(store: &Store, point: &str, window: Window, runs: usize) -> Tally {
    let server = SmtpServer::start().await;
    let mut installation = Installation::new(store, SECTIONS);
    let token = installation.administrator();
    let mut tally = Tally::default();
    for round in 0..runs {
        if round == 0 {
            let daemon = installation.serve();
            let api = daemon.api(&token);
            api.configure(server.port()).await;
            api.ticket("4711").await;
            daemon.stop();
        }
        // The pass at which it dies moves through the round's work.
        installation.set(
            "RECADO_FAILPOINTS",
            &format!("{point}=kill@{}", 1 + round % COMMENTS),
        );
        let texts: Vec<String> = (0..COMMENTS)
            .map(|n| format!("round {round} comment {n}"))
            .collect();
        let mut daemon = installation.serve();
        let posted = post(&daemon.api(&token), &texts).await;
        match daemon.wait_within(Duration::from_secs(15)) {
            Some(status) if status.signal() == Some(9) => {}
            other => {
                eprintln!("{point}, round {round}: {other:?}\n{}", daemon.log());
                tally.not_reached += 1;
            }
        }
        drop(daemon);
        installation.unset("RECADO_FAILPOINTS");
        let daemon = installation.serve();
        let api = daemon.api(&token);
        let repeated = post(&api, &texts).await;
        for (first, again) in posted.iter().zip(&repeated) {
            let again = again.as_ref().expect("the daemon that is not killed answers");
            // An acknowledged comment is the same one when its key is used again.
            if first.as_ref().is_some_and(|first| first != again) {
                tally.doubled_comments += 1;
            }
        }
        tally.rounds += 1;
        tally.acknowledged += posted.iter().flatten().count();
        drain(&api).await;
        judge(&api, &server, &texts, window, &mut tally).await;
        server.forget();
        assert!(
            daemon.stop().success(),
            "a daemon that is asked to stop exits with 0"
        );
    }
    tally
}

/// Posts every text under a key of its own, at once; `None` where no answer came.
async fn post(api: &Api, texts: &[String]) -> Vec<Option<Value>> {
    let tasks: Vec<_> = texts
        .iter()
        .cloned()
        .map(|text| {
            let api = api.clone();
            tokio::spawn(async move {
                let author = json!({ "name": "Ana Peña", "email": "ana@example.com" });
                let body = json!({ "text": text, "author": author });
                let path = "/tickets/4711/comments";
                let answer = api
                    .try_send(Method::POST, path, Some(&body), Some(&text.replace(' ', "-")))
                    .await?;
                assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
                Some(answer.body)
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("posting does not panic"));
    }
    answers
}

/// Waits until no mail is on its way.
async fn drain(api: &Api) {
    let ended =
        |delivery: &Value| ["sent", "dead", "cancelled"].contains(&delivery["state"].as_str().unwrap_or(""));
    let wait = async {
        for state in ["ready", "leased", "sending", "retry", "unsure"] {
            for delivery in api.all(&format!("/deliveries?state={state}")).await {
                let id = delivery["id"].as_str().expect("a delivery has an id");
                api.wait_until(&format!("/deliveries/{id}"), ended).await;
            }
        }
    };
    tokio::time::timeout(DRAIN, wait).await.expect("the queue drains");
}

async fn judge(api: &Api, server: &SmtpServer, texts: &[String], window: Window, tally: &mut Tally) {
    let comments = api.all("/tickets/4711/comments").await;
    let mut copies: HashMap<String, Vec<ReceivedMail>> = HashMap::new();
    for mail in server.mails() {
        copies.entry(mail.message_id.clone()).or_default().push(mail);
    }
    let mut by_text: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for comment in &comments {
        by_text
            .entry(comment["text"].as_str().expect("a comment has a text"))
            .or_default()
            .push(comment);
    }
    for text in texts {
        let found = by_text.get(text.as_str()).map_or(&[] as &[_], Vec::as_slice);
        match found {
            [] => tally.lost_comments += 1,
            [_] => {}
            _ => tally.doubled_comments += 1,
        }
        for comment in found {
            let deliveries = comment["deliveries"]
                .as_array()
                .expect("a comment lists its deliveries");
            if deliveries.len() != 1 {
                tally.lost_mails += 1;
            }
            for delivery in deliveries {
                let id = delivery["id"].as_str().expect("a delivery has an id");
                let delivery = api.get(&format!("/deliveries/{id}")).await;
                let message_id = delivery["message_id"]
                    .as_str()
                    .expect("a delivery has a Message-ID");
                let mails = copies
                    .remove(message_id.trim_matches(['<', '>']))
                    .unwrap_or_default();
                if mails.is_empty() || delivery["state"] != "sent" {
                    tally.lost_mails += 1;
                }
                let extra = mails.len().saturating_sub(1);
                tally.copies += extra;
                if window == Window::Shut || extra > 1 {
                    tally.copies_outside += extra;
                }
                if mails.iter().any(|mail| mail.raw != mails[0].raw) {
                    tally.unlike_copies += 1;
                }
            }
        }
    }
}
