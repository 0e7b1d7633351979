//! Tickets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::audience::Viewer;
use recado_domain::outbox::{Event, State};
use recado_domain::person::{EmailAddress, Role};
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_ports::events::EventKind;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use recado_ports::tickets::{TicketFilter, TicketWrite, Tickets};
use uuid::Uuid;

use crate::column::{Key, micros};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::literal::{KnownCause, VisibleTo};
use crate::operation::{Purpose, queries, run};
use crate::rows::{Cursor, NewTicketRow, NewWatcherRow, TicketRow, WatcherRow, containing, cursor};
use crate::schema::{outbox, ticket, ticket_watcher};
use crate::wakeup::News;

/// Which tickets to read.
enum Wanted {
    Number(String),
    Id(Key),
    Page {
        filter: TicketFilter,
        before: Uuid,
        limit: i64,
    },
}

queries! {
    /// Stores a ticket with all that follows from the write.
    pub(crate) async fn put(connection: &mut Session, write: &TicketWrite) -> Result<Version, Fault> {
        let new = &write.ticket;
        let id = Key(new.id.0);
        let changed = || Fault::conflict(format!("ticket {}", new.number));
        let version = Version(write.expected.map_or(0, |Version(version)| version) + 1);
        let row = NewTicketRow::new(new, version);
        let written = match write.expected {
            None => diesel::insert_into(ticket::table).values(row).execute(connection).await,
            Some(Version(expected)) => {
                let there = ticket::table.filter(ticket::id.eq(id)).filter(ticket::version.eq(expected));
                diesel::update(there).set(row).execute(connection).await
            }
        };
        match written.map_err(Fault::from) {
            Ok(0) => return Err(changed()),
            Ok(_) => {}
            Err(fault) if fault.is_taken_key() => return Err(changed()),
            Err(fault) => return Err(fault),
        }
        if write.expected.is_some() {
            let watchers = ticket_watcher::table.filter(ticket_watcher::ticket.eq(id));
            diesel::delete(watchers).execute(connection).await?;
        }
        let watchers = NewWatcherRow::all_of(new);
        insert_new!(connection, ticket_watcher::table, &watchers);
        note_ticket(connection, new).await?;
        let event = NewEventRow::new(EventKind::TicketChanged, Some(id), id.0, micros(new.updated_at));
        record_events(connection, &[event]).await?;
        if !write.cut_off.is_empty() {
            let states = State::sources(Event::Cancel).into_iter().map(State::as_str);
            let mails = outbox::table
                .filter(outbox::ticket.eq(id))
                .filter(outbox::recipient.eq_any(write.cut_off.iter().map(EmailAddress::as_str)))
                .filter(outbox::state.eq_any(states))
                .filter(KnownCause)
                .select(outbox::id);
            let mails: Vec<Key> = mails.load(connection).await?;
            cancel_deliveries(connection, &mails, TicketWrite::CUT_OFF, micros(new.updated_at)).await?;
        }
        Ok(version)
    }

    pub(super) async fn read(
        connection: &mut Session,
        wanted: &Wanted,
    ) -> Result<(Vec<TicketRow>, Vec<WatcherRow>), Fault> {
        let mut query = ticket::table.select(TicketRow::as_select()).into_boxed::<Backend>();
        match wanted {
            Wanted::Number(folded) => query = query.filter(ticket::number_folded.eq(folded)),
            Wanted::Id(id) => query = query.filter(ticket::id.eq(id)),
            Wanted::Page { filter, before, limit } => {
                query = query.filter(ticket::id.lt(Key(*before))).order(ticket::id.desc()).limit(*limit);
                if let Some(status) = filter.status {
                    query = query.filter(ticket::status.eq(TicketStatus::as_str(status)));
                }
                if let Some(responsible) = &filter.responsible {
                    query = query.filter(ticket::responsible_email.eq(responsible.as_str()));
                }
                if let Some(requester) = &filter.requester {
                    query = query.filter(ticket::requester_email.eq(requester.as_str()));
                }
                if let Some(text) = &filter.text {
                    query = query.filter(ticket::search_text.like(containing(text)).escape('\\'));
                }
                if let Some(person) = filter.viewer.as_ref().and_then(restricted) {
                    query = query.filter(person);
                }
            }
        }
        let rows = query.load(connection).await?;
        let ids: Vec<Key> = rows.iter().map(|row: &TicketRow| row.id).collect();
        let watchers = ticket_watcher::table
            .filter(ticket_watcher::ticket.eq_any(ids))
            .order((ticket_watcher::ticket, ticket_watcher::position))
            .select(WatcherRow::as_select());
        Ok((rows, watchers.load(connection).await?))
    }
}

/// The condition for whoever does not see every ticket; the same rule as `Viewer::sees`.
fn restricted(viewer: &Viewer) -> Option<VisibleTo> {
    if viewer.role >= Role::Technician {
        return None;
    }
    let groups = viewer
        .groups
        .iter()
        .map(|group| group.as_str().to_owned())
        .collect();
    Some(VisibleTo {
        email: viewer.email.as_str().to_owned(),
        groups,
    })
}

pub(crate) fn assemble((rows, watchers): (Vec<TicketRow>, Vec<WatcherRow>)) -> Result<Vec<Ticket>, Fault> {
    let mut by_ticket: BTreeMap<Key, Vec<WatcherRow>> = BTreeMap::new();
    for watcher in watchers {
        by_ticket.entry(watcher.ticket).or_default().push(watcher);
    }
    rows.into_iter()
        .map(|row| {
            let watchers = by_ticket.remove(&row.id).unwrap_or_default();
            row.try_into_domain(&watchers)
        })
        .collect()
}

#[async_trait]
impl Tickets for Database {
    async fn put(&self, write: TicketWrite) -> Result<Version, StoreError> {
        let news = if write.cut_off.is_empty() {
            News::Log
        } else {
            News::Both
        };
        Ok(run!(self.write(Purpose::Record.with(news)), put, write)?)
    }

    async fn find(&self, number: &TicketNumber) -> Result<Option<Ticket>, StoreError> {
        Ok(assemble(run!(self.read(), read, Wanted::Number(number.folded()))?)?.pop())
    }

    async fn find_by_id(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        Ok(assemble(run!(self.read(), read, Wanted::Id(Key(id.0)))?)?.pop())
    }

    async fn list(&self, filter: &TicketFilter, page: &PageRequest) -> Result<Page<Ticket>, StoreError> {
        let before = match cursor(page.after.as_deref()) {
            Cursor::Start => Uuid::max(),
            Cursor::Behind(id) => id,
            Cursor::Nowhere => {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            }
        };
        let size = usize::from(page.limit.get());
        let wanted = Wanted::Page {
            filter: filter.clone(),
            before,
            limit: i64::from(page.limit.get()) + 1,
        };
        let mut items = assemble(run!(self.read(), read, wanted)?)?;
        let more = items.len() > size;
        items.truncate(size);
        let next = items
            .last()
            .filter(|_| more)
            .map(|ticket| ticket.id.0.to_string());
        Ok(Page { items, next })
    }
}
