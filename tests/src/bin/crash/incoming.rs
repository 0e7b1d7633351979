//! Mails that come in while the process that takes them dies, by each of the three ways.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use recado_test_support::smtp_server::SmtpServer;
use recado_tests::api::Api;
use recado_tests::daemon::{Installation, Store};
use recado_tests::mail_programs::unique;
use recado_tests::servers::Dovecot;
use recado_tests::servers::dovecot::PASSWORD;
use serde_json::{Value, json};

use crate::MAILBOX;
use crate::outgoing::SECTIONS;
use crate::tally::{Tally, Window, count, drain};

/// Mails that a round sends in.
const MAILS: usize = 6;

/// Rounds on one ticket: whoever writes to one more than thirty times in ten minutes is taken for a program.
const ROUNDS_A_TICKET: usize = 4;

/// How long a process may take to die, and a mailbox to be read.
const PATIENCE: Duration = Duration::from_secs(30);

/// A way in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Lmtp,
    Pipe,
    Imap,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Lmtp, Self::Pipe, Self::Imap];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lmtp => "lmtp",
            Self::Pipe => "pipe",
            Self::Imap => "imap",
        }
    }

    /// The points on it, in order.
    pub(crate) fn points(self) -> impl Iterator<Item = &'static str> {
        let common = [
            "take.before_commit",
            "take.after_commit",
            "judge.before_settle",
            "settle_mail.before_commit",
            "settle_mail.after_commit",
            "receive.before_answer",
        ];
        let own = (self == Self::Imap).then_some("imap.before_seen");
        common.into_iter().chain(own)
    }

    /// The configuration. The mailbox's server offers STARTTLS, so its authority is named.
    fn sections(self, dovecot: Option<&Dovecot>) -> String {
        let inbound = match self {
            Self::Lmtp => "lmtp = \"127.0.0.1:0\"\n",
            Self::Pipe => "",
            Self::Imap => "poll = \"1s\"\n",
        };
        let ca_file = dovecot.map(|dovecot| format!("ca_file = \"{}\"\n", dovecot.ca_file().display()));
        format!("{SECTIONS}[inbound]\n{inbound}{}", ca_file.unwrap_or_default())
    }
}

/// Kills the process at the point, round after round.
pub(crate) async fn rounds(
    store: &Store,
    way: Way,
    dovecot: Option<&Dovecot>,
    point: &str,
    runs: usize,
) -> Tally {
    let server = SmtpServer::start().await;
    let mut installation = Installation::new(store, &way.sections(dovecot));
    let token = installation.administrator();
    let (mut ticket, mut carrier) = (String::new(), String::new());
    let mut tally = Tally::default();
    for round in 0..runs {
        if round % ROUNDS_A_TICKET == 0 {
            ticket = format!("4711-{round}");
            carrier = prepare(&installation, &token, &server, &ticket, dovecot).await;
        }
        let texts: Vec<String> = (0..MAILS).map(|n| format!("round {round} answer {n}")).collect();
        let mails: Vec<Vec<u8>> = texts.iter().map(|text| answer(&carrier, text)).collect();
        // The mail at which it dies moves through the round's work.
        let killed = round % MAILS;
        let mut sent_in = SendIn {
            installation: &mut installation,
            point,
            killed,
            tally: &mut tally,
        };
        match (way, dovecot) {
            (Way::Lmtp, _) => sent_in.by_lmtp(&mails),
            (Way::Pipe, _) => sent_in.by_pipe(&mails),
            (Way::Imap, Some(dovecot)) => sent_in.by_imap(dovecot, &mails),
            (Way::Imap, None) => unreachable!("a mailbox needs its server"),
        }
        let daemon = installation.serve();
        let api = daemon.api(&token);
        if way == Way::Lmtp {
            // All of them: one that was acknowledged and comes again is a copy, and becomes no second comment.
            for mail in &mails {
                let is_taken = hand_over(daemon.lmtp(), mail).expect("the daemon that is not killed answers");
                assert!(is_taken, "the daemon takes every mail");
            }
        }
        if let Some(dovecot) = dovecot {
            dovecot.wait_until(MAILBOX, PATIENCE, |mails| {
                mails.iter().all(|mail| mail.has("\\Seen"))
            });
            tally.acknowledged += mails.len();
        }
        tally.rounds += 1;
        settled(&api).await;
        drain(&api).await;
        let tickets = BTreeSet::from([ticket.clone()]);
        count(&api, &server, &tickets, &texts, Window::Elsewhere, &mut tally).await;
        server.forget();
        assert!(
            daemon.stop().success(),
            "a daemon that is asked to stop exits with 0"
        );
    }
    tally
}

