//! Rows, and how they become what the domain knows.

mod comment;
mod delivery;
mod mail;
mod ticket;
mod user;

pub(crate) use comment::{AttachmentRow, CommentRow, ContentRow, NewAttachmentRow, NewCommentRow};
pub(crate) use delivery::{AttemptRow, DeliveryRow, MessageRow, NewAttemptRow, NewDeliveryRow, message_id};
pub(crate) use mail::{MailRow, NewIncomingMessageRow, NewMailRow, Verdict, outcome};
pub(crate) use ticket::{NewTicketRow, NewWatcherRow, TicketRow, WatcherRow, containing, search_text};
pub(crate) use user::{NewUserRow, UserChange, UserRow, account_text, standing};

use recado_domain::person::{EmailAddress, Party, PersonName};
use uuid::Uuid;

use crate::column::corrupt;
use crate::fault::Fault;

/// A stored address.
pub(crate) fn address(text: &str) -> Result<EmailAddress, Fault> {
    EmailAddress::parse(text).map_err(|source| corrupt("an address", source))
}

/// Stored addresses.
pub(crate) fn addresses<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<Vec<EmailAddress>, Fault> {
    texts.into_iter().map(|text| address(text)).collect()
}

/// A stored name and address.
pub(crate) fn party(name: &str, email: &str) -> Result<Party, Fault> {
    let name = PersonName::parse(name).map_err(|source| corrupt("a name", source))?;
    Ok(Party {
        name,
        email: address(email)?,
    })
}

/// A page's cursor, where the list is ordered by id. One that we did not give leads nowhere, like the last page's.
pub(crate) fn cursor(after: Option<&str>) -> Cursor {
    match after {
        None => Cursor::Start,
        Some(text) => Uuid::parse_str(text).map_or(Cursor::Nowhere, Cursor::Behind),
    }
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// At the list's start.
    Start,
    /// Behind the item with this id.
    Behind(Uuid),
    /// Nothing follows.
    Nowhere,
}
