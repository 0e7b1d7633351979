//! `recado receive`: one mail on standard input, from a mail server's pipe or an alias file.
//!
//! The exit code is the answer that mail servers understand (`sysexits.h`): 0 for a mail that is stored, `EX_TEMPFAIL`
//! for one to be handed over again, `EX_DATAERR` for one that is not taken at any time.

use std::fmt;
use std::io::{self, Read as _};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use recado_app::receive_mail::{ReceiveError, ReceivedMail};
use recado_domain::ledger::{Outcome, Via};
use recado_domain::person::EmailAddress;
use recado_ports::reader::MailEnvelope;
use serde_json::json;

use super::OPERATOR;
use super::output::Answer;
use crate::config::Configuration;
use crate::ids::SystemIds;
use crate::wiring::House;

/// What a mail server that pipes a mail in knows of it.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The address that the mail was sent to
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    to: Option<String>,
    /// The address that sent it; empty, or MAILER-DAEMON: the null sender
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    from: Option<String>,
}

/// The mail is not taken, nor will it be: it is empty, or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("receive: the mail is refused")
    }
}

/// `EX_DATAERR` for a mail that is refused. Whatever else went wrong is a fault of ours, a wrong configuration too, and
/// `EX_TEMPFAIL` keeps the mail where it is: any other code makes a mail server return it to its sender.
pub(super) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Refused>() { 65 } else { 75 }
}

/// Takes the mail in.
pub(super) async fn run(configuration: Arc<Configuration>, arguments: Arguments) -> anyhow::Result<Answer> {
    let limit = configuration.incoming.largest_mail;
    let raw = read(io::stdin().lock(), limit)?;
    let keyring = configuration.keyring(&SystemIds::default())?;
    let house = House::open(configuration).await?;
    let mail = mail(raw, arguments);
    let receipt = house.receive_mail(&keyring).run(mail).await.map_err(|error| {
        let refused = matches!(error, ReceiveError::Empty | ReceiveError::TooLarge { .. });
        let error = anyhow::Error::from(error);
        if refused { error.context(Refused) } else { error }
    })?;
    // It is stored: nothing that follows may tell the mail server otherwise.
    let shown = house.read_mails().find(&OPERATOR, receipt.id()).await.ok();
    let outcome = shown.and_then(|shown| shown.entry.outcome).map(Outcome::as_str);
    Ok(Answer::new(
        String::new(),
        json!({ "id": receipt.id().0, "outcome": outcome }),
    ))
}

/// Reads the mail, to its end even when it is too large: a mail server whose pipe breaks off tries again for days.
fn read(mut input: impl io::Read, limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut raw = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    input
        .by_ref()
        .take(one_more)
        .read_to_end(&mut raw)
        .context("standard input")?;
    if raw.len() <= limit {
        return Ok(raw);
    }
    let rest = io::copy(&mut input, &mut io::sink()).context("standard input")?;
    let size = raw
        .len()
        .saturating_add(usize::try_from(rest).unwrap_or(usize::MAX));
    Err(anyhow::Error::from(ReceiveError::TooLarge { size, limit }).context(Refused))
}

/// An address that cannot be one is left out: it would only have been a place more to look for a token.
fn mail(raw: Vec<u8>, arguments: Arguments) -> ReceivedMail {
    let (postmark, raw) = without_postmark(raw);
    let from = arguments.from.or(postmark).map(|sender| {
        let sender = sender.trim().trim_start_matches('<').trim_end_matches('>');
        if sender.eq_ignore_ascii_case("MAILER-DAEMON") {
            String::new()
        } else {
            sender.to_owned()
        }
    });
    ReceivedMail {
        raw,
        via: Via::Pipe,
        envelope: MailEnvelope {
            from,
            to: arguments.to.and_then(|to| EmailAddress::parse(to.trim()).ok()),
        },
        source: None,
    }
}

/// Takes the line `From sender date` off, which mail servers put before a mail that they pipe into an alias (RFC 4155),
/// and gives its sender. `From :` with a blank is an obsolete form of the header (RFC 5322 §4.5.2).
fn without_postmark(mut raw: Vec<u8>) -> (Option<String>, Vec<u8>) {
    let Some(rest) = raw.strip_prefix(b"From ") else {
        return (None, raw);
    };
    let line = rest.split(|octet| *octet == b'\n').next().unwrap_or_default();
    if line.trim_ascii_start().starts_with(b":") {
        return (None, raw);
    }
    let sender = line
        .split(u8::is_ascii_whitespace)
        .find(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let length = b"From ".len() + line.len() + 1;
    raw.drain(..length.min(raw.len()));
    (sender, raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_read_up_to_the_limit_and_no_further() {
        assert_eq!(read(&b"12345"[..], 5).unwrap(), b"12345");
        let error = read(&b"1234567"[..], 5).unwrap_err();
        assert_eq!(exit_code(&error), 65);
        assert!(format!("{error:#}").contains("7 octets; at most 5"), "{error:#}");
    }

    #[test]
    fn the_line_that_mail_servers_put_before_a_mail_is_no_part_of_it() {
        for (raw, sender, rest) in [
            (
                "From ana@example.com Sun Nov 22 10:00:00 2026\nSubject: x\n\ny\n",
                Some("ana@example.com"),
                "Subject: x\n\ny\n",
            ),
            (
                "From MAILER-DAEMON  Sun Nov 22 10:00:00 2026\r\nSubject: x\r\n",
                Some("MAILER-DAEMON"),
                "Subject: x\r\n",
            ),
            ("From : ana@example.com\n\nx", None, "From : ana@example.com\n\nx"),
            ("From: ana@example.com\n\nx", None, "From: ana@example.com\n\nx"),
            ("From nobody", Some("nobody"), ""),
            ("", None, ""),
        ] {
            let (found, left) = without_postmark(raw.as_bytes().to_vec());
            assert_eq!(
                (found.as_deref(), left.as_slice()),
                (sender, rest.as_bytes()),
                "{raw:?}"
            );
        }
    }

    #[test]
    fn the_envelope_is_what_the_mail_server_says_else_the_line_before_the_mail() {
        let arguments = |from: Option<&str>, to: Option<&str>| Arguments {
            from: from.map(ToOwned::to_owned),
            to: to.map(ToOwned::to_owned),
        };
        let raw = b"From ana@example.com Sun Nov 22 10:00:00 2026\n\nx".to_vec();
        let taken = mail(raw.clone(), arguments(None, Some("Desk+x@Example.org")));
        assert_eq!(taken.envelope.from.as_deref(), Some("ana@example.com"));
        assert_eq!(
            taken.envelope.to.unwrap().as_str(),
            "desk+x@example.org",
            "addresses are kept in lower case"
        );
        for null in ["", "<>", "MAILER-DAEMON", "mailer-daemon"] {
            let taken = mail(raw.clone(), arguments(Some(null), Some("no address")));
            assert_eq!(taken.envelope.from.as_deref(), Some(""), "{null:?}");
            assert_eq!(taken.envelope.to, None);
        }
    }
}
