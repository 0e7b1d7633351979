//! Comments that are posted while the daemon dies: on its way into the database, and their mails' way out.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use recado_test_support::smtp_server::SmtpServer;
use recado_tests::api::Api;
use recado_tests::daemon::{Installation, Store};
use reqwest::Method;
use serde_json::{Value, json};

use crate::tally::{Tally, Window, count, drain};

/// Where the daemon dies, and whether copies of a mail are possible there: the server took it, and our process ended
/// before that was written down.
pub(crate) const POINTS: &[(&str, Window)] = &[
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

/// Comments that a round posts at once.
const COMMENTS: usize = 6;

/// One worker, so that a point says where all of delivery stands; short leases and delays, so that rounds are short.
pub(crate) const SECTIONS: &str = "[mail]\nconnections = 1\n\
    [delivery]\nlease = \"1500ms\"\nschedule = [\"100ms\"]\nbatch = 4\n";

/// Kills the daemon at the point, round after round.
pub(crate) async fn rounds(store: &Store, point: &str, window: Window, runs: usize) -> Tally {
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
        count(&api, &server, "4711", &texts, window, &mut tally).await;
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
