//! A comment as a message on a page: what to show of it, to whom, and what may be done with it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use recado_app::access::Actor;
use recado_app::read_deliveries::HeldChannels;
use recado_domain::comment::{Attachment, Comment, Kind, Origin, Visibility};
use recado_domain::outbox::State;
use recado_domain::person::{EmailAddress, Party, Role};
use recado_domain::ticket::Ticket;
use recado_ports::comments::{CommentWithDeliveries, DeliverySummary};
use serde::Serialize;

use super::face::{self, Face};
use super::files::is_picture;
use super::mail_state::{self, MailState, Together};
use super::text::{Segment, beginning, linked};

/// How much of a text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Extent {
    /// As much as a conversation has room for.
    Beginning,
    /// All of it.
    Whole,
}

/// Who reads a conversation, where and when.
pub(in crate::web) struct Reading<'a> {
    pub(in crate::web) face: Face,
    /// Nobody, where a link alone opened it.
    pub(in crate::web) actor: Option<&'a Actor>,
    pub(in crate::web) ticket: &'a Ticket,
    pub(in crate::web) held: &'a HeldChannels,
    pub(in crate::web) now: Timestamp,
    pub(in crate::web) zone: &'a TimeZone,
    pub(in crate::web) extent: Extent,
}

/// A message.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark that the template shows or not"
)]
pub(in crate::web) struct Message {
    id: String,
    /// `left` or `right`: the other side's, or this one's.
    side: &'static str,
    href: String,
    author: String,
    is_own: bool,
    at: Timestamp,
    /// Whether a day begins with it.
    day: bool,
    by_mail: bool,
    by_api: bool,
    is_note: bool,
    is_internal: bool,
    /// Whether others cannot see it yet.
    is_held: bool,
    segments: Vec<Segment>,
    /// Octets of the whole text, when it was cut.
    rest: Option<usize>,
    quoted: Option<String>,
    pictures: Vec<File>,
    files: Vec<File>,
    /// The ids of its mails, so that the script knows which message a mail belongs to.
    deliveries: String,
    state: Option<Together>,
    undo: Option<Undo>,
    mails: Vec<Mail>,
    menu: Option<Menu>,
}

#[derive(Debug, Serialize)]
struct File {
    href: String,
    name: String,
    size: u64,
}

/// A message's way back, while it is under hold.
#[derive(Debug, Serialize)]
struct Undo {
    action: String,
    /// The key of what goes before the seconds.
    key: &'static str,
    seconds: i64,
}

/// A mail in a message's details.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Mail {
    #[serde(flatten)]
    state: MailState,
    recipient: String,
    /// When its message was written.
    at: Timestamp,
    reason: Option<String>,
    href: Option<String>,
    requeue: Option<String>,
}

/// What may be done with a message.
#[derive(Debug, Serialize)]
struct Menu {
    withdraw: String,
    internal: Option<String>,
    /// Whom mails have reached, or may have: they cannot be called back.
    left: Option<String>,
    count: usize,
}

impl Message {
    /// Names the pictures instead of showing them.
    pub(super) fn list_pictures(&mut self) {
        let pictures = std::mem::take(&mut self.pictures);
        self.files.splice(0..0, pictures);
    }
}

