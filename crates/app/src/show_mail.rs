//! Showing what a mail says, as Recado reads it: the desk's business, before it decides about it.

use std::sync::Arc;

use recado_domain::incoming::IncomingMail;
use recado_domain::ledger::MailId;

use crate::access::{Actor, Refusal};
use crate::read_mails::{missing, permit, permit_content};
use crate::receive_mail::{Obstacle, PendingMail, ReceiveMail};

/// What can be shown of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What it says.
    Read(Box<IncomingMail>),
    /// Its octets are no longer kept.
    Forgotten,
    /// Reading it failed; its octets can still be had.
    Unreadable(String),
}

/// Shows mails.
pub struct ShowMail {
    /// How mails are read.
    pub receive: Arc<ReceiveMail>,
}

impl ShowMail {
    /// Reads a mail as it would be read if it came now, and changes nothing; the desk may.
    pub async fn run(&self, actor: &Actor, id: MailId) -> Result<Content, Refusal> {
        permit(actor, id)?;
        let stored = self.receive.ledger.find(id).await?.ok_or_else(|| missing(id))?;
        permit_content(&stored.entry, &*self.receive.outbox).await?;
        let pending = PendingMail::from(&stored);
        let Some(raw) = stored.raw else {
            return Ok(Content::Forgotten);
        };
        match self.receive.read(Arc::new(raw), &pending.envelope).await {
            Ok(mail) => Ok(Content::Read(Box::new(mail))),
            Err(Obstacle::Lasting(reason)) => Ok(Content::Unreadable(reason)),
            Err(Obstacle::Passing(error)) => Err(error.into()),
        }
    }
}
