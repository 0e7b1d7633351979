//! The parts of a mail and the boundaries between them.

use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};
use lettre::message::{Body, MultiPart, SinglePart};
use recado_ports::mail::{DraftAttachment, MailDraft};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The body with the headers that describe it.
pub(super) fn body(draft: &MailDraft) -> Vec<u8> {
    let plain = || text_part(ContentType::TEXT_PLAIN, &draft.text);
    let alternative = draft.html.as_ref().map(|html| {
        MultiPart::alternative()
            .boundary(boundary(draft, "alternative"))
            .singlepart(plain())
            .singlepart(text_part(ContentType::TEXT_HTML, html))
    });
    if draft.attachments.is_empty() {
        return alternative.map_or_else(|| plain().formatted(), |alternative| alternative.formatted());
    }
    let mixed = MultiPart::mixed().boundary(boundary(draft, "mixed"));
    let mixed = match alternative {
        Some(alternative) => mixed.multipart(alternative),
        None => mixed.singlepart(plain()),
    };
    draft
        .attachments
        .iter()
        .fold(mixed, |mixed, attachment| mixed.singlepart(attached(attachment)))
        .formatted()
}

/// Derived from the Message-ID, so that each attempt sends the same octets. `=_` cannot occur in quoted-printable or
/// base64, hence in no part.
fn boundary(draft: &MailDraft, level: &str) -> String {
    let digest = Sha256::digest(format!("{level} {}", draft.message_id));
    let mut boundary = format!("=_{level}_");
    for byte in &digest[..12] {
        write!(boundary, "{byte:02x}").expect("a string takes all that is written");
    }
    boundary
}

/// Always encoded, even where ASCII would do: encoding keeps lines short, and trailing blanks alive.
fn text_part(content_type: ContentType, text: &str) -> SinglePart {
    let text = with_crlf(text);
    let escaped = text
        .bytes()
        .filter(|byte| !matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t'))
        .count();
    // Three octets for one in quoted-printable, four for three in base64: past a sixth base64 is the smaller.
    let encoding = if escaped > text.len() / 6 {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    SinglePart::builder()
        .content_type(content_type)
        .header(encoding)
        .body(text)
}

fn attached(attachment: &DraftAttachment) -> SinglePart {
    let typed = attachment.content_type.parse::<ContentType>().ok();
    // Parts of these types must not be in base64 (RFC 2046 §5.2.1, RFC 2045 §6.4).
    let is_composite = |text: &str| {
        ["multipart/", "message/"]
            .iter()
            .any(|kind| text.to_lowercase().starts_with(kind))
    };
    let content_type = typed
        .filter(|_| {
            attachment
                .content_type
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~'))
        })
        .filter(|_| {
            !is_composite(attachment.content_type.trim_start()) && attachment.content_type.len() <= 200
        })
        .unwrap_or_else(|| ContentType::parse("application/octet-stream").expect("a valid type"));
    let name = attachment.name.replace(char::is_control, "_");
    let body = Body::new_with_encoding(attachment.content.clone(), ContentTransferEncoding::Base64);
    SinglePart::builder()
        .content_type(content_type)
        .header(ContentDisposition::attachment(&name))
        .body(body.expect("base64 takes all octets"))
}

/// All line ends become CRLF, a lone CR too.
fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_becomes_crlf() {
        assert_eq!(
            with_crlf("a\nb\r\nc\rd\r\r\n\ne"),
            "a\r\nb\r\nc\r\nd\r\n\r\n\r\ne"
        );
    }
}
