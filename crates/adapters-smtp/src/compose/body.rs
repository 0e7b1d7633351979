//! The parts of a mail and the boundaries between them.

use lettre::message::header::{ContentDisposition, ContentId, ContentTransferEncoding, ContentType};
use lettre::message::{Body, MultiPart, SinglePart};
use recado_domain::template::picture_references;
use recado_ports::mail::{DraftAttachment, InlineImage, MailDraft};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The body with the headers that describe it.
pub(super) fn body(draft: &MailDraft) -> Vec<u8> {
    let plain = || text_part(ContentType::TEXT_PLAIN, &draft.text);
    let alternative = draft.html.as_ref().map(|html| {
        let alternative = MultiPart::alternative()
            .boundary(boundary(draft, "alternative"))
            .singlepart(plain());
        if draft.images.is_empty() {
            alternative.singlepart(text_part(ContentType::TEXT_HTML, html))
        } else {
            alternative.multipart(related(draft, html))
        }
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

/// The HTML with its pictures (RFC 2387).
fn related(draft: &MailDraft, html: &str) -> MultiPart {
    let html = text_part(ContentType::TEXT_HTML, &with_content_ids(draft, html));
    let boundary = boundary(draft, "related");
    // lettre's own kind leaves out the type of the root, which RFC 2387 §3.1 wants.
    let content_type = format!("multipart/related; type=\"text/html\"; boundary=\"{boundary}\"");
    let content_type = ContentType::parse(&content_type).expect("a valid type");
    let related = MultiPart::builder().header(content_type).singlepart(html);
    draft
        .images
        .iter()
        .fold(related, |related, image| related.singlepart(shown(draft, image)))
}

fn shown(draft: &MailDraft, image: &InlineImage) -> SinglePart {
    let body = Body::new_with_encoding(image.content.clone(), ContentTransferEncoding::Base64);
    SinglePart::builder()
        .content_type(plain_type(&image.content_type))
        .header(ContentId::from(format!("<{}>", content_id(draft, &image.name))))
        .header(ContentDisposition::inline_with_name(&image.name))
        .body(body.expect("base64 takes all octets"))
}

/// The HTML with the Content-ID of each picture in its name's place.
fn with_content_ids(draft: &MailDraft, html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 64 * draft.images.len());
    let mut taken = 0;
    for range in picture_references(html) {
        let name = &html[range.clone()];
        if draft.images.iter().any(|image| image.name == name) {
            out.push_str(&html[taken..range.start]);
            out.push_str(&content_id(draft, name));
            taken = range.end;
        }
    }
    out.push_str(&html[taken..]);
    out
}

/// Unlike any other mail's (RFC 2045 §7): programs that show a whole thread look a picture up among all its mails.
/// Derived from the Message-ID, and does not show it: a quoted picture must prove nothing.
fn content_id(draft: &MailDraft, name: &str) -> String {
    format!("{name}.{}@recado", digest(draft, "picture"))
}

/// Derived from the Message-ID, so that each attempt sends the same octets. `=_` cannot occur in quoted-printable or
/// base64, hence in no part.
fn boundary(draft: &MailDraft, level: &str) -> String {
    format!("=_{level}_{}", digest(draft, level))
}

/// 24 hexadecimal digits.
fn digest(draft: &MailDraft, purpose: &str) -> String {
    let digest = Sha256::digest(format!("{purpose} {}", draft.message_id));
    digest[..12].iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
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
    let name = attachment.name.replace(char::is_control, "_");
    let body = Body::new_with_encoding(attachment.content.clone(), ContentTransferEncoding::Base64);
    SinglePart::builder()
        .content_type(plain_type(&attachment.content_type))
        .header(ContentDisposition::attachment(&name))
        .body(body.expect("base64 takes all octets"))
}

/// The type of a part in base64; `application/octet-stream` for what is none.
fn plain_type(text: &str) -> ContentType {
    // Parts of these types must not be in base64 (RFC 2046 §5.2.1, RFC 2045 §6.4).
    let is_composite = ["multipart/", "message/"]
        .iter()
        .any(|kind| text.trim_start().to_lowercase().starts_with(kind));
    let fits = !is_composite && text.len() <= 200 && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let typed = fits.then(|| text.parse::<ContentType>().ok()).flatten();
    typed.unwrap_or_else(|| ContentType::parse("application/octet-stream").expect("a valid type"))
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
