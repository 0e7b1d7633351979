//! Templates and their pictures in memory.

use async_trait::async_trait;
use recado_domain::template::{StoredTemplate, TemplateId, TemplateVersion};
use recado_ports::store::StoreError;
use recado_ports::templates::{TemplateImage, TemplateImages, Templates, Written};

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

#[async_trait]
impl TemplateImages for MemoryStore {
    async fn images(&self, template: TemplateId) -> Result<Vec<TemplateImage>, StoreError> {
        Ok(self.read(|tables| {
            let images = tables.template_images.iter();
            images
                .filter(|((of, _), _)| *of == template)
                .map(|(_, image)| image.clone())
                .collect()
        }))
    }

    async fn put_image(&self, template: TemplateId, image: &TemplateImage) -> Result<(), StoreError> {
        self.write(|tables| {
            let key = (template, image.name.clone());
            tables.template_images.insert(key, image.clone());
        });
        Ok(())
    }

    async fn remove_image(&self, template: TemplateId, name: &str) -> Result<bool, StoreError> {
        let key = (template, name.to_owned());
        Ok(self.write(|tables| tables.template_images.remove(&key).is_some()))
    }
}
