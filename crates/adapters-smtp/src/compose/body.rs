//! The parts of a mail and the boundaries between them.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::message::header::{ContentDisposition, ContentId, ContentTransferEncoding, ContentType, Headers};
use recado_domain::template::picture_references;
use recado_ports::mail::{DraftAttachment, InlineImage, MailDraft};
use sha2::{Digest as _, Sha256};

use super::{lines, quoted_printable, with_crlf};

/// Octets that the body of most mails fits into.
pub(super) fn capacity(draft: &MailDraft) -> usize {
    let html = draft.html.as_deref().unwrap_or_default();
    let attachments = draft.attachments.iter().map(|file| file.content.len());
    let images = draft.images.iter().map(|image| image.content.len());
    let files: usize = attachments.chain(images).map(|octets| octets / 2 * 3 + 512).sum();
    (draft.text.len() + html.len()) / 4 * 5 + 1_024 + files
}

/// Writes the body with the headers that describe it.
pub(super) fn write(mail: &mut Vec<u8>, draft: &MailDraft) {
    if draft.attachments.is_empty() {
        return shown(mail, draft);
    }
    let mut mixed = Multipart::begin(mail, "multipart/mixed; ", boundary(draft, "mixed"));
    shown(mixed.part(), draft);
    for attachment in &draft.attachments {
        attached(mixed.part(), attachment);
    }
    mixed.end();
}

/// What a reader shows at once: the text, or the reader's choice of text and HTML.
fn shown(out: &mut Vec<u8>, draft: &MailDraft) {
    let Some(html) = &draft.html else {
        return text_part(out, "text/plain", &draft.text);
    };
    // Folded where the line would be longer than 76 octets.
    let kind = "multipart/alternative;\r\n ";
    let mut alternative = Multipart::begin(out, kind, boundary(draft, "alternative"));
    text_part(alternative.part(), "text/plain", &draft.text);
    if draft.images.is_empty() {
        text_part(alternative.part(), "text/html", html);
    } else {
        related(alternative.part(), draft, html);
    }
    alternative.end();
}

/// The HTML with its pictures (RFC 2387, whose §3.1 wants the type of the root).
fn related(out: &mut Vec<u8>, draft: &MailDraft, html: &str) {
    let kind = "multipart/related; type=\"text/html\";\r\n ";
    let mut related = Multipart::begin(out, kind, boundary(draft, "related"));
    text_part(related.part(), "text/html", &with_content_ids(draft, html));
    for image in &draft.images {
        picture(related.part(), draft, image);
    }
    related.end();
}

/// A body of several parts (RFC 2046 §5.1) that is being written.
struct Multipart<'o> {
    out: &'o mut Vec<u8>,
    boundary: String,
}

impl<'o> Multipart<'o> {
    /// `kind` is what stands before the boundary in `Content-Type`.
    fn begin(out: &'o mut Vec<u8>, kind: &str, boundary: String) -> Self {
        for piece in ["Content-Type: ", kind, "boundary=\"", &boundary, "\"\r\n\r\n"] {
            out.extend_from_slice(piece.as_bytes());
        }
        Self { out, boundary }
    }

    /// Where the next part is to be written.
    fn part(&mut self) -> &mut Vec<u8> {
        for piece in ["--", &self.boundary, "\r\n"] {
            self.out.extend_from_slice(piece.as_bytes());
        }
        self.out
    }

    fn end(self) {
        for piece in ["--", &self.boundary, "--\r\n"] {
            self.out.extend_from_slice(piece.as_bytes());
        }
    }
}

fn picture(out: &mut Vec<u8>, draft: &MailDraft, image: &InlineImage) {
    let mut headers = Headers::new();
    headers.set(plain_type(&image.content_type));
    headers.set(ContentId::from(format!("<{}>", content_id(draft, &image.name))));
    headers.set(ContentDisposition::inline_with_name(&image.name));
    file(out, headers, &image.content);
}

fn attached(out: &mut Vec<u8>, attachment: &DraftAttachment) {
    let mut headers = Headers::new();
    headers.set(plain_type(&attachment.content_type));
    let name = attachment.name.replace(char::is_control, "_");
    headers.set(ContentDisposition::attachment(&name));
    file(out, headers, &attachment.content);
}

fn file(out: &mut Vec<u8>, mut headers: Headers, content: &[u8]) {
    headers.set(ContentTransferEncoding::Base64);
    write!(out, "{headers}\r\n").expect("a vector takes every write");
    base64(out, content);
    out.extend_from_slice(b"\r\n");
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
    data_encoding::HEXLOWER.encode(&digest[..12])
}

/// Always encoded, even where ASCII would do: encoding keeps lines short, and trailing blanks alive.
fn text_part(out: &mut Vec<u8>, content_type: &str, text: &str) {
    let encoding = if is_smaller_in_base64(text) {
        "base64"
    } else {
        "quoted-printable"
    };
    for piece in [
        "Content-Type: ",
        content_type,
        "; charset=utf-8\r\nContent-Transfer-Encoding: ",
        encoding,
        "\r\n\r\n",
    ] {
        out.extend_from_slice(piece.as_bytes());
    }
    if encoding == "base64" {
        base64(out, with_crlf(text).as_bytes());
    } else {
        quoted_printable::encode(out, text);
    }
    out.extend_from_slice(b"\r\n");
}

/// Three octets for one in quoted-printable, four for three in base64: past a sixth base64 is the smaller.
fn is_smaller_in_base64(text: &str) -> bool {
    let (mut escaped, mut octets, mut ends) = (0_usize, 0_usize, 0_usize);
    for line in lines(text) {
        escaped += line
            .bytes()
            .filter(|byte| !matches!(byte, b' '..=b'~' | b'\t'))
            .count();
        octets += line.len();
        ends += 2;
    }
    escaped > (octets + ends.saturating_sub(2)) / 6
}

/// Octets of a line in base64 (RFC 2045 §6.8: 76 characters).
const BASE64_LINE: usize = 57;

/// No line end after the last line.
fn base64(out: &mut Vec<u8>, octets: &[u8]) {
    let mut line = [0; BASE64_LINE / 3 * 4];
    for (index, chunk) in octets.chunks(BASE64_LINE).enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\r\n");
        }
        let written = BASE64_STANDARD
            .encode_slice(chunk, &mut line)
            .expect("a line has room for its octets");
        out.extend_from_slice(&line[..written]);
    }
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
