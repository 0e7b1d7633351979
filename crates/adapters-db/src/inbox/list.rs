//! Reading lists: the page's tickets first, then all that is shown of them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::audience::Viewer;
use recado_domain::comment::Visibility;
use recado_domain::person::{EmailAddress, Role};
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::inbox::{Counts, InboxQuery, LastComment, TicketSummary, View};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use super::listing::{Counting, Listing, Selection, Sight};
use crate::column::{Key, timestamp, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{Undelivered, substr};
use crate::operation::{queries, run};
use crate::rows::{Cursor, TicketRow, WatcherRow, containing, cursor, party};
use crate::schema::{app_user, comment, outbox, read_mark, ticket, ticket_watcher};
use crate::tickets::assemble;

/// Characters of a comment that are read for its beginning: blanks in a row become one.
const BEGINNING: i32 = 1_000;

/// Views that are counted.
const COUNTED: [View; 4] = [
    View::Responsible,
    View::Groups,
    View::Unanswered,
    View::Undelivered,
];

/// A page to read.
struct Wanted {
    viewer: Viewer,
    query: InboxQuery,
    before: Option<Key>,
    limit: i64,
}

/// A comment as a list shows it.
#[derive(Debug, Queryable)]
struct LastRow {
    id: Key,
    author_name: String,
    author_email: String,
    text: String,
    visibility: String,
    created_at: i64,
    released_at: Option<i64>,
}

/// What is shown of a page.
#[derive(Default)]
struct Read {
    /// Ticket, place, and who wrote the newest public comment.
    places: Vec<(Key, Key, Option<String>)>,
    tickets: (Vec<TicketRow>, Vec<WatcherRow>),
    last: Vec<LastRow>,
    /// Those of the authors who are the desk.
    desk: Vec<String>,
    undelivered: Vec<Option<Key>>,
    marks: Vec<(Key, i64)>,
}

queries! {
    pub(super) async fn list(connection: &mut Session, wanted: &Wanted) -> Result<Read, Fault> {
        let selection = select(connection, &wanted.viewer, wanted.query.view, &wanted.query).await?;
        if selection.is_void() {
            return Ok(Read::default());
        }
        let listing = Listing { selection, before: wanted.before, limit: wanted.limit };
        let places: Vec<(Key, Key, Option<String>)> = listing.load(connection).await?;
        if places.is_empty() {
            return Ok(Read::default());
        }
        let tickets: Vec<Key> = places.iter().map(|(ticket, ..)| *ticket).collect();
        let comments = places.iter().filter(|(ticket, place, _)| ticket != place).map(|(_, place, _)| *place);
        let last = comment::table
            .filter(comment::id.eq_any(comments))
            .select((
                comment::id,
                comment::author_name,
                comment::author_email,
                substr(comment::text, 1, BEGINNING),
                comment::visibility,
                comment::created_at,
                comment::released_at,
            ))
            .load(connection)
            .await?;
        let authors: BTreeSet<&str> = places.iter().filter_map(|(.., author)| author.as_deref()).collect();
        let desk = app_user::table
            .filter(app_user::email.eq_any(authors))
            .filter(app_user::role.eq_any([Role::Technician, Role::Administrator].map(Role::as_str)))
            .select(app_user::email)
            .load(connection)
            .await?;
        let undelivered = outbox::table
            .filter(outbox::ticket.eq_any(&tickets))
            .filter(Undelivered)
            .select(outbox::ticket)
            .load(connection)
            .await?;
        let marks = read_mark::table
            .filter(read_mark::email.eq(wanted.viewer.email.as_str()))
            .filter(read_mark::ticket.eq_any(&tickets))
            .select((read_mark::ticket, read_mark::read_at))
            .load(connection)
            .await?;
        let rows = ticket::table.filter(ticket::id.eq_any(&tickets)).select(TicketRow::as_select());
        let rows = rows.load(connection).await?;
        let watchers = ticket_watcher::table
            .filter(ticket_watcher::ticket.eq_any(&tickets))
            .order((ticket_watcher::ticket, ticket_watcher::position))
            .select(WatcherRow::as_select())
            .load(connection)
            .await?;
        Ok(Read { places, tickets: (rows, watchers), last, desk, undelivered, marks })
    }

    pub(super) async fn counts(connection: &mut Session, viewer: &Viewer) -> Result<Vec<i64>, Fault> {
        let mut counts = Vec::new();
        for view in COUNTED {
            let open = InboxQuery {
                viewer: viewer.clone(),
                view,
                status: Some(TicketStatus::Open),
                text: None,
            };
            let selection = select(connection, viewer, view, &open).await?;
            let limit = i64::try_from(Counts::MOST).expect("a small number");
            counts.push(Counting { selection, limit }.get_result(connection).await?);
        }
        Ok(counts)
    }

    /// The selection behind a query.
    async fn select(
        connection: &mut Session,
        viewer: &Viewer,
        view: View,
        query: &InboxQuery,
    ) -> Result<Selection, Fault> {
        let me = viewer.email.as_str();
        let sight = if viewer.role >= Role::Technician {
            Sight::Everything
        } else {
            let held = comment::table
                .filter(comment::held_until.is_not_null())
                .filter(comment::author_email.eq(me))
                .filter(comment::visibility.eq(Visibility::Public.as_str()))
                .order(comment::id)
                .select((comment::ticket, comment::id));
            let held: Vec<(Key, Key)> = held.load(connection).await?;
            // The newest of each ticket.
            Sight::Own { held: held.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect() }
        };
        Ok(Selection {
            me: me.to_owned(),
            groups: viewer.groups.iter().map(|group| group.as_str().to_owned()).collect(),
            sight,
            view,
            status: query.status,
            pattern: query.text.as_deref().map(containing),
        })
    }
}

pub(super) async fn page(
    database: &Database,
    query: &InboxQuery,
    page: &PageRequest,
) -> Result<Page<TicketSummary>, StoreError> {
    let before = match cursor(page.after.as_deref()) {
        Cursor::Start => None,
        Cursor::Behind(id) => Some(Key(id)),
        Cursor::Nowhere => {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
    };
    let size = usize::from(page.limit.get());
    let wanted = Wanted {
        viewer: query.viewer.clone(),
        query: query.clone(),
        before,
        limit: i64::from(page.limit.get()) + 1,
    };
    let read = run!(database.read(), list, wanted)?;
    let last = read.places.get(size - 1).map(|(_, place, _)| place.0.to_string());
    let next = last.filter(|_| read.places.len() > size);
    let mut items = summaries(&query.viewer, read)?;
    items.truncate(size);
    Ok(Page { items, next })
}

pub(super) async fn count(database: &Database, viewer: &Viewer) -> Result<Counts, StoreError> {
    let counts = run!(database.read(), counts, viewer.clone())?;
    let of = |wanted: View| {
        let index = COUNTED.iter().position(|view| *view == wanted);
        let count = index.and_then(|index| counts.get(index)).copied().unwrap_or(0);
        u64::try_from(count).unwrap_or(0)
    };
    Ok(Counts {
        responsible: of(View::Responsible),
        groups: of(View::Groups),
        unanswered: of(View::Unanswered),
        undelivered: of(View::Undelivered),
    })
}

fn summaries(viewer: &Viewer, read: Read) -> Result<Vec<TicketSummary>, Fault> {
    let mut tickets: BTreeMap<Key, Ticket> = BTreeMap::new();
    for ticket in assemble(read.tickets)? {
        tickets.insert(Key(ticket.id.0), ticket);
    }
    let last: BTreeMap<Key, LastRow> = read.last.into_iter().map(|row| (row.id, row)).collect();
    let undelivered: BTreeSet<Key> = read.undelivered.into_iter().flatten().collect();
    let marks: BTreeMap<Key, i64> = read.marks.into_iter().collect();
    let mut items = Vec::new();
    for (id, place, author) in read.places {
        // One that was removed between the two looks is not there.
        let Some(ticket) = tickets.remove(&id) else {
            continue;
        };
        let desk = viewer.sees_internal(&ticket);
        let is_open = ticket.status == TicketStatus::Open;
        let is_answer = |email: &str| {
            let responsible = ticket.responsible.as_ref().map(|party| &party.email);
            responsible.map(EmailAddress::as_str) == Some(email)
                || read.desk.iter().any(|known| known == email)
        };
        let is_unanswered = is_open && author.as_deref().is_some_and(|email| !is_answer(email));
        let row = last.get(&place);
        // To whom a comment was hidden under hold it is as new as its release.
        let shown_at = row.map(|row| row.released_at.filter(|_| !desk).unwrap_or(row.created_at));
        let is_others = row.is_some_and(|row| row.author_email != viewer.email.as_str());
        let is_unread = is_others && marks.get(&id).copied() < shown_at;
        items.push(TicketSummary {
            last: row.map(last_comment).transpose()?,
            is_unanswered,
            is_undelivered: is_open && desk && undelivered.contains(&id),
            is_unread,
            ticket,
        });
    }
    Ok(items)
}

fn last_comment(row: &LastRow) -> Result<LastComment, Fault> {
    Ok(LastComment {
        author: party(&row.author_name, &row.author_email)?,
        beginning: LastComment::beginning_of(&row.text),
        visibility: word("a comment's visibility", &row.visibility, Visibility::parse)?,
        at: timestamp(row.created_at)?,
    })
}
