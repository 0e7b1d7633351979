//! A service desk that takes mail: the daemon with people around it, and how a test meets what it took in.

use std::time::Duration;

use recado_test_support::servers::Dovecot;
use serde_json::{Value, json};

use crate::api::{Api, TEMPLATE};
use crate::daemon::{Daemon, Installation, Store};
use crate::mail_client;
use crate::mail_programs::{Answer, Person};

/// The desk's address: parameter 10.
pub const DESK: &str = "desk@desk.test";
/// The technician.
pub const TOMAS: &str = "tomas@desk.test";
/// The requester.
pub const ANA: &str = "ana@customer.test";
/// Another address of the requester's.
pub const ANA_ELSEWHERE: &str = "ana.pena@customer.test";
/// Somebody of the requester's house.
pub const ASSISTANT: &str = "asistente@customer.test";
/// Somebody of another house.
pub const EVA: &str = "eva@elsewhere.test";

/// The server whose `Authentication-Results` count.
pub const AUTHENTICATION_SERVER: &str = "mx.desk.test";

/// How long a mail may take through real servers.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// `[inbound]` with LMTP on a port of the system's choice.
pub const LMTP: &str = "[inbound]\nlmtp = \"127.0.0.1:0\"\nauthentication_servers = [\"mx.desk.test\"]\n";

/// The running daemon with its data, and a client with an administrator's token.
pub struct Desk {
    /// Its client.
    pub api: Api,
    /// The process; stopped before its data are removed.
    pub daemon: Daemon,
    /// Its configuration and data.
    pub installation: Installation,
    token: String,
}

impl Desk {
    /// Starts a daemon on SQLite. `sections` is TOML, [`LMTP`] for instance.
    pub fn start(sections: &str) -> Self {
        Self::start_in(Installation::new(&Store::Sqlite, sections))
    }

    /// Starts a daemon.
    pub fn start_in(installation: Installation) -> Self {
        let token = installation.administrator();
        Self::serve(installation, token)
    }

    fn serve(installation: Installation, token: String) -> Self {
        let daemon = installation.serve();
        let api = daemon.api(&token);
        Self {
            api,
            daemon,
            installation,
            token,
        }
    }

    /// Kills the daemon as a crash would, lets something happen, and starts it again.
    #[must_use]
    pub fn crash(self, meanwhile: impl FnOnce()) -> Self {
        let Self {
            daemon,
            installation,
            token,
            ..
        } = self;
        daemon.kill();
        meanwhile();
        Self::serve(installation, token)
    }

    /// Configures the way out, with the desk's address and a template of all six keys.
    pub async fn sends_through(&self, smtp_port: u16) {
        self.sends_as(DESK, smtp_port).await;
    }

    /// As [`sends_through`](Self::sends_through), with another address.
    pub async fn sends_as(&self, address: &str, smtp_port: u16) {
        let template = json!({
            "name": "Mensaje",
            "subject": "Mensaje de ${USERNAME} sobre su petición",
            "html": TEMPLATE,
            "active": true,
        });
        self.api.put("/templates/1", template).await;
        self.api.set(10, address).await;
        self.api.set(14, "127.0.0.1").await;
        self.api.set(269, &smtp_port.to_string()).await;
        self.api.set(417, "1").await;
    }

    /// Configures the mailbox that is read.
    pub async fn reads(&self, server: &Dovecot, user: &str, protocol: Protocol) {
        use recado_test_support::servers::dovecot::PASSWORD;
        let (name, port) = match protocol {
            Protocol::Imap => ("imap", server.imap().port()),
            Protocol::Imaps => ("imaps", server.imaps().port()),
        };
        self.api.set(23, "127.0.0.1").await;
        self.api.set(24, user).await;
        self.api.set(25, PASSWORD).await;
        self.api.set(26, name).await;
        self.api.set(27, &port.to_string()).await;
        self.api.set(200, "Y").await;
    }

    /// Puts a ticket of Ana's with Tomás.
    pub async fn ticket(&self, number: &str) -> Value {
        self.ticket_of(number, &ana()).await
    }

    /// Puts a ticket of somebody's with Tomás.
    pub async fn ticket_of(&self, number: &str, requester: &Person) -> Value {
        let ticket = json!({
            "title": "Impresora atascada",
            "requester": { "name": requester.name, "email": requester.email },
            "responsible": { "name": tomas().name, "email": TOMAS },
            "status": "open",
        });
        self.api.put(&format!("/tickets/{number}"), ticket).await
    }

    /// Posts a comment of Tomás's by the API, which owes the requester a mail.
    pub async fn comment(&self, number: &str, text: &str) -> Value {
        let body = json!({ "text": text, "author": { "name": tomas().name, "email": TOMAS } });
        self.api.post(&format!("/tickets/{number}/comments"), body).await
    }

