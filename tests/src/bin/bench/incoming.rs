//! Mail in: answers of 10 kB by LMTP until each is a comment, beside what the parser alone takes for the same mails.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use recado_test_support::smtp_server::SmtpServer;
use recado_tests::api::Api;
use recado_tests::daemon::Installation;
use recado_tests::mail_client::{Connection, on_the_wire};
use recado_tests::mail_programs::unique;
use serde_json::json;

use crate::flow::as_number;
use crate::processor::Processes;
use crate::report::Report;
use crate::stage::{CONNECTIONS, Kind, PATIENCE};

/// Mails that come in.
const MAILS: usize = 1000;

/// Octets of each, about.
const SIZE: usize = 10_000;

/// Tickets that they are answers on: few enough mails each not to look like a loop.
const TICKETS: usize = 100;

/// Takes the mails in.
pub(crate) async fn measure(report: &mut Report, kind: &Kind<'_>) {
    let sink = SmtpServer::start().await;
    let installation = Installation::new(&kind.store(), "[inbound]\nlmtp = \"127.0.0.1:0\"\n");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(sink.port()).await;
    let carriers = ask(&api, &sink).await;
    // What becomes of the answers on their way on is another figure's.
    api.set(297, "Y").await;
    let mails: Vec<Vec<u8>> = (0..MAILS).map(|n| answer(&carriers[n % TICKETS], n)).collect();
    let parsing = parse_alone(&mails);

    let server = daemon.lmtp();
    let processes = Processes::new([&daemon], kind.postgres);
    let before = processes.used();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for part in mails.chunks(MAILS / CONNECTIONS) {
            scope.spawn(move || hand_over(server, part));
        }
    });
    let took = start.elapsed();
    processes.wait_for_rest();
    let used = processes.used().saturating_sub(before);
    let attached = api.all("/mails?outcome=attached").await.len();
    assert_eq!(attached, MAILS, "every answer is a comment");
    let count = as_number(MAILS);
    let mut add = |what: &str, label: &str, unit, figure: f64| {
        report.add(kind.row(what, label, unit, &[figure]));
    };
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0 / count;
    add(
        "in.rate",
        "answers of 10 kB by LMTP",
        "mails/s",
        count / took.as_secs_f64(),
    );
    add("in.cost", "processor time an answer", "ms", milliseconds(used));
    add(
        "parsing",
        "of which mail-parser alone would take",
        "ms",
        milliseconds(parsing),
    );
    assert!(daemon.stop().success());
}

/// Has Tomás ask on every ticket; gives the Message-IDs of the mails to Ana.
async fn ask(api: &Api, sink: &SmtpServer) -> Vec<String> {
    let mut carriers = Vec::with_capacity(TICKETS);
    for n in 0..TICKETS {
        api.ticket(&format!("T{n}")).await;
        let author = json!({ "name": "Tomás Técnico", "email": "tomas@example.com" });
        let question = json!({ "text": "¿Funciona ya?", "author": author });
        let comment = api.post(&format!("/tickets/T{n}/comments"), question).await;
        let delivery = comment["deliveries"][0]["id"].as_str().expect("Ana is told");
        let delivery = api.get(&format!("/deliveries/{delivery}")).await;
        let id = delivery["message_id"]
            .as_str()
            .expect("a delivery has a Message-ID");
        carriers.push(id.trim_matches(['<', '>']).to_owned());
    }
    sink.wait_for_count(TICKETS, PATIENCE).await;
    carriers
}

/// An answer above a long quotation.
fn answer(carrier: &str, n: usize) -> Vec<u8> {
    let id = unique();
    let mut mail = format!(
        "Received: from client.example.com by mx.example.org; Sun, 22 Nov 2026 12:00:00 +0000\r\n\
         From: Ana =?utf-8?Q?Pe=C3=B1a?= <ana@example.com>\r\nTo: desk@example.org\r\nSubject: Re: Ticket\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{id}@example.com>\r\nIn-Reply-To: <{carrier}>\r\n\
         References: <{carrier}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Ya funciona, gracias ({n}).\r\n\r\nEl dom, 22 nov 2026 a las 11:59, Mesa <desk@example.org> escribió:\r\n"
    );
    while mail.len() < SIZE {
        write!(
            mail,
            "> La impresora se atasca otra vez con cada tercera hoja, y con la {}.\r\n",
            mail.len()
        )
        .expect("a text takes all that is written");
    }
    mail.into_bytes()
}

fn hand_over(server: SocketAddr, mails: &[Vec<u8>]) {
    let mut connection = Connection::open(server);
    connection.say("LHLO client.recado.test");
    for mail in mails {
        for line in [
            "MAIL FROM:<ana@example.com>",
            "RCPT TO:<desk@example.org>",
            "DATA",
        ] {
            let reply = connection.say(line);
            assert!(reply.is_positive(), "{line}: {reply:?}");
        }
        connection.write(&on_the_wire(mail));
        let reply = connection.say(".");
        assert!(reply.is_positive(), "{reply:?}");
    }
}

/// What reading the same mails costs the parser that Recado uses.
fn parse_alone(mails: &[Vec<u8>]) -> Duration {
    let start = Instant::now();
    let read = mails
        .iter()
        .filter_map(|mail| mail_parser::MessageParser::default().parse(mail))
        .filter(|mail| mail.body_text(0).is_some())
        .count();
    assert_eq!(read, mails.len(), "every mail has a text");
    start.elapsed()
}
