//! Searching in comments, and keeping the index.
//!
//! The index follows the comments: accepting one puts it into a queue, and a later transaction indexes a batch. Done
//! within the acceptance it would cost several times as much as all the rest (FTS5 writes a segment at each savepoint).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use recado_domain::audience::Viewer;
use recado_domain::comment::{CommentId, Origin, Visibility};
use recado_domain::person::Role;
use recado_domain::search::{Sought, Words};
use recado_domain::ticket::TicketNumber;
use recado_ports::inbox::Found;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use crate::column::{Id, Key, corrupt, timestamp, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{MayRead, VisibleTo, substr};
use crate::operation::{Purpose, queries, run};
use crate::rows::party;
use crate::schema::{comment, search_queue, ticket};
use crate::wakeup::News;

/// Comments that one transaction indexes. FTS5 writes and merges less the more they are, and other writers wait longer.
const BATCH: u16 = 500;
/// Batches that a search takes in by itself.
const BATCHES: u32 = 2;
/// Characters of a comment that a search gives.
const TEXT: i32 = 10_000;
/// A viewer of so many tickets is helped by looking at each comment that is found; of fewer, by asking for the tickets
/// as for words. (Measured: at a thousand of them PostgreSQL gives up its index.)
const TICKETS: usize = 200;
/// Matches that are looked at for one page, before its reader is asked to go on.
const LOOKED_AT: usize = 20_000;
/// Comments that are read at once.
const CHUNK: usize = 1_000;

/// A comment in the index.
#[derive(Debug, QueryableByName)]
pub(crate) struct Hit {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Id)]
    comment: Key,
}

/// How the matches lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// On any ticket: they may be many.
    Everywhere,
    /// On the few tickets that are asked for.
    FewTickets,
}

/// A comment to index, its words separated by blanks.
pub(crate) struct Indexed {
    pub(super) comment: Key,
    pub(super) words: String,
}

/// What is in the queue, and of each comment of it its id, its ticket and its text.
type Queued = (Vec<Key>, Vec<(Key, Key, String)>);

/// What was in the queue, and what of it goes into the index, the oldest first.
struct Batch {
    queued: Vec<Key>,
    comments: Vec<Indexed>,
}

struct Wanted {
    sought: Sought,
    viewer: Viewer,
    before: i64,
    limit: usize,
}

#[derive(Debug, Queryable)]
struct FoundRow {
    id: Key,
    number: String,
    title: String,
    author_name: String,
    author_email: String,
    text: String,
    visibility: String,
    origin: String,
    created_at: i64,
}

/// What a search gives: each with its place, and the place up to which was looked when there may be more.
type Finding = (Vec<(i64, FoundRow)>, Option<i64>);

