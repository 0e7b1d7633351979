//! On PostgreSQL: one round trip for all, of a few statements that are sent together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use futures_util::future::try_join3;
use recado_domain::audience::eligible;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::Ticket;
use recado_ports::comments::{ContextQuery, IdempotencyRecord, OnTicket};

use super::{Facts, possible_technicians};
use crate::column::{Id, Key, micros};
use crate::comments::accept::IdempotencyRow;
use crate::fault::Fault;
use crate::gather::Answers;
use crate::postgres::{Connection, statement};
use crate::rows::{TicketRow, WatcherRow, message_id};
use crate::schema::idempotency;
use crate::tickets::assemble;

/// Most readings, of which each but the first is made because a ticket was written during the one before. Each takes a
/// millisecond.
const TRIES: u32 = 8;

statement! {
    /// Tickets by their numbers. The limit, here and below, makes the planner expect as few rows of an array as there are
    /// mostly, so that it plans once.
    Tickets<'a> {
        numbers: &'a str => Text,
    } -> (
        Id, Text, Text, Text, Text, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Text,
        Nullable<Text>, Nullable<Text>, Text, BigInt, BigInt, BigInt, Nullable<BigInt>, Nullable<Text>
    ) = "SELECT ticket.id, ticket.number, ticket.title, ticket.requester_name, ticket.requester_email,
            ticket.responsible_name, ticket.responsible_email, ticket.group_name, ticket.group_email, ticket.status,
            ticket.contract, ticket.locale, ticket.attributes, ticket.version, ticket.created_at, ticket.updated_at,
            ticket.closed_at, ticket.follows
        FROM (SELECT * FROM unnest(?) AS given (number) LIMIT (SELECT 1000000)) AS given
        JOIN ticket ON ticket.number_folded = given.number"
}

/// A row of [`FactsAround`].
type Fact = (
    i32,
    Option<Key>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<Key>,
);

statement! {
    /// What is to be known besides, a row a fact: of what kind, on which ticket, about whose address, and what. It is asked
    /// about everybody on the tickets but the comments' authors: [`eligible`] finds out who counts. `OFFSET 0` keeps each
    /// person looked up by the index, whatever the tables were like when the plan was made.
    FactsAround<'a> {
        numbers: &'a str => Text,
        authors: &'a str => Text,
        desks: &'a str => Text,
        tickets: Key => Id,
        people: &'a str => Text,
        candidates: &'a str => Text,
        earliest: i64 => BigInt,
        lengths: i64 => BigInt,
    } -> (Integer, Nullable<Id>, Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Nullable<Id>) = "WITH asked AS (
            SELECT ticket.id, ticket.version, given.author, ticket.requester_email,
                coalesce(ticket.responsible_email, ticket.group_email) AS answering
            FROM (SELECT * FROM unnest(?, ?) AS given (number, author) LIMIT (SELECT 1000000)) AS given
            JOIN ticket ON ticket.number_folded = given.number
        ), watcher AS (
            SELECT there.ticket, there.position, there.name, there.email
            FROM (SELECT DISTINCT id FROM asked) AS asked JOIN ticket_watcher there ON there.ticket = asked.id
        ), person AS (
            SELECT id AS ticket, requester_email AS email FROM asked WHERE requester_email <> author
            UNION SELECT id, answering FROM asked WHERE answering <> author
            UNION SELECT asked.id, given.email
                FROM asked, (SELECT * FROM unnest(?) AS given (email) LIMIT (SELECT 1000000)) AS given
                WHERE asked.answering IS NULL
            UNION SELECT watcher.ticket, watcher.email
                FROM watcher JOIN asked ON asked.id = watcher.ticket WHERE watcher.email <> asked.author
            UNION SELECT * FROM (SELECT * FROM unnest(?, ?) AS given (ticket, email) LIMIT (SELECT 1000000)) AS given
        ), candidate AS (
            SELECT email FROM watcher
            UNION SELECT * FROM (SELECT * FROM unnest(?) AS given (email) LIMIT (SELECT 1000000)) AS given
        )
        SELECT 0, ticket, email, name, position, NULL::uuid FROM watcher
        UNION ALL SELECT 1, NULL, there.email, NULL, NULL, NULL
            FROM candidate CROSS JOIN LATERAL (
                SELECT email FROM app_user WHERE app_user.email = candidate.email AND role = 'technician' OFFSET 0
            ) AS there
        UNION ALL SELECT 2, there.ticket, there.email, NULL, NULL, NULL
            FROM person JOIN muted_ticket there ON there.ticket = person.ticket AND there.email = person.email
        UNION ALL SELECT 3, there.ticket, there.email, NULL, there.until, NULL
            FROM person CROSS JOIN LATERAL (
                SELECT ticket, email, until FROM open_page
                WHERE open_page.ticket = person.ticket AND open_page.email = person.email
                    AND until > (SELECT given.earliest FROM unnest(?) AS given (earliest)) OFFSET 0
            ) AS there CROSS JOIN LATERAL (
                SELECT FROM preference WHERE preference.email = there.email AND while_open = 'quiet' OFFSET 0
            ) AS quiet
        UNION ALL SELECT 4, NULL, there.address, NULL, there.suppressed_until, NULL
            FROM (SELECT DISTINCT email FROM person) AS person CROSS JOIN LATERAL (
                SELECT address, suppressed_until FROM hard_bounce
                WHERE hard_bounce.address = person.email AND suppressed_until IS NOT NULL OFFSET 0
            ) AS there
        UNION ALL SELECT 5, person.ticket, person.email, mail.message_id, NULL, mail.id
            FROM person CROSS JOIN LATERAL (
                SELECT outbox.id, outbox.message_id FROM outbox
                WHERE outbox.ticket = person.ticket AND outbox.recipient = person.email
                ORDER BY outbox.ticket DESC, outbox.recipient DESC, outbox.id DESC
                LIMIT (SELECT given.length FROM unnest(?) AS given (length))
            ) AS mail
        UNION ALL SELECT 6, NULL, NULL, NULL, account, NULL FROM channel WHERE hold_reason IS NOT NULL
        UNION ALL SELECT 7, NULL, NULL, NULL, number, NULL FROM settings_version
        UNION ALL SELECT 8, id, NULL, NULL, version, NULL FROM asked"
}

