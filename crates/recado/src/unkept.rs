//! Stands for what the database does not keep yet: no template has a picture, no list a ticket.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::audience::Viewer;
use recado_domain::person::EmailAddress;
use recado_domain::template::TemplateId;
use recado_domain::ticket::TicketId;
use recado_ports::inbox::{Counts, Found, Inbox, InboxQuery, TicketSummary};
use recado_ports::page::{Page, PageRequest};
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

#[async_trait]
impl Inbox for Unkept {
    async fn list(&self, _: &InboxQuery, _: &PageRequest) -> Result<Page<TicketSummary>, StoreError> {
        Ok(Page {
            items: Vec::new(),
            next: None,
        })
    }

    async fn counts(&self, _: &Viewer) -> Result<Counts, StoreError> {
        Ok(Counts::default())
    }

    async fn search(&self, _: &Viewer, _: &str, _: &PageRequest) -> Result<Page<Found>, StoreError> {
        Ok(Page {
            items: Vec::new(),
            next: None,
        })
    }

    async fn mark_read(&self, _: &EmailAddress, _: TicketId, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
