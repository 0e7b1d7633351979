//! The log of events in memory.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_ports::events::{Event, Events, Topic};
use recado_ports::store::StoreError;

use super::MemoryStore;

#[async_trait]
impl Events for MemoryStore {
    async fn after(&self, cursor: Option<String>, limit: u16) -> Result<Vec<Event>, StoreError> {
        Ok(self.read(|tables| {
            let behind = |event: &&Event| cursor.as_ref().is_none_or(|cursor| event.cursor > *cursor);
            tables
                .log
                .iter()
                .filter(behind)
                .take(usize::from(limit))
                .cloned()
                .collect()
        }))
    }

    async fn newest(&self) -> Result<Option<String>, StoreError> {
        Ok(self.read(|tables| tables.log.last().map(|event| event.cursor.clone())))
    }

    async fn wait(&self, topic: Topic, at_most: Duration) {
        let mut changes = self.changes(topic);
        // Running out of time is an answer as good as a change; the sender lives as long as the store.
        let _ = tokio::time::timeout(at_most, changes.changed()).await;
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self.write(|tables| {
            let entries = tables.log.len();
            tables.log.retain(|event| event.at >= before);
            (entries - tables.log.len()) as u64
        }))
    }
}
