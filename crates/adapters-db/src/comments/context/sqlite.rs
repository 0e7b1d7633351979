//! On SQLite: one trip to a reader for all, and small statements of a fixed shape, which stay prepared. They cost less than
//! a list that has to be prepared anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use diesel::Connection as _;
use diesel::dsl::exists;
use diesel::prelude::*;
use recado_domain::audience::eligible;
use recado_domain::person::{EmailAddress, Role};
use recado_domain::ticket::Ticket;
use recado_ports::comments::{ContextQuery, OnTicket};

use super::{Facts, possible_technicians};
use crate::column::{Key, micros};
use crate::comments::accept::IdempotencyRow;
use crate::fault::Fault;
use crate::gather::Answers;
use crate::preferences::QUIET;
use crate::rows::{TicketRow, WatcherRow, message_id};
use crate::schema::{
    app_user, channel, hard_bounce, idempotency, muted_ticket, open_page, outbox, preference,
    settings_version, ticket, ticket_watcher,
};
use crate::sqlite::Connection;

#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
pub(super) async fn facts(
    connection: &mut Connection,
    inputs: &Vec<Arc<ContextQuery>>,
) -> Answers<Option<Facts>> {
    let inputs = inputs.clone();
    let read = connection.spawn_blocking(move |connection| Ok(read(connection, &inputs)));
    read.await?
}

/// One transaction: as of one moment, and locked once.
fn read(connection: &mut SqliteConnection, inputs: &[Arc<ContextQuery>]) -> Answers<Option<Facts>> {
    connection.transaction(|connection| {
        let settings = settings_version::table
            .select(settings_version::number)
            .first(connection)?;
        let mut reading = Reading {
            connection,
            settings,
            technicians: HashMap::new(),
            holds: HashMap::new(),
        };
        inputs.iter().map(|query| reading.facts(query)).collect()
    })
}

/// What of one transaction's reading serves several comments.
struct Reading<'c> {
    connection: &'c mut SqliteConnection,
    settings: i64,
    technicians: HashMap<EmailAddress, bool>,
    holds: HashMap<i64, bool>,
}

impl Reading<'_> {
    fn facts(&mut self, query: &ContextQuery) -> Result<Option<Facts>, Fault> {
        let ticket = match &query.ticket {
            OnTicket::Numbered(number) => self.ticket(&number.folded())?,
            OnTicket::Given(ticket) => Some((**ticket).clone()),
        };
        let Some(ticket) = ticket else { return Ok(None) };
        let now = micros(query.now);
        let mut technicians = BTreeSet::new();
        for email in possible_technicians(query, &ticket) {
            if self.is_technician(email)? {
                technicians.insert(email.clone());
            }
        }
        let (mut muted, mut looking, mut suppressed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut threads = BTreeMap::new();
        for email in eligible(&ticket, query.author.as_ref(), query.desk.as_ref()) {
            let [has_muted, is_looking, is_suppressed] = self.unwilling(Key(ticket.id.0), email, now)?;
            for (holds, set) in [
                (has_muted, &mut muted),
                (is_looking, &mut looking),
                (is_suppressed, &mut suppressed),
            ] {
                if holds {
                    set.insert(email.clone());
                }
            }
            let thread = self.thread(Key(ticket.id.0), email, query.thread_length)?;
            if !thread.is_empty() {
                let ids = thread.iter().rev().map(|id| message_id(id));
                threads.insert(email.clone(), ids.collect::<Result<_, _>>()?);
            }
        }
        let repeated = match &query.idempotency {
            None => None,
            Some(key) => {
                let stored = idempotency::table
                    .find((&key.scope, &key.key))
                    .filter(idempotency::expires_at.gt(now))
                    .select(IdempotencyRow::as_select())
                    .first(self.connection);
                stored
                    .optional()?
                    .map(IdempotencyRow::try_into_port)
                    .transpose()?
            }
        };
        Ok(Some(Facts {
            repeated,
            technicians,
            muted,
            looking,
            suppressed,
            threads,
            is_held: self.is_held(i64::from(query.account.0))?,
            settings: self.settings,
            ticket,
        }))
    }

    fn ticket(&mut self, number: &str) -> Result<Option<Ticket>, Fault> {
        let row = ticket::table
            .filter(ticket::number_folded.eq(number))
            .select(TicketRow::as_select())
            .first(self.connection);
        let Some(row) = row.optional()? else {
            return Ok(None);
        };
        let watchers: Vec<WatcherRow> = ticket_watcher::table
            .filter(ticket_watcher::ticket.eq(row.id))
            .order(ticket_watcher::position)
            .select(WatcherRow::as_select())
            .load(self.connection)?;
        Ok(Some(row.try_into_domain(&watchers)?))
    }

    fn is_technician(&mut self, email: &EmailAddress) -> Result<bool, Fault> {
        if let Some(known) = self.technicians.get(email) {
            return Ok(*known);
        }
        let account = app_user::table
            .filter(app_user::email.eq(email.as_str()))
            .filter(app_user::role.eq(Role::Technician.as_str()));
        let found = diesel::select(exists(account)).get_result(self.connection)?;
        self.technicians.insert(email.clone(), found);
        Ok(found)
    }

    /// Whether somebody muted the ticket, looks at it and wants no mail meanwhile, and is suppressed.
    fn unwilling(&mut self, on: Key, email: &EmailAddress, now: i64) -> Result<[bool; 3], Fault> {
        let email = email.as_str();
        let muted = muted_ticket::table.find((on, email));
        let looking = open_page::table
            .inner_join(preference::table.on(preference::email.eq(open_page::email)))
            .filter(open_page::ticket.eq(on))
            .filter(open_page::email.eq(email))
            .filter(open_page::until.gt(now))
            .filter(preference::while_open.eq(QUIET));
        let suppressed = hard_bounce::table
            .find(email)
            .filter(hard_bounce::suppressed_until.gt(now));
        let all = (exists(muted), exists(looking), exists(suppressed));
        let (muted, looking, suppressed) = diesel::select(all).get_result(self.connection)?;
        Ok([muted, looking, suppressed])
    }

    /// Newest first.
    fn thread(&mut self, on: Key, email: &EmailAddress, length: u16) -> Result<Vec<String>, Fault> {
        let mails = outbox::table
            .filter(outbox::ticket.eq(on))
            .filter(outbox::recipient.eq(email.as_str()))
            .order((outbox::ticket.desc(), outbox::recipient.desc(), outbox::id.desc()))
            .limit(i64::from(length))
            .select(outbox::message_id);
        Ok(mails.load(self.connection)?)
    }

    fn is_held(&mut self, account: i64) -> Result<bool, Fault> {
        if let Some(known) = self.holds.get(&account) {
            return Ok(*known);
        }
        let hold = channel::table
            .find(account)
            .filter(channel::hold_reason.is_not_null());
        let found = diesel::select(exists(hold)).get_result(self.connection)?;
        self.holds.insert(account, found);
        Ok(found)
    }
}
