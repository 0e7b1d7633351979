//! What a round left: comments and mails, compared with what was sent in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use recado_test_support::smtp_server::{ReceivedMail, SmtpServer};
use recado_tests::api::Api;
use serde_json::Value;

const DRAIN: Duration = Duration::from_secs(30);

/// Whether a kill at a point can lead to a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// No: the one worker is not between dot and settlement.
    Shut,
    /// Yes: it is.
    Open,
    /// The point is in accepting; the worker may be anywhere.
    Elsewhere,
}

/// What the rounds at one point left.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) rounds: usize,
    pub(crate) acknowledged: usize,
    pub(crate) lost_comments: usize,
    pub(crate) doubled_comments: usize,
    lost_mails: usize,
    copies: usize,
    copies_outside: usize,
    unlike_copies: usize,
    pub(crate) not_reached: usize,
}

impl Tally {
    /// The heads of the columns.
    pub(crate) fn print_heads() {
        println!(
            "{:<9} {:<9} {:<24} {:>6} {:>6} {:>6} {:>8} {:>6} {:>7} {:>8} {:>7}",
            "database",
            "way",
            "killed at",
            "rounds",
            "acked",
            "lost",
            "doubled",
            "mails",
            "copies",
            "outside",
            "unlike"
        );
    }

    /// One line.
    pub(crate) fn print(&self, database: &str, way: &str, point: &str) {
        let not_reached = if self.not_reached > 0 {
            format!("  NOT REACHED in {}", self.not_reached)
        } else {
            String::new()
        };
        println!(
            "{database:<9} {way:<9} {point:<24} {:>6} {:>6} {:>6} {:>8} {:>6} {:>7} {:>8} {:>7}{not_reached}",
            self.rounds,
            self.acknowledged,
            self.lost_comments,
            self.doubled_comments,
            self.lost_mails,
            self.copies,
            self.copies_outside,
            self.unlike_copies,
        );
    }

    /// Whether a promise was broken, or a point was not reached.
    pub(crate) fn has_failed(&self) -> bool {
        self.lost_comments
            + self.doubled_comments
            + self.lost_mails
            + self.copies_outside
            + self.unlike_copies
            + self.not_reached
            > 0
    }
}

/// Waits until no mail is on its way.
pub(crate) async fn drain(api: &Api) {
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

/// Counts what became of a round's texts, each of which must be one comment with one mail.
pub(crate) async fn count(
    api: &Api,
    server: &SmtpServer,
    tickets: &BTreeSet<String>,
    texts: &[String],
    window: Window,
    tally: &mut Tally,
) {
    let mut comments = Vec::new();
    for ticket in tickets {
        comments.extend(api.all(&format!("/tickets/{ticket}/comments")).await);
    }
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
