//! Conversations, as the portal and the desk both show them: the messages, the write box, the files. The lists around
//! them are `portal`'s and `desk`'s.

mod act;
mod face;
mod files;
pub(super) mod list;
pub(super) mod mail_state;
mod mark;
mod message;
mod talk;
mod text;
mod ticket;
mod write;

use recado_domain::comment::CommentId;
use recado_domain::person::Role;
use recado_domain::ticket::TicketNumber;
use uuid::Uuid;

pub(super) use act::{make_internal, mute, undo, unmute, withdraw};
pub(super) use face::Face;
pub(super) use files::get_file;
pub(super) use message::{Extent, Mail, Reading, name};
pub(super) use talk::{At, Spoken, Talk, get_comment, spoken};
pub(super) use ticket::{TicketView, page_title};
pub(super) use write::{Draft, Write, post_message};

use super::refusal::WebRefusal;
use super::visit::SignedIn;

/// A ticket's number out of a path.
pub(super) fn number(text: &str) -> Result<TicketNumber, WebRefusal> {
    TicketNumber::parse(text).map_err(|_| WebRefusal::NotFound)
}

/// A comment's id out of a path or query.
fn comment_id(text: &str) -> Result<CommentId, WebRefusal> {
    text.parse::<Uuid>()
        .map(CommentId)
        .map_err(|_| WebRefusal::NotFound)
}

/// The face that a request came to; the desk is not there for requesters.
fn face(visit: &SignedIn) -> Result<Face, WebRefusal> {
    match Face::of_path(&visit.path) {
        Face::Desk if visit.actor().role() < Role::Technician => Err(WebRefusal::NotFound),
        face => Ok(face),
    }
}
