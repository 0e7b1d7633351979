//! The body of an answer, as each program writes it.

use std::fmt::Write as _;

use super::encoding::{base64_lines, narrow, quoted_printable, unique};
use super::{Answer, Program, Received};

/// How far Gmail lets a line of its text part go.
const GMAIL_COLUMNS: usize = 78;

/// When the answered mail was written, as each program introduces a quote with it. The words matter, not the time.
const DAY: &str = "22 nov 2026";
const LONG_DAY: &str = "domingo, 22 de noviembre de 2026 10:00";

/// Sets the headers of the content, and the body.
pub(super) fn write(program: Program, received: &Received, text: &str, answer: &mut Answer) {
    match program {
        Program::Gmail => gmail(received, text, answer),
        Program::Outlook => outlook(received, text, answer),
        Program::OutlookWeb => outlook_web(received, text, answer),
        Program::AppleMail => apple_mail(received, text, answer),
        Program::Thunderbird => thunderbird(received, text, answer),
        Program::Telephone => telephone(received, text, answer),
        Program::AnswersToFrom => answers_to_from(received, text, answer),
    }
}

fn gmail(received: &Received, text: &str, answer: &mut Answer) {
    let introduction = format!("El dom, {DAY} a las 10:00, {} escribió:", received.from.shown());
    let mut plain = String::new();
    for line in text.lines().chain(["", introduction.as_str(), ""]) {
        plain.push_str(&wrapped(line, GMAIL_COLUMNS, ""));
    }
    for line in received.text.trim_end().lines() {
        plain.push_str(&wrapped(line, GMAIL_COLUMNS - 2, "> "));
    }
    let mut html = String::from("<div dir=\"ltr\">");
    for line in text.lines() {
        let line = if line.is_empty() {
            "<br>".to_owned()
        } else {
            escaped(line)
        };
        write!(html, "<div>{line}</div>").expect("a text takes all that is written");
    }
    write!(
        html,
        "</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div>\
         <blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);\
         padding-left:1ex\">{}</blockquote></div>",
        escaped(&introduction),
        received.html
    )
    .expect("a text takes all that is written");
    // The plain part in base64 as soon as it is not plain enough, as Gmail has it.
    alternative(
        answer,
        &format!("000000000000{}", unique()),
        &part(
            "text/plain; charset=\"UTF-8\"",
            &plain.into_bytes(),
            Transfer::Base64,
        ),
        &part(
            "text/html; charset=\"UTF-8\"",
            html.as_bytes(),
            Transfer::QuotedPrintable,
        ),
    );
}

fn outlook(received: &Received, text: &str, answer: &mut Answer) {
    let fields = [
        ("De", received.from.shown()),
        ("Enviado el", LONG_DAY.to_owned()),
        ("Para", received.to.shown()),
        ("Asunto", received.subject.clone()),
    ];
    let mut plain = format!("{text}\n\n");
    for (name, value) in &fields {
        // Outlook leaves a blank at the ends of these lines.
        writeln!(plain, "{name}: {value} ").expect("a text takes all that is written");
    }
    write!(plain, "\n{}", received.text).expect("a text takes all that is written");
    let mut html = String::from(
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><style><!--\n\
         p.MsoNormal {margin:0cm;font-size:11.0pt;}\n--></style></head><body lang=\"ES\"><div class=\"WordSection1\">",
    );
    for line in text.lines() {
        let line = if line.is_empty() {
            "&nbsp;".to_owned()
        } else {
            escaped(line)
        };
        writeln!(html, "<p class=\"MsoNormal\">{line}<o:p></o:p></p>")
            .expect("a text takes all that is written");
    }
    html.push_str(
        "<p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>\n<div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt;\
         padding:3.0pt 0cm 0cm 0cm\"><p class=\"MsoNormal\">",
    );
    let headers: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("<b>{name}:</b> {}", escaped(value)))
        .collect();
    html.push_str(&headers.join("<br>\n"));
    write!(
        html,
        "<o:p></o:p></p></div></div>\n<p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>\n{}</div></body></html>\n",
        received.html
    )
    .expect("a text takes all that is written");
    let whole = format!("{plain}{html}");
    let (charset, _) = narrow(&whole);
    alternative(
        answer,
        &format!("_000_DB9PR04MB{}_", unique()),
        &narrow_part("text/plain", &plain, charset),
        &narrow_part("text/html", &html, charset),
    );
}