/// Configures the service, and has Tomás write to Ana; gives the Message-ID of the mail to her, which her answers name.
async fn prepare(
    installation: &Installation,
    token: &str,
    server: &SmtpServer,
    ticket: &str,
    dovecot: Option<&Dovecot>,
) -> String {
    let daemon = installation.serve();
    let api = daemon.api(token);
    api.configure(server.port()).await;
    api.ticket(ticket).await;
    if let Some(dovecot) = dovecot {
        api.set(23, "127.0.0.1").await;
        api.set(24, MAILBOX).await;
        api.set(25, PASSWORD).await;
        api.set(26, "imap").await;
        api.set(27, &dovecot.imap().port().to_string()).await;
        api.set(200, "Y").await;
    }
    let author = json!({ "name": "Tomás Técnico", "email": "tomas@example.com" });
    let question = json!({ "text": "¿Funciona ya?", "author": author });
    let comment = api.post(&format!("/tickets/{ticket}/comments"), question).await;
    let delivery = comment["deliveries"][0]["id"]
        .as_str()
        .expect("Ana is told")
        .to_owned();
    let delivery = api.wait_for_state(&delivery, "sent").await;
    server.forget();
    daemon.stop();
    delivery["message_id"]
        .as_str()
        .expect("a delivery has a Message-ID")
        .trim_matches(['<', '>'])
        .to_owned()
}

/// Ana's answer.
fn answer(carrier: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Ana =?utf-8?Q?Pe=C3=B1a?= <ana@example.com>\r\nTo: desk@example.org\r\nSubject: Re: Ticket\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{}@example.com>\r\nIn-Reply-To: <{carrier}>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        unique()
    )
    .into_bytes()
}

/// One round's mails, on their way to a process that dies.
struct SendIn<'a> {
    installation: &'a mut Installation,
    point: &'a str,
    /// The mail at which it dies.
    killed: usize,
    tally: &'a mut Tally,
}

impl SendIn<'_> {
    /// To the daemon, one after the other, until it is gone. What was not acknowledged is sent again by the caller.
    fn by_lmtp(&mut self, mails: &[Vec<u8>]) {
        self.arm(1 + self.killed);
        let mut daemon = self.installation.serve();
        let address = daemon.lmtp();
        for mail in mails {
            if hand_over(address, mail).is_ok_and(|taken| taken) {
                self.tally.acknowledged += 1;
            }
        }
        let status = daemon.wait_within(PATIENCE);
        self.judge_end(status, &daemon.log());
        self.disarm();
    }

    /// To a process each; one of them dies, and gets its mail again from the caller's mail server, so to speak.
    fn by_pipe(&mut self, mails: &[Vec<u8>]) {
        for (index, mail) in mails.iter().enumerate() {
            if index == self.killed {
                self.arm(1);
                let status = self.receive(mail);
                self.judge_end(Some(status), "recado receive");
                self.disarm();
            }
            let status = self.receive(mail);
            assert!(status.success(), "recado receive: {status}");
            self.tally.acknowledged += 1;
        }
    }

    /// Into the mailbox, which the daemon reads until it dies.
    fn by_imap(&mut self, dovecot: &Dovecot, mails: &[Vec<u8>]) {
        for mail in mails {
            dovecot.append(MAILBOX, mail);
        }
        self.arm(1 + self.killed);
        let mut daemon = self.installation.serve();
        let status = daemon.wait_within(PATIENCE);
        self.judge_end(status, &daemon.log());
        self.disarm();
    }

    fn receive(&self, mail: &[u8]) -> ExitStatus {
        let mut command = self
            .installation
            .command(&["receive", "--to", "desk@example.org"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary starts");
        // A process that is dead reads nothing.
        let _ = child.stdin.take().expect("it is piped").write_all(mail);
        child.wait().expect("it can be waited for")
    }

    fn arm(&mut self, pass: usize) {
        let points = format!("{}=kill@{pass}", self.point);
        self.installation.set("RECADO_FAILPOINTS", &points);
    }

    fn disarm(&mut self) {
        self.installation.unset("RECADO_FAILPOINTS");
    }

    fn judge_end(&mut self, status: Option<ExitStatus>, log: &str) {
        if status.and_then(|status| status.signal()) != Some(9) {
            eprintln!("{}: {status:?}\n{log}", self.point);
            self.tally.not_reached += 1;
        }
    }
}

/// Hands a mail over by LMTP; whether it was taken.
fn hand_over(server: SocketAddr, mail: &[u8]) -> io::Result<bool> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut reply = move |said: &[u8]| -> io::Result<bool> {
        stream.get_mut().write_all(said)?;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.starts_with(['2', '3']));
            }
        }
    };
    let message = [mail, b".\r\n"].concat();
    let dialogue: [&[u8]; 6] = [
        b"",
        b"LHLO client.recado.test\r\n",
        b"MAIL FROM:<ana@example.com>\r\n",
        b"RCPT TO:<desk@example.org>\r\n",
        b"DATA\r\n",
        &message,
    ];
    for said in dialogue {
        if !reply(said)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Waits until every mail in the ledger has its outcome.
async fn settled(api: &Api) {
    let all_settled = |page: &Value| {
        let items = page["items"].as_array().expect("a list has items");
        items.iter().all(|mail| !mail["outcome"].is_null())
    };
    api.wait_until("/mails?limit=500", all_settled).await;
}
