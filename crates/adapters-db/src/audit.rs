//! The audit trail.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::audit::{Action, Entry, Who};
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, micros, storable, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{Cursor, address, cursor};
use crate::schema::audit_entry;
use crate::wakeup::News;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entry)]
struct EntryRow {
    id: Key,
    at: i64,
    person: Option<String>,
    action: String,
    object: String,
    before: Option<String>,
    after: Option<String>,
}

impl EntryRow {
    fn new(entry: &Entry) -> Self {
        let entry = entry.clone().cut_to_size();
        let kept = |text: Option<String>| text.map(|text| storable(&text).into_owned());
        Self {
            id: Key(entry.id),
            at: micros(entry.at),
            person: match entry.who {
                Who::Operator => None,
                Who::Person(email) => Some(email.into()),
            },
            action: entry.action.as_str().to_owned(),
            object: storable(&entry.object).into_owned(),
            before: kept(entry.before),
            after: kept(entry.after),
        }
    }

    /// `None` for an action that this version does not know: a later one's line must not hide the others.
    fn try_into_domain(self) -> Result<Option<Entry>, Fault> {
        let Some(action) = Action::parse(&self.action) else {
            return Ok(None);
        };
        let person = self.person.map(|email| address(&email)).transpose()?;
        Ok(Some(Entry {
            id: self.id.0,
            at: timestamp(self.at)?,
            who: person.map_or(Who::Operator, Who::Person),
            action,
            object: self.object,
            before: self.before,
            after: self.after,
        }))
    }
}

struct Wanted {
    filter: AuditFilter,
    before: Uuid,
    limit: i64,
}

queries! {
    pub(super) async fn record(connection: &mut Session, row: &EntryRow) -> Result<(), Fault> {
        let rows = [row];
        insert_new!(connection, audit_entry::table, rows);
        Ok(())
    }

    pub(super) async fn list(connection: &mut Session, wanted: &Wanted) -> Result<Vec<EntryRow>, Fault> {
        let Wanted { filter, before, limit } = wanted;
        let mut query = audit_entry::table
            .filter(audit_entry::id.lt(Key(*before)))
            .order(audit_entry::id.desc())
            .limit(*limit)
            .select(EntryRow::as_select())
            .into_boxed::<Backend>();
        if let Some(person) = &filter.person {
            query = query.filter(audit_entry::person.eq(person.as_str()));
        }
        if let Some(action) = filter.action {
            query = query.filter(audit_entry::action.eq(action.as_str()));
        }
        if let Some(object) = &filter.object {
            query = query.filter(audit_entry::object.eq(storable(object).into_owned()));
        }
        Ok(query.load(connection).await?)
    }
}

#[async_trait]
impl Audit for Database {
    async fn record(&self, entry: &Entry) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        Ok(run!(self.write(terms), record, EntryRow::new(entry))?)
    }

    async fn list(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<Entry>, StoreError> {
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
        let wanted = Wanted {
            filter: filter.clone(),
            before,
            limit: i64::from(page.limit.get()) + 1,
        };
        let mut rows = run!(self.read(), list, wanted)?;
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|row| row.id.0.to_string());
        let lines = rows.into_iter().map(EntryRow::try_into_domain);
        let items: Vec<Option<Entry>> = lines.collect::<Result<_, _>>()?;
        Ok(Page {
            items: items.into_iter().flatten().collect(),
            next,
        })
    }
}