fn outlook_web(received: &Received, text: &str, answer: &mut Answer) {
    let fields = [
        ("De", received.from.shown()),
        ("Enviado", LONG_DAY.to_owned()),
        ("Para", received.to.shown()),
        ("Asunto", received.subject.clone()),
    ];
    let mut plain = format!("{text}\n{}\n", "_".repeat(32));
    for (name, value) in &fields {
        writeln!(plain, "{name}: {value}").expect("a text takes all that is written");
    }
    write!(plain, "\n{}", received.text).expect("a text takes all that is written");
    let mut html = String::from("<html><head></head><body dir=\"ltr\">");
    for line in text.lines() {
        let line = if line.is_empty() {
            "<br>".to_owned()
        } else {
            escaped(line)
        };
        write!(
            html,
            "<div class=\"elementToProof\" style=\"font-family: Aptos, sans-serif; font-size: 12pt;\">{line}</div>"
        )
        .expect("a text takes all that is written");
    }
    let headers: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("<b>{name}:</b> {}", escaped(value)))
        .collect();
    write!(
        html,
        "<div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\">\
         <div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri, sans-serif\" style=\"font-size:11pt\" \
         color=\"#000000\">{}</font><div>&nbsp;</div></div><div>{}</div></body></html>",
        headers.join("<br>"),
        received.html
    )
    .expect("a text takes all that is written");
    let (charset, _) = narrow(&format!("{plain}{html}"));
    alternative(
        answer,
        &format!("_000_AM0PR04MB{}_", unique()),
        &narrow_part("text/plain", &plain, charset),
        &narrow_part("text/html", &html, charset),
    );
}

fn apple_mail(received: &Received, text: &str, answer: &mut Answer) {
    let mut plain = format!(
        "> El {DAY}, a las 10:00, {} escribió:\n> \n",
        received.from.shown()
    );
    for line in received.text.trim_end().lines() {
        writeln!(plain, "> {line}").expect("a text takes all that is written");
    }
    write!(plain, "\n{text}\n").expect("a text takes all that is written");
    answer.set("MIME-Version", "1.0 (Mac OS X Mail 16.0 \\(3774.300.61.1.2\\))");
    answer.set("X-Mailer", "Apple Mail (2.3774.300.61.1.2)");
    single(
        answer,
        &part(
            "text/plain; charset=utf-8",
            plain.as_bytes(),
            Transfer::QuotedPrintable,
        ),
    );
}

fn thunderbird(received: &Received, text: &str, answer: &mut Answer) {
    let mut plain = format!("El 22/11/26 a las 10:00, {} escribió:\n", received.from.name);
    let mut paragraphs = text.split("\n\n");
    let mut quoted = received.text.trim_end().split("\n\n");
    // Each paragraph of the answer stands below one of the quote, the last below all but the last.
    let count = text.split("\n\n").count();
    let answered: Vec<&str> = quoted.by_ref().take(count.max(1)).collect();
    for part in answered {
        for line in part.lines() {
            writeln!(plain, "> {line}").expect("a text takes all that is written");
        }
        let paragraph = paragraphs.next().unwrap_or_default();
        // A line that begins with a blank, `>` or `From ` is stuffed (RFC 3676 §4.4).
        plain.push('\n');
        for line in paragraph.lines() {
            let stuffing = if line.starts_with([' ', '>']) || line.starts_with("From ") {
                " "
            } else {
                ""
            };
            plain.push_str(stuffing);
            plain.push_str(&flowed(line));
        }
        plain.push('\n');
    }
    for paragraph in paragraphs {
        writeln!(plain, "{paragraph}\n").expect("a text takes all that is written");
    }
    for part in quoted {
        for line in part.lines().chain([""]) {
            writeln!(plain, ">{}{line}", if line.is_empty() { "" } else { " " })
                .expect("a text takes all that is written");
        }
    }
    answer.set("User-Agent", "Mozilla Thunderbird");
    answer.set("Content-Language", "es-ES");
    single(
        answer,
        &part(
            "text/plain; charset=UTF-8; format=flowed",
            plain.as_bytes(),
            Transfer::EightBit,
        ),
    );
}

