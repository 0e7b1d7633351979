//! Rows of comments and their attachments.

use std::borrow::Cow;

use diesel::prelude::*;
use recado_domain::comment::{
    Attachment, AttachmentId, AttachmentName, Comment, CommentId, CommentText, Kind, MediaType, Origin,
    Visibility,
};
use recado_domain::ticket::TicketId;
use recado_ports::comments::AcceptComment;

use super::party;
use crate::column::{Key, corrupt, count, micros, storable, stored_size, timestamp, word};
use crate::fault::Fault;
use crate::schema::{attachment, comment, content};

/// A stored comment.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = comment)]
pub(crate) struct CommentRow {
    pub(crate) id: Key,
    ticket: Key,
    author_name: String,
    author_email: String,
    text: String,
    visibility: String,
    kind: String,
    origin: String,
    quoted: Option<String>,
    html: Option<String>,
    created_at: i64,
}

impl CommentRow {
    /// With its attachments, in their order.
    pub(crate) fn try_into_domain(self, attachments: Vec<AttachmentRow>) -> Result<Comment, Fault> {
        let attachments: Vec<_> = attachments
            .into_iter()
            .map(AttachmentRow::try_into_domain)
            .collect::<Result<_, _>>()?;
        let text = CommentText::parse(&self.text, attachments.len());
        Ok(Comment {
            id: CommentId(self.id.0),
            ticket: TicketId(self.ticket.0),
            author: party(&self.author_name, &self.author_email)?,
            text: text.map_err(|source| corrupt("a comment's text", source))?,
            visibility: word("a comment's visibility", &self.visibility, Visibility::parse)?,
            kind: word("a comment's kind", &self.kind, Kind::parse)?,
            origin: word("a comment's origin", &self.origin, Origin::parse)?,
            quoted: self.quoted,
            html: self.html,
            attachments,
            created_at: timestamp(self.created_at)?,
        })
    }
}

/// A comment to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = comment)]
pub(crate) struct NewCommentRow<'a> {
    pub(crate) id: Key,
    pub(crate) ticket: Key,
    pub(crate) author_name: &'a str,
    pub(crate) author_email: &'a str,
    pub(crate) text: &'a str,
    pub(crate) visibility: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) origin: &'static str,
    pub(crate) quoted: Option<Cow<'a, str>>,
    pub(crate) html: Option<Cow<'a, str>>,
    pub(crate) created_at: i64,
    pub(crate) held_until: Option<i64>,
}

impl<'a> From<&'a AcceptComment> for NewCommentRow<'a> {
    fn from(accept: &'a AcceptComment) -> Self {
        let comment = &accept.comment;
        Self {
            id: Key(comment.id.0),
            ticket: Key(comment.ticket.0),
            author_name: comment.author.name.as_str(),
            author_email: comment.author.email.as_str(),
            text: comment.text.as_str(),
            visibility: comment.visibility.as_str(),
            kind: comment.kind.as_str(),
            origin: comment.origin.as_str(),
            quoted: comment.quoted.as_deref().map(storable),
            html: comment.html.as_deref().map(storable),
            created_at: micros(comment.created_at),
            held_until: accept.held_until.map(micros),
        }
    }
}

/// A stored attachment, without its octets.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = attachment)]
pub(crate) struct AttachmentRow {
    id: Key,
    pub(crate) comment: Key,
    name: String,
    content_type: String,
    size: i64,
    sha256: String,
}

impl AttachmentRow {
    fn try_into_domain(self) -> Result<Attachment, Fault> {
        Ok(Attachment {
            id: AttachmentId(self.id.0),
            name: AttachmentName::clean(&self.name),
            content_type: MediaType::parse_or_octets(&self.content_type),
            size: count("an attachment's size", self.size)?,
            sha256: self.sha256,
        })
    }
}

/// An attachment to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = attachment)]
pub(crate) struct NewAttachmentRow<'a> {
    id: Key,
    comment: Key,
    position: i64,
    name: &'a str,
    content_type: &'a str,
    size: i64,
    sha256: &'a str,
}

impl<'a> NewAttachmentRow<'a> {
    pub(crate) fn all_of(comment: &'a Comment) -> Vec<Self> {
        (0..)
            .zip(&comment.attachments)
            .map(|(position, attachment)| Self {
                id: Key(attachment.id.0),
                comment: Key(comment.id.0),
                position,
                name: attachment.name.as_str(),
                content_type: attachment.content_type.as_str(),
                size: stored_size(attachment.size),
                sha256: &attachment.sha256,
            })
            .collect()
    }
}

/// Octets to store, by their digest.
#[derive(Debug, Insertable)]
#[diesel(table_name = content)]
pub(crate) struct ContentRow<'a> {
    pub(crate) sha256: &'a str,
    pub(crate) bytes: &'a [u8],
}
