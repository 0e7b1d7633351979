//! The audit trail in memory.

use async_trait::async_trait;
use recado_domain::audit::{Entry, Who};
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use super::{MemoryStore, page, storable};

#[async_trait]
impl Audit for MemoryStore {
    async fn record(&self, entry: &Entry) -> Result<(), StoreError> {
        let mut entry = entry.clone().cut_to_size();
        entry.object = storable(&entry.object);
        entry.before = entry.before.as_deref().map(storable);
        entry.after = entry.after.as_deref().map(storable);
        self.write(|tables| tables.trail.entry(entry.id).or_insert(entry).id);
        Ok(())
    }

    async fn list(&self, filter: &AuditFilter, request: &PageRequest) -> Result<Page<Entry>, StoreError> {
        Ok(self.read(|tables| {
            let newest_first = tables.trail.values().rev();
            let passing = newest_first.filter(|entry| passes(filter, entry));
            let keyed = passing.map(|entry| (entry.id.to_string(), entry.clone()));
            page(keyed, request, |cursor, after| {
                Uuid::parse_str(after).is_ok() && cursor < after
            })
        }))
    }
}

fn passes(filter: &AuditFilter, entry: &Entry) -> bool {
    let by = |person: &_| matches!(&entry.who, Who::Person(email) if email == person);
    filter.person.as_ref().is_none_or(by)
        && filter.action.is_none_or(|action| entry.action == action)
        && filter
            .object
            .as_ref()
            .is_none_or(|object| entry.object == *object)
}