/// What is read.
#[derive(Default)]
struct Stored {
    /// By their numbers, folded.
    tickets: BTreeMap<String, Ticket>,
    /// What is kept under the keys, expired or not.
    records: Vec<IdempotencyRow>,
    held: BTreeSet<i64>,
    settings: i64,
    people: People,
    /// Which version of each ticket the facts are about.
    versions: BTreeMap<Key, i64>,
}

/// What concerns people, each fact with what it is about.
#[derive(Default)]
struct People {
    technicians: BTreeSet<String>,
    muted: BTreeSet<(Key, String)>,
    /// Each until when.
    looking: Vec<(Key, String, i64)>,
    /// Each until when.
    suppressed: BTreeMap<String, i64>,
    /// Of each ticket and recipient the last mails, oldest first.
    threads: BTreeMap<Key, BTreeMap<String, BTreeMap<Key, String>>>,
}

#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
pub(super) async fn facts(
    connection: &mut Connection,
    inputs: &Vec<Arc<ContextQuery>>,
) -> Answers<Option<Facts>> {
    let mut stored = read(connection, inputs).await?;
    for _ in 1..TRIES {
        if stored.is_of_one_moment() {
            break;
        }
        stored = read(connection, inputs).await?;
    }
    if !stored.is_of_one_moment() {
        return Err(match &inputs[..] {
            // Nothing is wrong with the request, and it may be made again.
            [_] => Fault::unavailable("the ticket was written again and again while it was read"),
            // One that is asked for alone is not held up by the others' tickets.
            _ => Fault::conflict("a ticket"),
        });
    }
    let facts = inputs.iter().map(|query| {
        let ticket = stored.ticket(query);
        ticket.map(|ticket| facts_of(query, ticket, &stored)).transpose()
    });
    facts.collect()
}

/// Of all that was read, what one comment depends on.
fn facts_of(query: &ContextQuery, ticket: &Ticket, stored: &Stored) -> Result<Facts, Fault> {
    let people = &stored.people;
    let now = micros(query.now);
    let on = Key(ticket.id.0);
    let eligible = eligible(ticket, query.author.as_ref(), query.desk.as_ref());
    let those = |hold: &dyn Fn(&str) -> bool| -> BTreeSet<EmailAddress> {
        let found = eligible.iter().filter(|email| hold(email.as_str()));
        found.map(|email| (*email).clone()).collect()
    };
    let looks = |email: &str| {
        let mut pages = people.looking.iter();
        pages.any(|(page, by, until)| *page == on && by == email && *until > now)
    };
    let mut threads = BTreeMap::new();
    for email in &eligible {
        let thread = people
            .threads
            .get(&on)
            .and_then(|threads| threads.get(email.as_str()));
        let Some(thread) = thread else { continue };
        let surplus = thread.len().saturating_sub(usize::from(query.thread_length));
        let ids = thread.values().skip(surplus).map(|id| message_id(id));
        let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
        if !ids.is_empty() {
            threads.insert((*email).clone(), ids);
        }
    }
    Ok(Facts {
        repeated: stored.record(query)?,
        technicians: possible_technicians(query, ticket)
            .filter(|email| people.technicians.contains(email.as_str()))
            .cloned()
            .collect(),
        muted: those(&|email| people.muted.contains(&(on, email.to_owned()))),
        looking: those(&looks),
        suppressed: those(&|email| people.suppressed.get(email).is_some_and(|until| *until > now)),
        threads,
        is_held: stored.held.contains(&i64::from(query.account.0)),
        settings: stored.settings,
        ticket: ticket.clone(),
    })
}

