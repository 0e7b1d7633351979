//! The files of a mail, by name, within what a comment may have.

use recado_domain::comment::{AttachmentName, MediaType};
use recado_domain::incoming::{IncomingAttachment, Remark};
use recado_domain::token::without_carriers;
use recado_ports::reader::ReadLimits;

use super::content;
use super::content_type::ContentType;
use super::fields::{Field, Fields};
use super::structure::Part;

/// Names for files that have none, by media type.
const NAMES: &[(&str, &str)] = &[
    ("text/calendar", "invite.ics"),
    ("text/plain", "text.txt"),
    ("text/html", "text.html"),
    ("text/csv", "table.csv"),
    ("text/x-vcard", "contact.vcf"),
    ("text/vcard", "contact.vcf"),
    ("text/rfc822-headers", "headers.txt"),
    ("message/delivery-status", "report.txt"),
    ("message/disposition-notification", "report.txt"),
    ("message/feedback-report", "report.txt"),
    ("application/pdf", "document.pdf"),
    ("application/pkcs7-mime", "smime.p7m"),
    ("application/x-pkcs7-mime", "smime.p7m"),
    ("application/pkcs7-signature", "smime.p7s"),
    ("application/pgp-signature", "signature.asc"),
    ("application/pgp-encrypted", "version.txt"),
    ("application/ms-tnef", "winmail.dat"),
    ("image/png", "image.png"),
    ("image/jpeg", "image.jpg"),
    ("image/gif", "image.gif"),
    ("image/webp", "image.webp"),
    ("image/svg+xml", "image.svg"),
];

/// Collects files up to the limits, and counts the rest.
pub(super) struct Files {
    limits: ReadLimits,
    kept: Vec<IncomingAttachment>,
    left_out: usize,
}

impl Files {
    pub(super) fn new(limits: ReadLimits) -> Self {
        Self {
            limits,
            kept: Vec::new(),
            left_out: 0,
        }
    }

    /// Adds a part; one that there is no room for is not even decoded.
    pub(super) fn add_part(&mut self, part: &Part<'_>) {
        if self.kept.len() >= self.limits.attachments {
            self.left_out += 1;
            return;
        }
        let content = content::octets(part).into_owned();
        self.add(&name(part, &content), &part.content_type.essence(), content);
    }

    /// Adds a file. It goes on to others, so that a text or a mail in it goes without our carriers, as the comment does.
    pub(super) fn add(&mut self, name: &str, content_type: &str, content: Vec<u8>) {
        if self.kept.len() >= self.limits.attachments || content.len() > self.limits.attachment {
            self.left_out += 1;
            return;
        }
        let kind = content_type.split('/').next().unwrap_or_default();
        let is_readable = kind.eq_ignore_ascii_case("text") || kind.eq_ignore_ascii_case("message");
        self.kept.push(IncomingAttachment {
            name: AttachmentName::clean(name),
            content_type: MediaType::parse_or_octets(content_type),
            content: if is_readable {
                without_carriers_in(content)
            } else {
                content
            },
        });
    }

    /// The files, and a remark when some were left out.
    pub(super) fn finish(self) -> (Vec<IncomingAttachment>, Option<Remark>) {
        let remark = (self.left_out > 0).then_some(Remark::AttachmentsLeftOut(self.left_out));
        (self.kept, remark)
    }
}

/// A mail that is passed on may be one of ours, and a text may quote one, with the tokens of whom it went to.
fn without_carriers_in(content: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(content) {
        Ok(text) => without_carriers(&text).into_bytes(),
        Err(error) => {
            // Carriers are ASCII: in whatever charset it is, each octet may stand for a letter of its own meanwhile.
            let text: String = error.as_bytes().iter().copied().map(char::from).collect();
            let clean = without_carriers(&text);
            clean
                .chars()
                .filter_map(|letter| u8::try_from(letter).ok())
                .collect()
        }
    }
}

/// What a part calls itself.
pub(super) fn given_name(part: &Part<'_>) -> Option<String> {
    let disposition = ContentType::disposition(&part.fields);
    let given = disposition
        .as_ref()
        .and_then(|disposition| disposition.parameter("filename"));
    given.or(part.content_type.parameter("name")).map(str::to_owned)
}

/// What a part's file is called: as it says, else by what it is.
fn name(part: &Part<'_>, content: &[u8]) -> String {
    let essence = part.content_type.essence();
    let is_message = matches!(essence.as_str(), "message/rfc822" | "message/global");
    let mut name = given_name(part).unwrap_or_default().replace('\0', "_");
    if is_message {
        if name.is_empty() {
            let (fields, _) = Fields::read(content);
            let subject = fields.first("subject").map(Field::text).unwrap_or_default();
            // A subject is no path.
            name = subject.replace(['/', '\\'], "_").chars().take(100).collect();
            if name.is_empty() {
                "message".clone_into(&mut name);
            }
        }
        let has_extension =
            name.len() >= 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".eml");
        if !has_extension {
            name.push_str(".eml");
        }
    }
    if name.is_empty() {
        let known = NAMES.iter().find(|(of, _)| *of == essence);
        known.map_or("attachment", |(_, name)| name).clone_into(&mut name);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_as_a_file_bears_no_token_whatever_its_charset() {
        let token = "a".repeat(44);
        let limits = ReadLimits {
            text: 1_000,
            attachments: 10,
            attachment: 1_000,
        };
        let mut files = Files::new(limits);
        let quoting = format!("caf\u{e9}\n> [ref:{token}]\n");
        let latin_1 = quoting.chars().map(|letter| u8::try_from(letter).unwrap());
        files.add("a.eml", "message/rfc822", latin_1.collect());
        files.add("a.txt", "TEXT/plain", quoting.clone().into_bytes());
        files.add("a.bin", "application/zip", quoting.clone().into_bytes());
        let (kept, _) = files.finish();
        assert_eq!(kept[0].content, b"caf\xe9\n> \n");
        assert_eq!(kept[1].content, "caf\u{e9}\n> \n".as_bytes());
        assert_eq!(kept[2].content, quoting.as_bytes());
    }
}
