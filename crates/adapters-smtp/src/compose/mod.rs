//! From a draft to the octets of a mail (RFC 5322): a pure function, so a draft composed twice gives the same octets.
//!
//! Headers that hold what people typed are encoded here, the names and types of files by lettre. lettre's own header
//! encoding leaves `=?utf-8?q?…?=` as typed, so that readers decode it, its message builder makes boundaries by chance,
//! and it builds every part apart before it puts them together. Here each octet is written once, in its place.

mod body;
mod encoded_word;
mod header;
mod quoted_printable;

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
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
        let mut mail = Vec::with_capacity(HEADERS_CAPACITY + body::capacity(draft));
        set(&mut mail, "Date", &date);
        set_mailbox(&mut mail, "From", &draft.from);
        set_mailbox(&mut mail, "To", &draft.to);
        if let Some(reply_to) = &draft.reply_to {
            set_mailbox(&mut mail, "Reply-To", reply_to);
        }
        set(&mut mail, "Subject", &header::text("Subject", &draft.subject));
        set(&mut mail, "Message-ID", &draft.message_id.to_string());
        if let Some(parent) = &draft.in_reply_to {
            set_ids(&mut mail, "In-Reply-To", std::slice::from_ref(parent));
        }
        set_ids(&mut mail, "References", &draft.references);
        match draft.automatic {
            Automatic::No => {}
            Automatic::Generated => set(&mut mail, "Auto-Submitted", "auto-generated"),
            Automatic::Replied => set(&mut mail, "Auto-Submitted", "auto-replied"),
        }
        set(&mut mail, "X-Auto-Response-Suppress", "RN, NRN, OOF, AutoReply");
        set(&mut mail, "MIME-Version", "1.0");
        body::write(&mut mail, draft);
        Ok(mail)
    }
}

/// Octets that the headers of most mails fit into.
const HEADERS_CAPACITY: usize = 2_048;

/// Writes a header whose value is encoded and folded.
fn set(mail: &mut Vec<u8>, name: &'static str, encoded: &str) {
    for piece in [name, ": ", encoded, "\r\n"] {
        mail.extend_from_slice(piece.as_bytes());
    }
}

fn set_mailbox(mail: &mut Vec<u8>, name: &'static str, mailbox: &Mailbox) {
    set(mail, name, &header::mailbox(name, mailbox));
}

fn set_ids(mail: &mut Vec<u8>, name: &'static str, ids: &[MessageId]) {
    let newest = ids.len().saturating_sub(MAX_REFERENCES - 1).max(1);
    let kept = ids.iter().take(1).chain(ids.get(newest..).unwrap_or_default());
    // An id in UTF-8 would make the header need SMTPUTF8; the thread holds without it.
    let lines: Vec<String> = kept
        .filter(|id| id.as_str().is_ascii())
        .map(MessageId::to_string)
        .collect();
    if !lines.is_empty() {
        set(mail, name, &lines.join("\r\n "));
    }
}

/// All line ends become CRLF, a lone CR too.
fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for (index, line) in lines(text).enumerate() {
        if index > 0 {
            out.push_str("\r\n");
        }
        out.push_str(line);
    }
    out
}

/// The lines between line ends, be they CRLF, LF or CR; one more than there are ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| matches!(byte, b'\r' | b'\n'));
        let Some(end) = end else { return rest.take() };
        let after = &text[end..];
        let after = after.strip_prefix("\r\n").unwrap_or(&after[1..]);
        rest = Some(after);
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests;