    /// Hands an answer over by LMTP, to its own recipients.
    ///
    /// # Panics
    /// The daemon refuses it.
    pub fn take(&self, answer: &Answer) {
        let recipients: Vec<&str> = answer.to.iter().map(String::as_str).collect();
        self.take_raw(&answer.from.email, &recipients, &answer.raw());
    }

    /// Hands a mail over by LMTP.
    ///
    /// # Panics
    /// The daemon refuses it.
    pub fn take_raw(&self, from: &str, to: &[&str], mail: &[u8]) {
        let replies = mail_client::deliver(self.daemon.lmtp(), from, to, mail);
        assert!(
            replies.iter().all(mail_client::Reply::is_positive),
            "{replies:?}; the daemon says:\n{}",
            self.daemon.log()
        );
    }

    /// Waits until as many mails are judged; gives the ledger, oldest first.
    pub async fn ledger(&self, count: usize) -> Vec<Value> {
        let found = self
            .api
            .wait_until("/mails?limit=500", |page| {
                let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
                items.len() >= count && items.iter().all(|mail| !mail["outcome"].is_null())
            })
            .await;
        let mut mails = found["items"].as_array().cloned().unwrap_or_default();
        mails.reverse();
        mails
    }

    /// Waits until the mails that bear this answer's Message-ID are judged, and there are as many; gives them, oldest
    /// first.
    pub async fn copies_of(&self, answer: &Answer, count: usize) -> Vec<Value> {
        let id = answer.header("Message-ID").expect("an answer has an id");
        let id = id.trim_matches(['<', '>']);
        let copies = |page: &Value| {
            let mails = page["items"].as_array().cloned().unwrap_or_default();
            let mut copies: Vec<Value> = mails
                .into_iter()
                .filter(|mail| mail["message_id"] == id)
                .collect();
            copies.reverse();
            copies
        };
        let found = self
            .api
            .wait_until("/mails?limit=500", |page| {
                let copies = copies(page);
                copies.len() >= count && copies.iter().all(|mail| !mail["outcome"].is_null())
            })
            .await;
        copies(&found)
    }

    /// Waits for what became of an answer; gives its line in the ledger.
    pub async fn outcome_of(&self, answer: &Answer) -> Value {
        self.copies_of(answer, 1).await.swap_remove(0)
    }

    /// The comments on a ticket that came by mail, oldest first.
    pub async fn mailed(&self, number: &str) -> Vec<Value> {
        let comments = self.api.all(&format!("/tickets/{number}/comments")).await;
        comments
            .into_iter()
            .filter(|comment| comment["origin"] == "mail")
            .collect()
    }

    /// Waits until an answer stands on a ticket, in its writer's name and words; gives the comment.
    ///
    /// # Panics
    /// It became something else, or says something else.
    pub async fn posted(&self, number: &str, answer: &Answer) -> Value {
        let mail = self.outcome_of(answer).await;
        assert_eq!(mail["outcome"], "attached", "{mail:#}");
        assert_eq!(mail["ticket"], number, "{mail:#}");
        let comments = self.mailed(number).await;
        let comment = comments.iter().find(|comment| comment["id"] == mail["comment"]);
        let comment = comment.unwrap_or_else(|| panic!("{mail:#} became none of {comments:#?}"));
        assert_eq!(comment["author"]["email"], answer.from.email, "{comment:#}");
        let text = comment["text"].as_str().unwrap_or_default();
        assert!(
            answer.is_said_in(text),
            "{:?} was written, and this was posted: {text}",
            answer.written
        );
        comment.clone()
    }
}

/// How a mailbox is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// In the clear.
    Imap,
    /// In TLS.
    Imaps,
}

/// The requester.
pub fn ana() -> Person {
    Person::new("Ana Peña", ANA)
}

/// The technician.
pub fn tomas() -> Person {
    Person::new("Tomás Técnico", TOMAS)
}

/// The header that a trusted server puts on top of a mail whose domain in `From` stands behind it.
pub fn authenticated(answer: Answer) -> Answer {
    judged(answer, "pass")
}

/// The header that a trusted server puts on top of a mail, with the result of DMARC.
pub fn judged(answer: Answer, result: &str) -> Answer {
    let domain = answer.from.email.split_once('@').map_or("", |(_, domain)| domain);
    let results = format!("{AUTHENTICATION_SERVER}; dmarc={result} header.from={domain}");
    answer.under("Authentication-Results", &results)
}

/// The id of a comment's only delivery.
///
/// # Panics
/// It owes none.
pub fn delivery(comment: &Value) -> &str {
    comment["deliveries"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{comment:#} owes no mail"))
}
