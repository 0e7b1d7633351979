//! Comments that are posted while the daemon dies: on its way into the database, and their mails' way out.

use std::collections::BTreeSet;
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

/// The points of delivery once more, with mails that leave on one another's heels: while one is answered, the next one is
/// announced, and up to its fence the one before is not yet marked.
pub(crate) const POINTS_IN_A_ROW: &[(&str, Window)] = &[
    ("deliver.before_fence", Window::Open),
    ("fence.before_commit", Window::Open),
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

/// On how many tickets comments are posted: the mails about one leave one by one, each after the last one's mark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tickets {
    One,
    Many,
}

impl Tickets {
    /// The ticket of a round's comment.
    fn of_comment(self, comment: usize) -> String {
        match self {
            Self::One => "4711".to_owned(),
            Self::Many => (4711 + comment).to_string(),
        }
    }
}

/// Comments that a round posts at once.
const COMMENTS: usize = 6;

/// One worker, so that a point says where all of delivery stands; short leases and delays, so that rounds are short.
pub(crate) const SECTIONS: &str = "[mail]\nconnections = 1\n\
    [delivery]\nlease = \"1500ms\"\nschedule = [\"100ms\"]\nbatch = 4\n";

/// Kills the daemon at the point, round after round.
pub(crate) async fn rounds(
    store: &Store,
    tickets: Tickets,
    point: &str,
    window: Window,
    runs: usize,
) -> Tally {
    let numbers: BTreeSet<_> = (0..COMMENTS).map(|n| tickets.of_comment(n)).collect();
    let server = SmtpServer::start().await;
    let mut installation = Installation::new(store, SECTIONS);
    let token = installation.administrator();
    let mut tally = Tally::default();
    for round in 0..runs {
        if round == 0 {
            let daemon = installation.serve();
            let api = daemon.api(&token);
            api.configure(server.port()).await;
            for number in &numbers {
                api.ticket(number).await;
            }
            daemon.stop();
        }
        // The pass at which it dies moves through the round's work. Comments at once may share a pass.
        let before = round % COMMENTS;
        installation.set("RECADO_FAILPOINTS", &format!("{point}=kill@{}", before + 1));
        let texts: Vec<String> = (0..COMMENTS)
            .map(|n| format!("round {round} comment {n}"))
            .collect();
        let mut daemon = installation.serve();
        let posted = post(&daemon.api(&token), tickets, &texts, before).await;
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
        let repeated = post(&api, tickets, &texts, 0).await;
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
        count(&api, &server, &numbers, &texts, window, &mut tally).await;
        server.forget();
        assert!(
            daemon.stop().success(),
            "a daemon that is asked to stop exits with 0"
        );
    }
    tally
}

/// Posts every text under a key of its own, the first few one after another and the rest at once; `None` where no answer
/// came.
async fn post(api: &Api, tickets: Tickets, texts: &[String], one_by_one: usize) -> Vec<Option<Value>> {
    let mut answers = Vec::new();
    let mut tasks = Vec::new();
    for (comment, text) in texts.iter().cloned().enumerate() {
        let post = post_one(api.clone(), tickets.of_comment(comment), text);
        if comment < one_by_one {
            answers.push(post.await);
        } else {
            tasks.push(tokio::spawn(post));
        }
    }
    for task in tasks {
        answers.push(task.await.expect("posting does not panic"));
    }
    answers
}

async fn post_one(api: Api, ticket: String, text: String) -> Option<Value> {
    let author = json!({ "name": "Ana Peña", "email": "ana@example.com" });
    let body = json!({ "text": text, "author": author });
    let path = format!("/tickets/{ticket}/comments");
    let answer = api
        .try_send(Method::POST, &path, Some(&body), Some(&text.replace(' ', "-")))
        .await?;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    Some(answer.body)
}
