//! Reading octets that may be anything: off the threads that serve others, and with a panic of the parser caught.

use std::sync::Arc;

use recado_domain::incoming::IncomingMail;
use recado_ports::ledger::StoredMail;
use recado_ports::reader::{MailEnvelope, MailHead};
use recado_ports::store::StoreError;
use sha2::{Digest, Sha256};

use super::ReceiveMail;
use super::judging::{Obstacle, PendingMail, in_words};

impl ReceiveMail {
    /// The head, for the ledger. A parser that panics must not keep a mail from being stored: then there is nothing to
    /// show, and only the very same octets are a copy.
    pub(super) async fn head(&self, raw: Arc<Vec<u8>>) -> MailHead {
        let (reader, octets) = (self.reader.clone(), raw.clone());
        let head = tokio::task::spawn_blocking(move || reader.head(&octets)).await;
        head.unwrap_or_else(|_| MailHead {
            fingerprint: data_encoding::HEXLOWER.encode(&Sha256::digest(raw.as_slice())),
            ..MailHead::default()
        })
    }

    /// The whole mail.
    pub(crate) async fn read(
        &self,
        raw: Arc<Vec<u8>>,
        envelope: &MailEnvelope,
    ) -> Result<IncomingMail, Obstacle> {
        let (reader, envelope, limits) = (self.reader.clone(), envelope.clone(), self.settings.limits);
        let reading = tokio::task::spawn_blocking(move || {
            fail::fail_point!("read.begun");
            reader.read(&raw, &envelope, &limits)
        });
        match reading.await {
            Ok(Ok(mail)) => Ok(mail),
            Ok(Err(error)) => Err(Obstacle::Lasting(in_words(&error))),
            Err(error) if error.is_panic() => {
                Err(Obstacle::Lasting("reading it ended in a panic".to_owned()))
            }
            // The process is ending; another reads it.
            Err(error) => Err(Obstacle::Passing(StoreError::Unavailable(error.into()))),
        }
    }
}

impl From<&StoredMail> for PendingMail {
    fn from(stored: &StoredMail) -> Self {
        let entry = &stored.entry;
        Self {
            id: entry.id,
            via: entry.via,
            envelope: MailEnvelope {
                from: entry.envelope_from.clone(),
                to: entry.envelope_to.clone(),
            },
            fingerprint: stored.fingerprint.clone(),
            expected: entry.outcome,
        }
    }
}
