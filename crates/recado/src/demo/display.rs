//! A caught mail, decoded for a person to read.

use std::borrow::Cow;

use mail_parser::{Address, HeaderValue, Message, MessageParser};

use super::catcher::CaughtMail;

/// Headers, then the text and the HTML part, between two lines that begin with `--- mail`.
pub(super) fn shown(number: usize, mail: &CaughtMail) -> String {
    let inside = match MessageParser::default().parse(&mail.octets) {
        Some(message) => decoded(&message),
        None => String::from_utf8_lossy(&mail.octets).into_owned(),
    };
    let recipients = mail.recipients.join(", ");
    format!(
        "--- mail {number}, to {recipients}\n{}\n--- mail {number} ends\n",
        inside.trim_end()
    )
}

fn decoded(message: &Message<'_>) -> String {
    let header = |(name, raw): (&str, &str)| {
        let unfolded = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        let value = match message.header(name) {
            Some(HeaderValue::Address(address)) => mailboxes(address),
            Some(HeaderValue::Text(value)) if raw.contains("=?") => value.to_string(),
            _ => unfolded,
        };
        format!("{name}: {value}\n")
    };
    let part = |(kind, part): (&str, Option<Cow<'_, str>>)| {
        part.map(|part| format!("\n[{kind}]\n{}\n", part.replace("\r\n", "\n").trim_end()))
    };
    let parts = [("text", message.body_text(0)), ("html", message.body_html(0))];
    message
        .headers_raw()
        .map(header)
        .chain(parts.into_iter().filter_map(part))
        .collect()
}

fn mailboxes(address: &Address<'_>) -> String {
    let shown = address.iter().map(|mailbox| {
        let address = mailbox.address().unwrap_or_default();
        mailbox
            .name()
            .map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_shown_decoded_between_two_lines() {
        let octets = b"From: =?utf-8?q?Ana_Pe=C3=B1a?= <ana@demo.example>\r\nSubject: =?utf-8?q?Contrase=C3=B1a?=\r\n\
            MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Ma=C3=B1ana\r\n"
            .to_vec();
        let shown = shown(
            1,
            &CaughtMail {
                recipients: vec!["x@y.example".to_owned()],
                octets,
            },
        );
        assert!(shown.starts_with("--- mail 1, to x@y.example\n"), "{shown}");
        assert!(shown.ends_with("\n--- mail 1 ends\n"), "{shown}");
        for line in [
            "From: Ana Peña <ana@demo.example>",
            "Subject: Contraseña",
            "Mañana",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} in {shown}");
        }
    }
}