fn telephone(received: &Received, text: &str, answer: &mut Answer) {
    let mut plain = format!(
        "{text}\n\nEnviado desde mi iPhone\n\n> El {DAY}, a las 10:00, {} escribió:\n> \n",
        received.from.shown()
    );
    for line in received.text.trim_end().lines() {
        writeln!(plain, "> {line}").expect("a text takes all that is written");
    }
    answer.set("X-Mailer", "iPhone Mail (22B91)");
    single(
        answer,
        &part("text/plain; charset=utf-8", plain.as_bytes(), Transfer::Base64),
    );
}

fn answers_to_from(received: &Received, text: &str, answer: &mut Answer) {
    let plain = format!(
        "{text}\n\n-----{} escribió: -----\nPara: {}\nDe: {}\nFecha: 22/11/2026 10:00\nAsunto: {}\n\n{}",
        received.from.shown(),
        received.to.email,
        received.from.shown(),
        received.subject,
        received.text
    );
    single(answer, &narrow_part("text/plain", &plain, narrow(&plain).0));
}

#[derive(Clone, Copy)]
enum Transfer {
    EightBit,
    QuotedPrintable,
    Base64,
}

/// A part: its two headers, and its octets as they travel. Lines of `content` end with LF.
struct Part {
    content_type: String,
    transfer: &'static str,
    body: Vec<u8>,
}

fn part(content_type: &str, content: &[u8], transfer: Transfer) -> Part {
    let with_crlf = |content: &[u8]| {
        let text: Vec<&[u8]> = content.split(|octet| *octet == b'\n').collect();
        text.join(&b"\r\n"[..])
    };
    let (transfer, body) = match transfer {
        Transfer::EightBit => ("8bit", with_crlf(content)),
        Transfer::QuotedPrintable => ("quoted-printable", quoted_printable(content).into_bytes()),
        Transfer::Base64 => ("base64", base64_lines(&with_crlf(content)).into_bytes()),
    };
    Part {
        content_type: content_type.to_owned(),
        transfer,
        body,
    }
}

/// A part in the narrow charset, or in UTF-8 when `charset` says so.
fn narrow_part(media_type: &str, text: &str, charset: &str) -> Part {
    let octets = match narrow(text) {
        (narrow, octets) if narrow == charset => octets,
        _ => text.as_bytes().to_vec(),
    };
    part(
        &format!("{media_type}; charset=\"{charset}\""),
        &octets,
        Transfer::QuotedPrintable,
    )
}

fn single(answer: &mut Answer, part: &Part) {
    answer.set("Content-Type", &part.content_type);
    answer.set("Content-Transfer-Encoding", part.transfer);
    answer.body.clone_from(&part.body);
}

fn alternative(answer: &mut Answer, boundary: &str, text: &Part, html: &Part) {
    answer.set(
        "Content-Type",
        &format!("multipart/alternative;\r\n\tboundary=\"{boundary}\""),
    );
    let mut body = Vec::new();
    for part in [text, html] {
        body.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                part.content_type, part.transfer
            )
            .as_bytes(),
        );
        body.extend_from_slice(&part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    answer.body = body;
}

/// The line broken at blanks so that no part is wider, each part with the prefix and LF.
fn wrapped(line: &str, columns: usize, prefix: &str) -> String {
    let mut lines = String::new();
    let mut current = String::new();
    for word in line.split(' ') {
        if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > columns {
            writeln!(lines, "{prefix}{current}").expect("a text takes all that is written");
            current.clear();
        } else if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    writeln!(lines, "{prefix}{current}").expect("a text takes all that is written");
    lines
}

/// The line as flowed text (RFC 3676 §4.2): broken after blanks, which stay.
fn flowed(line: &str) -> String {
    wrapped(line, 71, "").trim_end().replace('\n', " \n") + "\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
