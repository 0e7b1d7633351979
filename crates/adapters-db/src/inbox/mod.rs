//! Tickets as a person's list shows them, and the search through comments.

pub(crate) mod activity;
pub(crate) mod fts5;
mod list;
mod listing;
pub(crate) mod raise;
mod search;
pub(crate) mod tsvector;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::audience::Viewer;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::inbox::{Counts, Found, Inbox, InboxQuery, TicketSummary};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use crate::column::{Key, micros};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::read_mark;
use crate::wakeup::News;

queries! {
    pub(super) async fn mark_read(connection: &mut Session, input: &(String, Key, i64)) -> Result<(), Fault> {
        let (email, ticket, at) = input;
        let new = diesel::insert_into(read_mark::table)
            .values((read_mark::email.eq(email), read_mark::ticket.eq(ticket), read_mark::read_at.eq(at)))
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        if new == 0 {
            let earlier = read_mark::table.find((email, ticket)).filter(read_mark::read_at.lt(at));
            diesel::update(earlier).set(read_mark::read_at.eq(at)).execute(connection).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Inbox for Database {
    async fn list(&self, query: &InboxQuery, page: &PageRequest) -> Result<Page<TicketSummary>, StoreError> {
        list::page(self, query, page).await
    }

    async fn counts(&self, viewer: &Viewer) -> Result<Counts, StoreError> {
        list::count(self, viewer).await
    }

    async fn search(
        &self,
        viewer: &Viewer,
        text: &str,
        page: &PageRequest,
    ) -> Result<Page<Found>, StoreError> {
        search::search(self, viewer, text, page).await
    }

    async fn index_comments(&self, limit: u16) -> Result<u64, StoreError> {
        search::index_comments(self, limit).await
    }

    async fn mark_read(
        &self,
        email: &EmailAddress,
        ticket: TicketId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let input = (email.as_str().to_owned(), Key(ticket.0), micros(at));
        match run!(self.write(Purpose::Track.with(News::Nothing)), mark_read, input) {
            // The ticket is gone: there is nothing to remember.
            Err(fault) if fault.is_missing_reference() => Ok(()),
            result => Ok(result?),
        }
    }
}
