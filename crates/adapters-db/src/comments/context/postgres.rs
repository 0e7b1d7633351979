//! On PostgreSQL: two round trips for all, each of a few statements that are sent together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::RunQueryDsl;
use futures_util::future::try_join5;
use recado_domain::audience::eligible;
use recado_domain::person::{EmailAddress, Role};
use recado_domain::ticket::Ticket;
use recado_ports::comments::{ContextQuery, IdempotencyRecord, OnTicket};

use super::{Facts, possible_technicians};
use crate::column::{Id, Key, micros};
use crate::comments::accept::IdempotencyRow;
use crate::fault::Fault;
use crate::gather::Answers;
use crate::postgres::Connection;
use crate::preferences::QUIET;
use crate::rows::{TicketRow, WatcherRow, message_id};
use crate::schema::{
    app_user, channel, hard_bounce, idempotency, muted_ticket, open_page, preference, settings_version,
    ticket, ticket_watcher,
};
use crate::tickets::assemble;

/// The last mails of each thread, oldest first.
#[derive(Debug, QueryId)]
struct Threads {
    /// Of each thread, its ticket,
    tickets: Vec<Key>,
    /// and its recipient.
    recipients: Vec<String>,
    limit: i64,
}

impl Query for Threads {
    type SqlType = (Id, Text, Text);
}

impl QueryFragment<Pg> for Threads {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT asked.ticket, asked.recipient, mail.message_id FROM unnest(");
        out.push_bind_param::<Array<Id>, _>(&self.tickets)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.recipients)?;
        out.push_sql(
            ") AS asked (ticket, recipient) CROSS JOIN LATERAL (SELECT outbox.id, outbox.message_id FROM outbox \
             WHERE outbox.ticket = asked.ticket AND outbox.recipient = asked.recipient \
             ORDER BY outbox.ticket DESC, outbox.recipient DESC, outbox.id DESC LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") AS mail ORDER BY mail.id");
        Ok(())
    }
}

/// What the first round trip gives.
struct Stored {
    /// By their numbers, folded.
    tickets: BTreeMap<String, Ticket>,
    /// What is kept under the keys, expired or not.
    records: Vec<IdempotencyRow>,
    held: Vec<i64>,
    settings: i64,
}

/// What the second one gives, each fact with what it is about.
#[derive(Default)]
struct People {
    technicians: BTreeSet<String>,
    muted: Vec<(Key, String)>,
    /// Each until when.
    looking: Vec<(Key, String, i64)>,
    /// Each until when.
    suppressed: BTreeMap<String, i64>,
    threads: BTreeMap<Key, BTreeMap<String, Vec<String>>>,
}

#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
pub(super) async fn facts(
    connection: &mut Connection,
    inputs: &Vec<Arc<ContextQuery>>,
) -> Answers<Option<Facts>> {
    let stored = stored(connection, inputs).await?;
    let asked: Vec<_> = inputs
        .iter()
        .map(|query| Some((&**query, stored.ticket(query)?)))
        .collect();
    let present: Vec<_> = asked.iter().flatten().copied().collect();
    let people = people(connection, &present).await?;
    let facts = asked.into_iter().map(|asked| {
        let facts = asked.map(|(query, ticket)| facts_of(query, ticket, &stored, &people));
        facts.transpose()
    });
    facts.collect()
}

/// Of all that was read, what one comment depends on.
fn facts_of(query: &ContextQuery, ticket: &Ticket, stored: &Stored, people: &People) -> Result<Facts, Fault> {
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
        let thread = thread.map_or(&[][..], Vec::as_slice);
        let surplus = thread.len().saturating_sub(usize::from(query.thread_length));
        let ids = thread[surplus..].iter().map(|id| message_id(id));
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
        muted: those(&|email| people.muted.iter().any(|(muted, by)| *muted == on && by == email)),
        looking: those(&looks),
        suppressed: those(&|email| people.suppressed.get(email).is_some_and(|until| *until > now)),
        threads,
        is_held: stored.held.contains(&i64::from(query.account.0)),
        settings: stored.settings,
        ticket: ticket.clone(),
    })
}

