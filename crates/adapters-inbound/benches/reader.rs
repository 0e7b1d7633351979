//! What reading a mail costs, beside mail-parser's own parse of the same mails: `cargo bench --bench reader`.
//!
//! mail-parser finds fields and parts and decodes them. Reading does that, and what an answer needs besides: digest,
//! carriers, signs, HTML to text and made harmless, the person's own words apart from what they quote.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use recado_adapters_inbound::parse::MailReader;
use recado_ports::reader::{MailEnvelope, ReadLimits, Reader};
use rustix::time::{ClockId, clock_gettime};

const MAILS: u32 = 1_000;
const OCTETS: usize = 10_000;
/// Whole runs of which the quickest counts.
const RUNS: usize = 5;

const LIMITS: ReadLimits = ReadLimits {
    text: 1_000_000,
    attachments: 20,
    attachment: 25_000_000,
};

fn main() {
    println!("{MAILS} mails of {OCTETS} octets, quickest of {RUNS} runs, one thread\n");
    println!(
        "{:36} {:>12} {:>14} {:>14}",
        "", "mails/s", "µs of CPU each", "of mail-parser"
    );
    for (kind, make) in [
        ("plain text, quoting", plain as fn(u32) -> Vec<u8>),
        ("text and HTML, quoting (Gmail)", alternative),
        ("text with a file in base64", with_a_file),
    ] {
        let mails: Vec<Vec<u8>> = (0..MAILS).map(make).collect();
        let parser = MessageParser::default();
        let own = measure(&mails, |mail| drop(black_box(parser.parse(mail))));
        let head = measure(&mails, |mail| drop(black_box(MailReader.head(mail))));
        let read = measure(&mails, |mail| {
            drop(black_box(MailReader.read(
                mail,
                &MailEnvelope::default(),
                &LIMITS,
            )));
        });
        for (what, cost) in [("mail-parser", own), ("head", head), ("read", read)] {
            println!(
                "{:36} {:>12.0} {:>14.1} {:>13.1}x",
                format!("{kind}: {what}"),
                f64::from(MAILS) / cost.elapsed.as_secs_f64(),
                cost.processor.as_secs_f64() * 1e6 / f64::from(MAILS),
                cost.processor.as_secs_f64() / own.processor.as_secs_f64(),
            );
        }
    }
}

#[derive(Clone, Copy)]
struct Cost {
    elapsed: Duration,
    processor: Duration,
}

fn measure(mails: &[Vec<u8>], mut work: impl FnMut(&[u8])) -> Cost {
    let runs = (0..RUNS).map(|_| {
        let (elapsed, processor) = (Instant::now(), processor_time());
        for mail in mails {
            work(mail);
        }
        Cost {
            elapsed: elapsed.elapsed(),
            processor: processor_time().saturating_sub(processor),
        }
    });
    runs.min_by_key(|cost| cost.processor).expect("there are runs")
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("the clock runs forwards")
}

/// A header as an answer has one after three servers.
fn header(number: u32) -> String {
    let mut header = String::new();
    for server in 0..3 {
        write!(
            header,
            "Received: from mail{server}.customer.example (mail{server}.customer.example [192.0.2.{server}])\r\n\
             \tby mx.desk.example (Postfix) with ESMTPS id 4Wx{number};\r\n\tFri, 20 Nov 2026 09:00:0{server} +0000 (UTC)\r\n"
        )
        .expect("a text takes all");
    }
    write!(
        header,
        "Authentication-Results: mx.desk.example; dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example\r\n\
         From: =?utf-8?Q?Ana_Pe=C3=B1a?= <ana@customer.example>\r\nTo: Desk <desk@desk.example>\r\n\
         Subject: Re: La impresora [#{number}]\r\nMessage-ID: <{number}@customer.example>\r\n\
         In-Reply-To: <018f0e4c9b7a7c3e8d2f1a2b3c4d5e6f.aeqcaibaeaqcaiba@desk.example>\r\n\
         References: <thread.{number}@desk.example> <018f0e4c9b7a7c3e8d2f1a2b3c4d5e6f.aeqcaibaeaqcaiba@desk.example>\r\n\
         Date: Fri, 20 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
    )
    .expect("a text takes all");
    header
}

/// A mail that is filled up to its size with lines.
fn filled(head: String, line: &str, tail: &str) -> Vec<u8> {
    let mut mail = head;
    while mail.len() + line.len() + tail.len() < OCTETS {
        mail.push_str(line);
    }
    mail.push_str(tail);
    mail.into_bytes()
}

fn plain(number: u32) -> Vec<u8> {
    let head = format!(
        "{}Content-Type: text/plain; charset=utf-8\r\n\r\nYa funciona, muchas gracias.\r\n\r\n\
         El 19/11/2026 a las 9:00, Tomás (Mesa de ayuda) escribió:\r\n",
        header(number)
    );
    filled(
        head,
        "> Hemos cambiado el tóner de la impresora del segundo piso.\r\n",
        "",
    )
}

fn alternative(number: u32) -> Vec<u8> {
    let quote = "> Hemos cambiado el tóner de la impresora del segundo piso.\r\n".repeat(35);
    let head = format!(
        "{}Content-Type: multipart/alternative; boundary=\"000000000000a1b2c3\"\r\n\r\n--000000000000a1b2c3\r\n\
         Content-Type: text/plain; charset=\"UTF-8\"\r\n\r\nYa funciona, muchas gracias.\r\n\r\n\
         El vie, 20 nov 2026 a las 9:00, Mesa (<desk@desk.example>) escribió:\r\n\r\n{quote}\r\n--000000000000a1b2c3\r\n\
         Content-Type: text/html; charset=\"UTF-8\"\r\n\r\n<div dir=\"ltr\">Ya funciona, <b>muchas gracias</b>.</div><br>\
         <div class=\"gmail_quote\"><div class=\"gmail_attr\">El vie, 20 nov 2026 a las 9:00, Mesa escribió:<br></div>\
         <blockquote class=\"gmail_quote\">\r\n",
        header(number)
    );
    let line = "<p style=\"margin:0\">Hemos cambiado el t&oacute;ner de la <a href=\"https://desk.example/x\">impresora</a>.</p>\r\n";
    filled(head, line, "</blockquote></div>\r\n--000000000000a1b2c3--\r\n")
}

fn with_a_file(number: u32) -> Vec<u8> {
    let head = format!(
        "{}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Va adjunto.\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=a.pdf\r\n\r\n",
        header(number)
    );
    filled(head, &format!("{}\r\n", "JVBERi0xLjQK".repeat(6)), "--b--\r\n")
}