impl Reading<'_> {
    /// The messages of a page, in their order; `before` is the day of the message above them.
    pub(in crate::web) fn messages(
        &self,
        comments: Vec<CommentWithDeliveries>,
        mut before: Option<Date>,
    ) -> Vec<Message> {
        let mut messages = Vec::with_capacity(comments.len());
        for found in comments {
            let day = self.day(&found.comment);
            messages.push(self.message(found, before != Some(day)));
            before = Some(day);
        }
        messages
    }

    /// The mails of these comments, those that need somebody first, then the newest.
    pub(in crate::web) fn mails(&self, comments: &[CommentWithDeliveries]) -> Vec<Mail> {
        let mut mails: Vec<_> = comments
            .iter()
            .rev()
            .flat_map(|found| {
                let at = found.comment.created_at;
                found
                    .deliveries
                    .iter()
                    .map(move |delivery| self.mail(delivery, at))
            })
            .collect();
        mails.sort_by_key(|mail| mail.state.tone != "bad");
        mails
    }

    /// The day of a comment, where its reader is.
    pub(in crate::web) fn day(&self, comment: &Comment) -> Date {
        self.zone.to_datetime(comment.created_at).date()
    }

    fn message(&self, found: CommentWithDeliveries, day: bool) -> Message {
        let is_own = self.is_own(&found.comment.author.email);
        let undo = self.undo(&found, is_own);
        let is_internal = found.comment.visibility == Visibility::Internal;
        let is_right = is_own || self.face == Face::Desk && self.is_desks(&found.comment);
        let state = self.state(&found, is_own, is_right, undo.is_some());
        let menu = self.menu(&found, is_own, undo.is_some());
        let mails = if state.is_some() && undo.is_none() {
            let at = found.comment.created_at;
            found
                .deliveries
                .iter()
                .map(|delivery| self.mail(delivery, at))
                .collect()
        } else {
            Vec::new()
        };
        let deliveries = found.deliveries.iter().map(|delivery| delivery.id.0.to_string());
        let deliveries = deliveries.collect::<Vec<_>>().join(" ");
        let comment = found.comment;
        // What can be undone comes back into the write box, so all of it is there.
        let (text, is_cut) = match undo {
            Some(_) => (comment.text.as_str(), false),
            None => self.cut(comment.text.as_str()),
        };
        let (pictures, files) = comment
            .attachments
            .iter()
            .map(|file| (is_picture(file), self.file(&comment, file)))
            .partition::<Vec<_>, _>(|(is_picture, _)| *is_picture);
        let files_alone = |files: Vec<(bool, File)>| files.into_iter().map(|(_, file)| file).collect();
        Message {
            id: comment.id.0.to_string(),
            side: if is_right { "right" } else { "left" },
            href: self.face.comment(&self.ticket.number, comment.id),
            author: name(&comment.author).to_owned(),
            is_own,
            at: comment.created_at,
            day,
            by_mail: comment.origin == Origin::Mail,
            by_api: comment.origin == Origin::Api && self.face == Face::Desk,
            is_note: comment.kind == Kind::Note && !is_internal,
            is_internal,
            is_held: undo.is_some(),
            segments: linked(text),
            rest: is_cut.then(|| comment.text.as_str().len()),
            quoted: comment
                .quoted
                .as_deref()
                .map(|quoted| self.cut(quoted).0.to_owned()),
            pictures: files_alone(pictures),
            files: files_alone(files),
            deliveries,
            state,
            undo,
            mails,
            menu,
        }
    }

    fn is_own(&self, author: &EmailAddress) -> bool {
        self.actor
            .and_then(Actor::party)
            .is_some_and(|party| party.email == *author)
    }

    /// Whether the desk speaks.
    fn is_desks(&self, comment: &Comment) -> bool {
        let responsible = self.ticket.responsible.as_ref();
        comment.author.email != self.ticket.requester.email
            && (comment.origin == Origin::Desk
                || responsible.is_some_and(|party| party.email == comment.author.email))
    }

    fn is_technicians(&self) -> bool {
        self.actor.is_some_and(|actor| actor.role() >= Role::Technician)
    }

    fn cut<'t>(&self, text: &'t str) -> (&'t str, bool) {
        match self.extent {
            Extent::Beginning => beginning(text),
            Extent::Whole => (text, false),
        }
    }

    fn undo(&self, found: &CommentWithDeliveries, is_own: bool) -> Option<Undo> {
        let left = found.held_until?.duration_since(self.now);
        if !left.is_positive() || !(is_own || self.is_technicians()) {
            return None;
        }
        // Rounded up: while a second is shown there is one.
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        let action = format!(
            "{}/undo",
            self.face.comment(&self.ticket.number, found.comment.id)
        );
        let key = if found.deliveries.is_empty() {
            "hold-undoable"
        } else {
            "hold-leaves"
        };
        Some(Undo { action, key, seconds })
    }

    /// The line below a message. The desk sees what became of everything that it says, and of others' mails what went
    /// wrong; a requester what became of their own.
    fn state(
        &self,
        found: &CommentWithDeliveries,
        is_own: bool,
        is_right: bool,
        can_undo: bool,
    ) -> Option<Together> {
        if can_undo {
            return Some(MailState::HOLD.into());
        }
        self.actor?;
        let states: Vec<_> = found
            .deliveries
            .iter()
            .map(|delivery| mail_state::shown(delivery, self.held))
            .collect();
        let line = mail_state::together(&states);
        match self.face {
            Face::Portal if is_own => Some(line.unwrap_or_else(|| MailState::RECEIVED.into())),
            Face::Portal => None,
            Face::Desk if is_right => {
                let is_internal = found.comment.visibility == Visibility::Internal;
                line.or_else(|| (!is_internal).then(|| MailState::NO_MAIL.into()))
            }
            Face::Desk => line.filter(|line| line.state.tone == "bad"),
        }
    }

    fn mail(&self, delivery: &DeliverySummary, at: Timestamp) -> Mail {
        let is_desk = self.face == Face::Desk && self.is_technicians();
        let href = face::delivery(delivery.id);
        Mail {
            state: mail_state::shown(delivery, self.held),
            recipient: delivery.recipient.as_str().to_owned(),
            at,
            reason: mail_state::reason(delivery),
            requeue: (is_desk && delivery.state == State::Dead).then(|| format!("{href}/requeue")),
            href: is_desk.then_some(href),
        }
    }

    /// The desk takes back what anybody wrote; others their own, while no mail has left.
    fn menu(&self, found: &CommentWithDeliveries, is_own: bool, can_undo: bool) -> Option<Menu> {
        let left: Vec<_> = found
            .deliveries
            .iter()
            .filter(|delivery| mail_state::has_left(delivery))
            .map(|delivery| delivery.recipient.as_str())
            .collect();
        let is_desk = self.face == Face::Desk && self.is_technicians();
        let may = is_desk || is_own && left.is_empty() && !found.deliveries.is_empty();
        if !may || can_undo && !is_desk {
            return None;
        }
        let path = self.face.comment(&self.ticket.number, found.comment.id);
        let is_public = found.comment.visibility == Visibility::Public;
        Some(Menu {
            internal: (is_desk && is_public).then(|| format!("{path}/internal")),
            withdraw: format!("{path}/withdraw"),
            count: left.len(),
            left: (!left.is_empty()).then(|| left.join(", ")),
        })
    }

    fn file(&self, comment: &Comment, file: &Attachment) -> File {
        File {
            href: self.face.file(&self.ticket.number, comment.id, file.id),
            name: file.name.as_str().to_owned(),
            size: file.size,
        }
    }
}

/// What somebody is called on a page; whoever gave no name is called by the address.
pub(in crate::web) fn name(party: &Party) -> &str {
    match party.name.as_str().trim() {
        "" => party.email.as_str(),
        name => name,
    }
}
