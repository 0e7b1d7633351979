//! Comments, and the calls that take them in.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use recado_domain::comment::{
    Attachment, AttachmentId, AttachmentName, Comment, CommentId, CommentText, Kind, MediaType, Origin,
    Visibility,
};
use recado_domain::person::Party;
use recado_domain::ticket::Ticket;
use recado_ports::comments::{AcceptComment, IdempotencyKey, IdempotencyRecord};
use sha2::{Digest, Sha256};

use super::{delivery, id, tomas};
use crate::clock::START;

/// A public message of Tomás's on a ticket.
pub fn comment(ticket: &Ticket) -> CommentBuilder {
    let comment = Comment {
        id: CommentId(id()),
        ticket: ticket.id,
        author: tomas(),
        text: CommentText::parse("Estamos en ello.", 0).expect("the text is sound"),
        visibility: Visibility::Public,
        kind: Kind::Message,
        origin: Origin::Api,
        quoted: None,
        html: None,
        attachments: Vec::new(),
        created_at: START,
    };
    CommentBuilder {
        comment,
        contents: Vec::new(),
        held_until: None,
    }
}

/// Builds a [`Comment`], or the [`AcceptComment`] that takes it in.
#[derive(Debug, Clone)]
pub struct CommentBuilder {
    comment: Comment,
    contents: Vec<Vec<u8>>,
    held_until: Option<Timestamp>,
}

impl CommentBuilder {
    /// Who wrote it.
    #[must_use]
    pub fn by(mut self, author: Party) -> Self {
        self.comment.author = author;
        self
    }

    /// What they wrote.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.comment.text = CommentText::parse(text, 1).expect("the test's text is sound");
        self
    }

    /// For the desk alone.
    #[must_use]
    pub fn internal(mut self) -> Self {
        self.comment.visibility = Visibility::Internal;
        self
    }

    /// What a mail said besides, quoted and as HTML.
    #[must_use]
    pub fn mailed(mut self, quoted: &str, html: &str) -> Self {
        self.comment.origin = Origin::Mail;
        self.comment.quoted = Some(quoted.to_owned());
        self.comment.html = Some(html.to_owned());
        self
    }

    /// Under hold until then.
    #[must_use]
    pub fn held_until(mut self, end: Timestamp) -> Self {
        self.held_until = Some(end);
        self
    }

    /// A text file more.
    #[must_use]
    pub fn attachment(mut self, name: &str, content: &[u8]) -> Self {
        self.comment.attachments.push(Attachment {
            id: AttachmentId(id()),
            name: AttachmentName::clean(name),
            content_type: MediaType::parse_or_octets("text/plain"),
            size: content.len() as u64,
            sha256: HEXLOWER.encode(&Sha256::digest(content)),
        });
        self.contents.push(content.to_vec());
        self
    }

    /// The comment.
    pub fn build(self) -> Comment {
        self.comment
    }

    /// The call that takes it in, owing one mail to each of these.
    pub fn owing(self, recipients: &[&str]) -> AcceptComment {
        let deliveries = recipients
            .iter()
            .map(|email| delivery(&self.comment).to(email).build())
            .collect();
        AcceptComment {
            comment: self.comment,
            contents: self.contents,
            deliveries,
            idempotency: None,
            held_until: self.held_until,
        }
    }
}

/// What an idempotency key holds after a call.
pub fn idempotency(key: &str, digest: &str, expires_at: Timestamp) -> IdempotencyRecord {
    IdempotencyRecord {
        key: IdempotencyKey {
            scope: "token-1".to_owned(),
            key: key.to_owned(),
        },
        digest: digest.to_owned(),
        answer: r#"{"id":"first"}"#.to_owned(),
        expires_at,
    }
}
