//! The commands that a mail begins with.

use super::Capabilities;
use crate::address::{needs_smtputf8, on_the_wire};
use recado_domain::reply::Stage;
use recado_ports::mail::{Envelope, Reports, SendError};
use std::fmt::Write as _;

/// Sender, recipient and the wish to send a message: one line each.
pub(super) struct Commands(String);

impl Commands {
    /// The steps of the envelope, in order.
    pub(super) const STAGES: [Stage; 3] = [Stage::MailFrom, Stage::RcptTo, Stage::Data];

    /// The commands for a mail, as the server with these capabilities understands them. `server` is for messages.
    ///
    /// # Errors
    /// [`SendError::TooLarge`] and [`SendError::Impossible`].
    pub(super) fn of(envelope: &Envelope, offered: &Capabilities, server: &str) -> Result<Self, SendError> {
        if let Some(most) = offered.size.filter(|most| envelope.size > *most) {
            let detail = format!("{} octets, and {server} takes {most}", envelope.size);
            return Err(SendError::TooLarge(detail));
        }
        let (from, to) = (on_the_wire(&envelope.from), on_the_wire(&envelope.to));
        let needs_utf8 = needs_smtputf8(&from) || needs_smtputf8(&to);
        if needs_utf8 && !offered.smtp_utf8 {
            let address = if needs_smtputf8(&to) {
                &envelope.to
            } else {
                &envelope.from
            };
            let detail = format!(
                "{server} does not offer SMTPUTF8, which {} needs",
                address.masked()
            );
            return Err(SendError::Impossible(detail));
        }
        Ok(Self(written(envelope, offered, &from, &to)))
    }

    /// All of them, for one write (RFC 2920).
    pub(super) fn together(&self) -> &str {
        &self.0
    }

    /// One by one, with their steps.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = (Stage, &str)> {
        Self::STAGES.into_iter().zip(self.0.split_inclusive('\n'))
    }
}

fn written(envelope: &Envelope, offered: &Capabilities, from: &str, to: &str) -> String {
    let mut text = String::with_capacity(256);
    write_to(&mut text, format_args!("MAIL FROM:<{from}>"));
    if offered.size.is_some() {
        write_to(&mut text, format_args!(" SIZE={}", envelope.size));
    }
    if needs_smtputf8(from) || needs_smtputf8(to) {
        text += if offered.eight_bit_mime {
            " BODY=8BITMIME SMTPUTF8"
        } else {
            " SMTPUTF8"
        };
    }
    if offered.dsn {
        let id = xtext(envelope.message_id.envelope_id());
        write_to(&mut text, format_args!(" RET=HDRS ENVID={id}"));
    }
    write_to(&mut text, format_args!("\r\nRCPT TO:<{to}>"));
    if offered.dsn {
        text += match envelope.reports {
            Reports::Failure => " NOTIFY=FAILURE,DELAY",
            Reports::All => " NOTIFY=SUCCESS,FAILURE,DELAY",
        };
        // An address in UTF-8 has a type of its own (RFC 6533 §3), which few servers know; without it they name
        // the recipient as they were given it.
        if !needs_smtputf8(to) {
            write_to(&mut text, format_args!(" ORCPT=rfc822;{}", xtext(to)));
        }
    }
    text += "\r\nDATA\r\n";
    text
}

/// The text as a parameter's value (RFC 3461 §4): what is no printable ASCII, `+` and `=` become `+` and two digits.
fn xtext(text: &str) -> String {
    let mut coded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if matches!(octet, b'!'..=b'~') && !matches!(octet, b'+' | b'=') {
            coded.push(char::from(octet));
        } else {
            write_to(&mut coded, format_args!("+{octet:02X}"));
        }
    }
    coded
}

fn write_to(text: &mut String, written: std::fmt::Arguments<'_>) {
    text.write_fmt(written)
        .expect("a string takes all that is written");
}
