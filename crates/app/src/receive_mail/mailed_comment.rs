//! The comment that a mail becomes: its words without what must not go on, its files, what was set aside.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use recado_domain::comment::{
    Attachment, AttachmentId, AttachmentName, Comment, CommentId, CommentText, Kind, MediaType, Origin,
    Visibility,
};
use recado_domain::incoming::{IncomingAttachment, IncomingMail};
use recado_domain::locale::Locale;
use recado_domain::person::Party;
use recado_domain::ticket::Ticket;
use recado_domain::token::{ReplyToken, without_carriers};
use recado_ports::ids::Ids;
use sha2::{Digest, Sha256};

use crate::wording;

/// Under this name goes the whole of a text that is too long for a comment.
const WHOLE_TEXT: &str = "message.txt";

/// Sanitised HTML may be so many times as long as the text that it says: marks and styles take room.
const HTML_TO_TEXT: usize = 4;

/// What the judgement says of the comment.
pub(super) struct Place<'a> {
    /// The ticket that it stands on.
    pub(super) ticket: &'a Ticket,
    /// In whose name.
    pub(super) author: &'a Party,
    /// Who may read it.
    pub(super) visibility: Visibility,
    /// The language of what is not the person's own.
    pub(super) locale: Locale,
    /// When it is registered.
    pub(super) now: Timestamp,
}

/// The comment, with the octets of its attachments in their order. `ours` are pictures of our own mails, which mail
/// programs send back with what they quote; they are no files of the person's.
pub(super) fn comment(
    mail: &IncomingMail,
    ours: &[Vec<u8>],
    place: &Place<'_>,
    text_limit: usize,
    ids: &dyn Ids,
) -> (Comment, Vec<Vec<u8>>) {
    let mut words = Words::of(mail);
    let whole = words.cut(text_limit);
    let own_files: Vec<_> = mail
        .attachments
        .iter()
        .filter(|file| !ours.contains(&file.content))
        .cloned()
        .collect();
    if words.text.trim().is_empty() && own_files.is_empty() {
        wording::empty_message(place.locale).clone_into(&mut words.text);
    }
    let files = own_files.into_iter().chain(whole);
    let (attachments, contents): (Vec<_>, Vec<_>) = files.map(|file| stored(file, ids)).unzip();
    let comment = Comment {
        id: CommentId(ids.next()),
        ticket: place.ticket.id,
        author: place.author.clone(),
        text: CommentText::parse(&words.text, attachments.len())
            .expect("a text without NUL that is not empty, or stands beside a file"),
        visibility: place.visibility,
        kind: Kind::Message,
        origin: Origin::Mail,
        quoted: words.quoted,
        html: words.html,
        attachments,
        created_at: place.now,
    };
    (comment, contents)
}

/// What goes on of a mail's words.
struct Words {
    text: String,
    quoted: Option<String>,
    html: Option<String>,
}

impl Words {
    /// Carriers are a capability of the person whom the quoted mail went to; they stay behind. A mail that holds
    /// nothing but a quotation is that quotation.
    fn of(mail: &IncomingMail) -> Self {
        let mut text = clean(&mail.text);
        let mut quoted = mail.quoted.as_deref().map(clean);
        if text.trim().is_empty() {
            text = quoted.take().unwrap_or_default();
        }
        Self {
            text,
            quoted: quoted.filter(|quoted| !quoted.trim().is_empty()),
            html: mail
                .html
                .as_deref()
                .map(clean)
                .filter(|html| !html.trim().is_empty() && !bears_a_token(html, mail)),
        }
    }

    /// Cuts what is longer than a comment may be; gives the whole text as a file, if it was. What is set aside or
    /// said twice is not kept at such lengths: the raw mail has it.
    fn cut(&mut self, limit: usize) -> Option<IncomingAttachment> {
        if let Some(quoted) = &mut self.quoted {
            quoted.truncate(quoted.floor_char_boundary(limit));
        }
        let html_limit = limit.saturating_mul(HTML_TO_TEXT);
        self.html = self.html.take().filter(|html| html.len() <= html_limit);
        if self.text.len() <= limit {
            return None;
        }
        let start = self.text[..self.text.floor_char_boundary(limit)].to_owned();
        let whole = std::mem::replace(&mut self.text, start);
        self.html = None;
        Some(IncomingAttachment {
            name: AttachmentName::clean(WHOLE_TEXT),
            content_type: MediaType::parse_or_octets("text/plain"),
            content: whole.into_bytes(),
        })
    }
}

/// Without carriers and links to sign in, and without the one character that no store keeps.
fn clean(text: &str) -> String {
    without_sign_in_links(&without_carriers(text)).replace('\0', "\u{fffd}")
}

/// Without the secrets of links to sign in: whoever reads the comment could use them before their owner does.
fn without_sign_in_links(text: &str) -> String {
    let is_secret = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut parts = text.split(SIGN_IN);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let secret = part.bytes().take_while(is_secret).count();
        kept.push_str(SIGN_IN);
        kept.push_str(if secret >= SHORTEST_SECRET {
            &part[secret..]
        } else {
            part
        });
    }
    kept
}

/// What stands before a link's secret.
const SIGN_IN: &str = "/sign-in/";

/// A link's secret has 43 characters; a mail program may have broken it.
const SHORTEST_SECRET: usize = 32;

/// Whether a token is in it still, in a spelling that a link allows or in pieces between tags. Then the text, which
/// says the same, must do.
fn bears_a_token(html: &str, mail: &IncomingMail) -> bool {
    let lower = html.to_ascii_lowercase();
    let letters = letters(&lower);
    let tags = mail.recipients.iter().filter_map(|address| {
        let (_, tag) = address.local_part().rsplit_once('+')?;
        ReplyToken::parse(tag)
    });
    lower.contains(SIGN_IN)
        || tags
            .chain(mail.reference_tokens.iter().cloned())
            .any(|token| lower.contains(token.as_str()) || letters.contains(token.as_str()))
}

/// The letters and digits of HTML between its tags and entities.
fn letters(html: &str) -> String {
    let mut skipped_to = None;
    let is_shown = |c: &char| match (skipped_to, *c) {
        (Some(end), c) => {
            if c == end {
                skipped_to = None;
            }
            false
        }
        (None, '<') => {
            skipped_to = Some('>');
            false
        }
        (None, '&') => {
            skipped_to = Some(';');
            false
        }
        (None, c) => c.is_ascii_alphanumeric(),
    };
    html.chars().filter(is_shown).collect()
}

fn stored(file: IncomingAttachment, ids: &dyn Ids) -> (Attachment, Vec<u8>) {
    let attachment = Attachment {
        id: AttachmentId(ids.next()),
        name: file.name,
        content_type: file.content_type,
        size: file.content.len() as u64,
        sha256: HEXLOWER.encode(&Sha256::digest(&file.content)),
    };
    (attachment, file.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_link_to_sign_in_is_left_out_of_what_an_answer_quotes() {
        let secret = "gh2JqZAW1ndf2e0dN7ptxmXoNC9mTgeXkps8AhxaYtg";
        let text = format!("I did not ask.\n> https://desk.example/sign-in/{secret}\n> until 10:15");
        assert_eq!(
            clean(&text),
            "I did not ask.\n> https://desk.example/sign-in/\n> until 10:15"
        );
        assert_eq!(clean("see /sign-in/help"), "see /sign-in/help");
    }
}
