//! Compiled templates by number and version, a bounded number of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use recado_domain::template::{StoredTemplate, TemplateId};

use crate::compiled::Compiled;

/// One compiled template per number: the version that was used last.
#[derive(Debug)]
pub(crate) struct Cache {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_id: HashMap<TemplateId, Entry>,
    /// Counts the uses of the cache.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    /// The whole template and not its version alone: a preview renders unsaved text under a saved number, and after a restore
    /// a version may name another text than before.
    template: StoredTemplate,
    compiled: Arc<Compiled>,
    last_use: u64,
}

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, template: &StoredTemplate) -> Option<Arc<Compiled>> {
        let mut entries = self.entries();
        entries.uses += 1;
        let now = entries.uses;
        let entry = entries.by_id.get_mut(&template.id)?;
        let is_same =
            entry.template.version == template.version && entry.template.source() == template.source();
        is_same.then(|| {
            entry.last_use = now;
            Arc::clone(&entry.compiled)
        })
    }

    pub(crate) fn put(&self, template: &StoredTemplate, compiled: Arc<Compiled>) {
        if self.capacity == 0 {
            return;
        }
        let mut entries = self.entries();
        entries.uses += 1;
        let last_use = entries.uses;
        let is_new = !entries.by_id.contains_key(&template.id);
        if is_new && entries.by_id.len() >= self.capacity {
            let oldest = entries
                .by_id
                .iter()
                .min_by_key(|(_, entry)| entry.last_use)
                .map(|(id, _)| *id);
            oldest.and_then(|id| entries.by_id.remove(&id));
        }
        entries.by_id.insert(
            template.id,
            Entry {
                template: template.clone(),
                compiled,
                last_use,
            },
        );
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Nothing in here is left half done by a panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use recado_domain::template::{Situation, TemplateVersion};

    use super::*;
    use crate::engine::Engines;

    fn template(id: i64, version: i64, html: &str) -> StoredTemplate {
        StoredTemplate {
            id: TemplateId::new(id).unwrap(),
            version: TemplateVersion(version),
            name: "n".to_owned(),
            subject: "s".to_owned(),
            html: html.to_owned(),
            text: None,
            situation: Situation::Active,
            locale: None,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn put(cache: &Cache, template: &StoredTemplate) {
        cache.put(
            template,
            Arc::new(Compiled::new(template, &Engines::new()).unwrap()),
        );
    }

    #[test]
    fn another_version_or_another_text_is_not_taken_for_the_same() {
        let cache = Cache::new(4);
        put(&cache, &template(1, 1, "a"));
        assert!(cache.get(&template(1, 1, "a")).is_some());
        assert!(cache.get(&template(1, 2, "a")).is_none());
        assert!(cache.get(&template(1, 1, "b")).is_none());
    }

    #[test]
    fn the_template_unused_for_longest_makes_room() {
        let cache = Cache::new(2);
        put(&cache, &template(1, 1, "a"));
        put(&cache, &template(2, 1, "a"));
        assert!(cache.get(&template(1, 1, "a")).is_some());
        put(&cache, &template(1, 2, "a"));
        put(&cache, &template(3, 1, "a"));
        assert!(cache.get(&template(2, 1, "a")).is_none());
        assert!(cache.get(&template(1, 2, "a")).is_some());
        assert!(cache.get(&template(3, 1, "a")).is_some());
    }
}
