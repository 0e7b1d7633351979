//! From a draft to the octets of a mail (RFC 5322): a pure function, so a draft composed twice gives the same octets.
//!
//! Headers that hold what people typed are encoded here, part bodies by lettre. lettre's own header encoding leaves
//! `=?utf-8?q?…?=` as typed, so that readers decode it, and its message builder makes boundaries by chance.

mod body;
mod encoded_word;
mod header;

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use lettre::message::header::{HeaderName, HeaderValue, Headers};
use recado_domain::token::MessageId;
use recado_ports::mail::{Automatic, ComposeError, Composer, MailDraft, Mailbox};

/// So many ids of a long thread are named, the first and the newest: a header has its limits (Postfix cuts at 100 KB).
const MAX_REFERENCES: usize = 32;

/// Composes mails; every line is ASCII and at most 998 octets long, so that any server can take them.
///
/// The exception is an address whose local part is in UTF-8: its headers are in UTF-8, and need SMTPUTF8 (RFC 6532).
#[derive(Debug, Clone, Copy, Default)]
pub struct MailComposer;

impl Composer for MailComposer {
    fn compose(&self, draft: &MailDraft) -> Result<Vec<u8>, ComposeError> {
        let date = rfc2822::to_string(&draft.date.to_zoned(TimeZone::UTC)).map_err(|error| ComposeError {
            recipient: draft.to.address.masked(),
            source: error.into(),
        })?;
        let mut headers = Headers::new();
        set(&mut headers, "Date", date);
        set_mailbox(&mut headers, "From", &draft.from);
        set_mailbox(&mut headers, "To", &draft.to);
        if let Some(reply_to) = &draft.reply_to {
            set_mailbox(&mut headers, "Reply-To", reply_to);
        }
        set(&mut headers, "Subject", header::text("Subject", &draft.subject));
        set(&mut headers, "Message-ID", draft.message_id.to_string());
        if let Some(parent) = &draft.in_reply_to {
            set_ids(&mut headers, "In-Reply-To", std::slice::from_ref(parent));
        }
        set_ids(&mut headers, "References", &draft.references);
        match draft.automatic {
            Automatic::No => {}
            Automatic::Generated => set(&mut headers, "Auto-Submitted", "auto-generated".to_owned()),
            Automatic::Replied => set(&mut headers, "Auto-Submitted", "auto-replied".to_owned()),
        }
        set(
            &mut headers,
            "X-Auto-Response-Suppress",
            "RN, NRN, OOF, AutoReply".to_owned(),
        );
        set(&mut headers, "MIME-Version", "1.0".to_owned());

        let mut octets = headers.to_string().into_bytes();
        octets.extend(body::body(draft));
        Ok(octets)
    }
}

fn set(headers: &mut Headers, name: &'static str, encoded: String) {
    let value =
        HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), String::new(), encoded);
    headers.insert_raw(value);
}

fn set_mailbox(headers: &mut Headers, name: &'static str, mailbox: &Mailbox) {
    set(headers, name, header::mailbox(name, mailbox));
}

fn set_ids(headers: &mut Headers, name: &'static str, ids: &[MessageId]) {
    let newest = ids.len().saturating_sub(MAX_REFERENCES - 1).max(1);
    let kept = ids.iter().take(1).chain(ids.get(newest..).unwrap_or_default());
    // An id in UTF-8 would make the header need SMTPUTF8; the thread holds without it.
    let lines: Vec<String> = kept
        .filter(|id| id.as_str().is_ascii())
        .map(MessageId::to_string)
        .collect();
    if !lines.is_empty() {
        set(headers, name, lines.join("\r\n "));
    }
}

#[cfg(test)]
mod tests;