queries! {
    /// Comments to index: those in the queue, and of each that is there its ticket and its text.
    pub(super) async fn queued(connection: &mut Session, limit: &i64) -> Result<Queued, Fault> {
        let longest = i32::try_from(Words::TEXT_CHARS).expect("a small number");
        // Apart from reading the comments: in one query PostgreSQL would walk through all of them.
        let queued = search_queue::table.order(search_queue::comment).limit(*limit);
        let queued: Vec<Key> = queued.select(search_queue::comment).load(connection).await?;
        if queued.is_empty() {
            return Ok(Queued::default());
        }
        let comments = comment::table
            .filter(comment::id.eq_any(&queued))
            .order(comment::id)
            .select((comment::id, comment::ticket, substr(comment::text, 1, longest)));
        let comments = comments.load(connection).await?;
        Ok((queued, comments))
    }

    /// Indexes what is still in the queue; gives how many of it that was, and nothing while somebody else is at it.
    pub(super) async fn index(connection: &mut Session, batch: &Batch) -> Result<Option<usize>, Fault> {
        if !is_sole_indexer(connection).await? {
            return Ok(None);
        }
        let queued = search_queue::table.filter(search_queue::comment.eq_any(&batch.queued));
        let taken = diesel::delete(queued).returning(search_queue::comment).get_results(connection).await?;
        let taken: BTreeSet<Key> = taken.into_iter().collect();
        let comments = batch.comments.iter().filter(|indexed| taken.contains(&indexed.comment));
        add_to_index(connection, &comments.collect::<Vec<_>>()).await?;
        Ok(Some(taken.len()))
    }

    pub(super) async fn find(connection: &mut Session, wanted: &Wanted) -> Result<Finding, Fault> {
        let person = restricted(&wanted.viewer);
        let mut tickets: Vec<Key> = Vec::new();
        if let Some((visible, _)) = &person {
            let limit = i64::try_from(TICKETS + 1).expect("a small number");
            let visible = ticket::table.filter(visible.clone()).limit(limit).select(ticket::id);
            tickets = visible.load(connection).await?;
            if tickets.is_empty() {
                return Ok((Vec::new(), None));
            }
            if tickets.len() > TICKETS {
                tickets.clear();
            }
        }
        let tickets: Vec<String> = tickets.into_iter().map(ticket_word).collect();
        let expression = expression(wanted.sought.whole(), wanted.sought.beginning(), &tickets);
        let spread = if tickets.is_empty() { Spread::Everywhere } else { Spread::FewTickets };
        let mut found = Vec::new();
        let mut before = wanted.before;
        // The first look is enough, save where few of the matches are for the viewer.
        for most in [wanted.limit, LOOKED_AT] {
            let limit = i64::try_from(most).expect("a small number");
            let hits = hits(connection, &expression, spread, before, limit).await?;
            for chunk in hits.chunks(CHUNK) {
                let mut rows = read_found(connection, chunk, person.as_ref()).await?;
                found.extend(chunk.iter().filter_map(|hit| Some((hit.place, rows.remove(&hit.comment)?))));
                before = chunk.last().map_or(before, |hit| hit.place);
                if found.len() >= wanted.limit {
                    return Ok((found, Some(before)));
                }
            }
            if hits.len() < most {
                return Ok((found, None));
            }
        }
        Ok((found, Some(before)))
    }

    /// Those of the matches that the viewer may read.
    async fn read_found(
        connection: &mut Session,
        hits: &[Hit],
        person: Option<&(VisibleTo, MayRead)>,
    ) -> Result<BTreeMap<Key, FoundRow>, Fault> {
        let mut query = comment::table
            .inner_join(ticket::table.on(ticket::id.eq(comment::ticket)))
            .filter(comment::id.eq_any(hits.iter().map(|hit| hit.comment)))
            .filter(comment::withdrawn_at.is_null())
            .select((
                comment::id,
                ticket::number,
                ticket::title,
                comment::author_name,
                comment::author_email,
                substr(comment::text, 1, TEXT),
                comment::visibility,
                comment::origin,
                comment::created_at,
            ))
            .into_boxed::<Backend>();
        if let Some((visible, readable)) = person {
            query = query.filter(visible.clone()).filter(readable.clone());
        }
        let rows: Vec<FoundRow> = query.load(connection).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// A ticket as a word: no text has one that begins so.
fn ticket_word(Key(ticket): Key) -> String {
    format!("_{}", ticket.simple())
}

fn indexed(comment: Key, ticket: Key, text: &str) -> Indexed {
    let mut words = ticket_word(ticket);
    for word in Words::of(text).iter() {
        words.push(' ');
        words.push_str(word);
    }
    Indexed { comment, words }
}

/// The conditions for whoever does not see everything.
fn restricted(viewer: &Viewer) -> Option<(VisibleTo, MayRead)> {
    if viewer.role >= Role::Technician {
        return None;
    }
    let email = viewer.email.as_str().to_owned();
    let groups: Vec<String> = viewer
        .groups
        .iter()
        .map(|group| group.as_str().to_owned())
        .collect();
    let visible = VisibleTo {
        email: email.clone(),
        groups: groups.clone(),
    };
    Some((visible, MayRead { email, groups }))
}

pub(super) async fn index_comments(database: &Database, limit: u16) -> Result<u64, StoreError> {
    let mut count = 0;
    while count < u64::from(limit) {
        let (queued, comments) = run!(database.read(), queued, i64::from(limit.min(BATCH)))?;
        if queued.is_empty() {
            break;
        }
        // Words are cut here, and not by whoever writes: others would wait for it.
        let comments = comments
            .iter()
            .map(|(id, ticket, text)| indexed(*id, *ticket, text));
        let batch = Batch {
            queued,
            comments: comments.collect(),
        };
        let terms = Purpose::Track.with(News::Nothing);
        let Some(indexed) = run!(database.write(terms), index, batch)? else {
            break;
        };
        count += indexed as u64;
    }
    Ok(count)
}

pub(super) async fn search(
    database: &Database,
    viewer: &Viewer,
    text: &str,
    page: &PageRequest,
) -> Result<Page<Found>, StoreError> {
    let nothing = Page {
        items: Vec::new(),
        next: None,
    };
    let before = page.after.as_deref().map_or(Ok(i64::MAX), str::parse);
    let (Some(sought), Ok(before)) = (Sought::parse(text), before) else {
        return Ok(nothing);
    };
    for _ in 0..BATCHES {
        if index_comments(database, BATCH).await? < u64::from(BATCH) {
            break;
        }
    }
    let limit = usize::from(page.limit.get());
    let wanted = Wanted {
        sought,
        viewer: viewer.clone(),
        before,
        // One more tells whether there are more.
        limit: limit + 1,
    };
    let (mut found, rest) = run!(database.read(), find, wanted)?;
    let next = if found.len() > limit {
        found.truncate(limit);
        found.last().map(|(place, _)| *place)
    } else {
        rest
    };
    let items = found.into_iter().map(|(_, row)| row.try_into_port());
    Ok(Page {
        items: items.collect::<Result<_, _>>()?,
        next: next.map(|place| place.to_string()),
    })
}

impl FoundRow {
    fn try_into_port(self) -> Result<Found, Fault> {
        Ok(Found {
            comment: CommentId(self.id.0),
            ticket: TicketNumber::parse(&self.number)
                .map_err(|source| corrupt("a ticket's number", source))?,
            title: self.title,
            author: party(&self.author_name, &self.author_email)?,
            text: self.text,
            visibility: word("a comment's visibility", &self.visibility, Visibility::parse)?,
            origin: word("a comment's origin", &self.origin, Origin::parse)?,
            at: timestamp(self.created_at)?,
        })
    }
}
