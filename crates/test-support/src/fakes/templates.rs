//! Templates in memory.

use async_trait::async_trait;
use recado_domain::template::{StoredTemplate, TemplateId, TemplateVersion};
use recado_ports::store::StoreError;
use recado_ports::templates::{Templates, Written};

use super::MemoryStore;

#[async_trait]
impl Templates for MemoryStore {
    async fn put(&self, template: &StoredTemplate) -> Result<Written, StoreError> {
        Ok(self.write(|tables| {
            let before = tables.templates.get(&template.id).map(|stored| stored.version.0);
            let version = TemplateVersion(before.unwrap_or(0) + 1);
            tables.templates.insert(
                template.id,
                StoredTemplate {
                    version,
                    ..template.clone()
                },
            );
            if before.is_some() {
                Written::Replaced
            } else {
                Written::Created
            }
        }))
    }

    async fn find(&self, id: TemplateId) -> Result<Option<StoredTemplate>, StoreError> {
        Ok(self.read(|tables| tables.templates.get(&id).cloned()))
    }

    async fn list(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        Ok(self.read(|tables| tables.templates.values().cloned().collect()))
    }
}