impl Stored {
    fn ticket<'a>(&'a self, query: &'a ContextQuery) -> Option<&'a Ticket> {
        match &query.ticket {
            OnTicket::Numbered(number) => self.tickets.get(&number.folded()),
            OnTicket::Given(ticket) => Some(ticket),
        }
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

async fn stored(connection: &Connection, inputs: &[Arc<ContextQuery>]) -> Result<Stored, Fault> {
    let numbers: BTreeSet<String> = inputs
        .iter()
        .filter_map(|query| match &query.ticket {
            OnTicket::Numbered(number) => Some(number.folded()),
            OnTicket::Given(_) => None,
        })
        .collect();
    let numbers: Vec<_> = numbers.into_iter().collect();
    let accounts: BTreeSet<_> = inputs.iter().map(|query| i64::from(query.account.0)).collect();
    let accounts: Vec<_> = accounts.into_iter().collect();
    let (scopes, keys): (Vec<_>, Vec<_>) = inputs
        .iter()
        .filter_map(|query| query.idempotency.as_ref())
        .map(|key| (key.scope.as_str(), key.key.as_str()))
        .unzip();
    let rows = ticket::table
        .filter(ticket::number_folded.eq_any(&numbers))
        .select(TicketRow::as_select());
    let watchers = ticket_watcher::table
        .inner_join(ticket::table.on(ticket::id.eq(ticket_watcher::ticket)))
        .filter(ticket::number_folded.eq_any(&numbers))
        .order((ticket_watcher::ticket, ticket_watcher::position))
        .select(WatcherRow::as_select());
    let held = channel::table
        .filter(channel::account.eq_any(&accounts))
        .filter(channel::hold_reason.is_not_null())
        .select(channel::account);
    let settings = settings_version::table.select(settings_version::number);
    let (mut first, mut second, mut third) = (connection, connection, connection);
    let (mut fourth, mut fifth) = (connection, connection);
    let records = async {
        // Most comments come without a key.
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = idempotency::table
            .filter(idempotency::scope.eq_any(&scopes))
            .filter(idempotency::key.eq_any(&keys))
            .select(IdempotencyRow::as_select());
        rows.load::<IdempotencyRow>(&mut fifth).await
    };
    let (rows, watchers, held, settings, records) = try_join5(
        rows.load::<TicketRow>(&mut first),
        watchers.load::<WatcherRow>(&mut second),
        held.load::<i64>(&mut third),
        settings.first::<i64>(&mut fourth),
        records,
    )
    .await?;
    let found = assemble((rows, watchers))?.into_iter();
    Ok(Stored {
        tickets: found.map(|ticket| (ticket.number.folded(), ticket)).collect(),
        records,
        held,
        settings,
    })
}

async fn people(connection: &Connection, asked: &[(&ContextQuery, &Ticket)]) -> Result<People, Fault> {
    if asked.is_empty() {
        return Ok(People::default());
    }
    let technicians: BTreeSet<_> = asked
        .iter()
        .flat_map(|(query, ticket)| possible_technicians(query, ticket))
        .map(EmailAddress::as_str)
        .collect();
    let pairs: BTreeSet<_> = asked
        .iter()
        .flat_map(|(query, ticket)| {
            let told = eligible(ticket, query.author.as_ref(), query.desk.as_ref()).into_iter();
            told.map(|email| (Key(ticket.id.0), email.as_str()))
        })
        .collect();
    let tickets: Vec<_> = pairs.iter().map(|(ticket, _)| *ticket).collect();
    let recipients: Vec<_> = pairs.iter().map(|(_, email)| *email).collect();
    let earliest = asked
        .iter()
        .map(|(query, _)| micros(query.now))
        .min()
        .unwrap_or(0);
    let technicians: Vec<_> = technicians.into_iter().collect();
    let technicians = app_user::table
        .filter(app_user::email.eq_any(&technicians))
        .filter(app_user::role.eq(Role::Technician.as_str()))
        .select(app_user::email);
    let muted = muted_ticket::table
        .filter(muted_ticket::ticket.eq_any(&tickets))
        .filter(muted_ticket::email.eq_any(&recipients))
        .select((muted_ticket::ticket, muted_ticket::email));
    let looking = open_page::table
        .inner_join(preference::table.on(preference::email.eq(open_page::email)))
        .filter(open_page::ticket.eq_any(&tickets))
        .filter(open_page::email.eq_any(&recipients))
        .filter(open_page::until.gt(earliest))
        .filter(preference::while_open.eq(QUIET))
        .select((open_page::ticket, open_page::email, open_page::until));
    let suppressed = hard_bounce::table
        .filter(hard_bounce::address.eq_any(&recipients))
        .filter(hard_bounce::suppressed_until.gt(earliest))
        .select((
            hard_bounce::address,
            hard_bounce::suppressed_until.assume_not_null(),
        ));
    let threads = Threads {
        tickets: tickets.clone(),
        recipients: recipients.iter().map(|email| (*email).to_owned()).collect(),
        limit: asked
            .iter()
            .map(|(query, _)| i64::from(query.thread_length))
            .max()
            .unwrap_or(0),
    };
    let (mut first, mut second, mut third) = (connection, connection, connection);
    let (mut fourth, mut fifth) = (connection, connection);
    let (technicians, muted, looking, suppressed, mails) = try_join5(
        technicians.load::<String>(&mut first),
        muted.load::<(Key, String)>(&mut second),
        looking.load::<(Key, String, i64)>(&mut third),
        suppressed.load::<(String, i64)>(&mut fourth),
        threads.load::<(Key, String, String)>(&mut fifth),
    )
    .await?;
    let mut threads: BTreeMap<Key, BTreeMap<_, Vec<_>>> = BTreeMap::new();
    for (ticket, recipient, id) in mails {
        let of_ticket = threads.entry(ticket).or_default();
        of_ticket.entry(recipient).or_default().push(id);
    }
    Ok(People {
        technicians: technicians.into_iter().collect(),
        muted,
        looking,
        suppressed: suppressed.into_iter().collect(),
        threads,
    })
}
