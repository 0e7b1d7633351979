//! Stands for what the database does not keep yet: no template has a picture.

use async_trait::async_trait;
use recado_domain::template::TemplateId;
use recado_ports::store::StoreError;
use recado_ports::templates::{TemplateImage, TemplateImages};

pub(crate) struct Unkept;

fn refusal() -> StoreError {
    StoreError::Unavailable("it is not kept yet".into())
}

#[async_trait]
impl TemplateImages for Unkept {
    async fn images(&self, _: TemplateId) -> Result<Vec<TemplateImage>, StoreError> {
        Ok(Vec::new())
    }

    async fn put_image(&self, _: TemplateId, _: &TemplateImage) -> Result<(), StoreError> {
        Err(refusal())
    }

    async fn remove_image(&self, _: TemplateId, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}