impl Stored {
    /// Takes in what a row of [`FactsAround`] tells; watchers go by ticket and place.
    fn learn(&mut self, fact: Fact, watchers: &mut BTreeMap<(Key, i64), WatcherRow>) {
        let people = &mut self.people;
        match fact {
            (0, Some(ticket), Some(email), Some(name), Some(position), _) => {
                watchers.insert((ticket, position), WatcherRow { ticket, name, email });
            }
            (1, _, Some(email), ..) => {
                people.technicians.insert(email);
            }
            (2, Some(ticket), Some(email), ..) => {
                people.muted.insert((ticket, email));
            }
            (3, Some(ticket), Some(email), _, Some(until), _) => people.looking.push((ticket, email, until)),
            (4, _, Some(email), _, Some(until), _) => {
                people.suppressed.insert(email, until);
            }
            (5, Some(ticket), Some(email), Some(message_id), _, Some(mail)) => {
                let of_ticket = people.threads.entry(ticket).or_default();
                of_ticket.entry(email).or_default().insert(mail, message_id);
            }
            (6, _, _, _, Some(account), _) => {
                self.held.insert(account);
            }
            (7, _, _, _, Some(number), _) => self.settings = number,
            (8, Some(ticket), _, _, Some(version), _) => {
                self.versions.insert(ticket, version);
            }
            other => unreachable!("the statement gives no such fact: {other:?}"),
        }
    }

    fn ticket<'a>(&'a self, query: &'a ContextQuery) -> Option<&'a Ticket> {
        match &query.ticket {
            OnTicket::Numbered(number) => self.tickets.get(&number.folded()),
            OnTicket::Given(ticket) => Some(ticket),
        }
    }

    /// Whether the tickets are those that the facts are about: a statement sees what was committed before it began, and a
    /// ticket may be written between two of them.
    fn is_of_one_moment(&self) -> bool {
        let mut tickets = self.tickets.values();
        tickets.all(|ticket| self.versions.get(&Key(ticket.id.0)) == Some(&ticket.version.0))
    }

    fn record(&self, query: &ContextQuery) -> Result<Option<IdempotencyRecord>, Fault> {
        let Some(wanted) = &query.idempotency else {
            return Ok(None);
        };
        let row = self.records.iter().find(|row| row.is_under(wanted));
        let record = row.cloned().map(IdempotencyRow::try_into_port).transpose()?;
        Ok(record.filter(|record| record.expires_at > query.now))
    }
}

async fn read(connection: &Connection, inputs: &[Arc<ContextQuery>]) -> Result<Stored, Fault> {
    let mut numbered = BTreeSet::new();
    let mut given = BTreeSet::new();
    let mut candidates = BTreeSet::new();
    for query in inputs {
        match &query.ticket {
            OnTicket::Numbered(number) => {
                let author = query.author.as_ref().map_or("", EmailAddress::as_str);
                numbered.insert((number.folded(), author));
                candidates.insert(author);
            }
            OnTicket::Given(ticket) => {
                let told = eligible(ticket, query.author.as_ref(), query.desk.as_ref()).into_iter();
                given.extend(told.map(|email| (Key(ticket.id.0), email.as_str())));
                candidates.extend(possible_technicians(query, ticket).map(EmailAddress::as_str));
            }
        }
    }
    let desks: BTreeSet<_> = inputs.iter().filter_map(|query| query.desk.as_ref()).collect();
    let (tickets, people) = given.into_iter().unzip();
    let earliest = inputs.iter().map(|query| micros(query.now)).min();
    let length = inputs.iter().map(|query| i64::from(query.thread_length)).max();
    let around = FactsAround {
        numbers: numbered.iter().map(|(number, _)| number.as_str()).collect(),
        authors: numbered.iter().map(|(_, author)| *author).collect(),
        desks: desks.into_iter().map(EmailAddress::as_str).collect(),
        tickets,
        people,
        candidates: candidates.into_iter().collect(),
        earliest: earliest.into_iter().collect(),
        lengths: length.into_iter().collect(),
    };
    let mut wanted = Tickets {
        numbers: around.numbers.clone(),
    };
    wanted.numbers.dedup();
    let (mut first, mut second, mut third) = (connection, connection, connection);
    let keys = inputs.iter().filter_map(|query| query.idempotency.as_ref());
    let (scopes, keys): (Vec<_>, Vec<_>) = keys.map(|key| (key.scope.as_str(), key.key.as_str())).unzip();
    let records = async {
        // Most comments come without a key.
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = idempotency::table
            .filter(idempotency::scope.eq_any(&scopes))
            .filter(idempotency::key.eq_any(&keys))
            .select(IdempotencyRow::as_select());
        rows.load::<IdempotencyRow>(&mut third).await
    };
    let (rows, facts, records) = try_join3(
        wanted.get_results::<TicketRow>(&mut first),
        around.get_results::<Fact>(&mut second),
        records,
    )
    .await?;
    let mut stored = Stored {
        records,
        ..Stored::default()
    };
    let mut watchers = BTreeMap::new();
    for fact in facts {
        stored.learn(fact, &mut watchers);
    }
    for ticket in assemble((rows, watchers.into_values().collect()))? {
        stored.tickets.insert(ticket.number.folded(), ticket);
    }
    Ok(stored)
}
