//! Stands for what the database does not keep yet: nobody chose anything, no template has a picture.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::EmailAddress;
use recado_domain::preference::{Muting, Preference};
use recado_domain::template::TemplateId;
use recado_domain::ticket::TicketId;
use recado_ports::preferences::Preferences;
use recado_ports::store::StoreError;
use recado_ports::templates::{TemplateImage, TemplateImages};
use uuid::Uuid;

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

#[async_trait]
impl Preferences for Unkept {
    async fn find(&self, _: &EmailAddress) -> Result<Preference, StoreError> {
        Ok(Preference::default())
    }

    async fn put(&self, _: &EmailAddress, _: &Preference) -> Result<(), StoreError> {
        Err(refusal())
    }

    async fn muting(&self, _: &EmailAddress, _: TicketId) -> Result<Muting, StoreError> {
        Ok(Muting::Heard)
    }

    async fn mute(&self, _: &EmailAddress, _: TicketId, _: Muting) -> Result<(), StoreError> {
        Err(refusal())
    }

    async fn unwilling(
        &self,
        _: TicketId,
        _: &[EmailAddress],
        _: Timestamp,
    ) -> Result<Vec<EmailAddress>, StoreError> {
        Ok(Vec::new())
    }

    async fn show_page(
        &self,
        _: Uuid,
        _: &EmailAddress,
        _: TicketId,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close_page(&self, _: Uuid) -> Result<(), StoreError> {
        Ok(())
    }
}
