//! Tickets as a person's list shows them, and the search through comments.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::audience::Viewer;
use recado_domain::comment::{CommentId, Origin, Visibility};
use recado_domain::person::{EmailAddress, Party};
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus};

use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// Which tickets a list shows, of those that the viewer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// All of them.
    All,
    /// Those that the viewer is the responsible of.
    Responsible,
    /// Those that the viewer is the requester or a watcher of.
    Asked,
    /// Those of the viewer's groups that nobody is the responsible of, or a member of the group is.
    Groups,
    /// Open ones whose last public comment is neither the responsible's nor a technician's or administrator's; one on
    /// which nothing was said is none of them.
    Unanswered,
    /// Open ones with a mail that was given up (`dead`) or bounced, for whoever reads the ticket's internal comments:
    /// others would learn of a mail about one.
    Undelivered,
}

/// A list to read.
#[derive(Debug, Clone)]
pub struct InboxQuery {
    /// Who looks.
    pub viewer: Viewer,
    /// Which tickets.
    pub view: View,
    /// Open or closed ones; `None` for both.
    pub status: Option<TicketStatus>,
    /// Those whose number or title holds this text, in any letter case.
    pub text: Option<String>,
}

/// The newest comment that the viewer may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastComment {
    /// Who wrote it.
    pub author: Party,
    /// The text's beginning, as [`LastComment::beginning_of`] gives it.
    pub beginning: String,
    /// Public or internal.
    pub visibility: Visibility,
    /// When.
    pub at: Timestamp,
}

impl LastComment {
    /// Most characters of [`LastComment::beginning`].
    pub const BEGINNING_CHARS: usize = 160;

    /// A text's beginning as lists show it: blanks and line breaks in a row are one blank.
    pub fn beginning_of(text: &str) -> String {
        let mut beginning = String::new();
        for word in text.split_whitespace() {
            if !beginning.is_empty() {
                beginning.push(' ');
            }
            beginning.push_str(word);
            if beginning.len() > 4 * Self::BEGINNING_CHARS {
                break;
            }
        }
        beginning.chars().take(Self::BEGINNING_CHARS).collect()
    }
}

/// A ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSummary {
    /// The ticket.
    pub ticket: Ticket,
    /// What was said last.
    pub last: Option<LastComment>,
    /// As [`View::Unanswered`].
    pub is_unanswered: bool,
    /// As [`View::Undelivered`].
    pub is_undelivered: bool,
    /// Whether the newest comment that the viewer may read is somebody else's and later than
    /// [`Inbox::mark_read`].
    pub is_unread: bool,
}

/// How many open tickets each list has; counting ends at [`Counts::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// [`View::Responsible`].
    pub responsible: u64,
    /// [`View::Groups`].
    pub groups: u64,
    /// [`View::Unanswered`].
    pub unanswered: u64,
    /// [`View::Undelivered`].
    pub undelivered: u64,
}

impl Counts {
    /// "This many, or more".
    pub const MOST: u64 = 1_000;
}

/// A comment that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The comment.
    pub comment: CommentId,
    /// Its ticket.
    pub ticket: TicketNumber,
    /// The ticket's title.
    pub title: String,
    /// Who wrote it.
    pub author: Party,
    /// The text, at most 10,000 characters of it.
    pub text: String,
    /// Public or internal.
    pub visibility: Visibility,
    /// Where it was written.
    pub origin: Origin,
    /// When.
    pub at: Timestamp,
}

/// Lists and searches. Comments under hold (`AcceptComment::held_until`) count for their author and for whoever may read
/// internal comments alone.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Tickets, the one with the latest comment that the viewer may read first; one without comments by its making.
    async fn list(&self, query: &InboxQuery, page: &PageRequest) -> Result<Page<TicketSummary>, StoreError>;

    /// How many open tickets each of the desk's lists has.
    async fn counts(&self, viewer: &Viewer) -> Result<Counts, StoreError>;

    /// Comments in which is what the text seeks ([`recado_domain::search::Sought`]), the newest first; nothing for a
    /// text without words. Quick with a million comments: a page may hold fewer than were asked for, and yet have a
    /// next one.
    ///
    /// The index follows the comments: this call takes in a few that are new itself, so that what was just said is
    /// found; the rest is for [`Inbox::index_comments`].
    async fn search(
        &self,
        viewer: &Viewer,
        text: &str,
        page: &PageRequest,
    ) -> Result<Page<Found>, StoreError>;

    /// Takes comments into the search that are not yet in it, the oldest first, at most `limit`; gives how many. To be
    /// called until it gives none, every few seconds. Of several callers at once one does the work.
    async fn index_comments(&self, limit: u16) -> Result<u64, StoreError>;

    /// Notes that somebody has read a ticket up to the time; an earlier time changes nothing. Need not wait for the
    /// disk.
    async fn mark_read(
        &self,
        email: &EmailAddress,
        ticket: TicketId,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}
