//! Taking in a mail: stored first, judged then, settled once.
//!
//! Whoever hands a mail over is answered when it is stored, whatever becomes of it afterwards: judging may fail, and
//! is done again by whichever daemon keeps house.

mod acknowledgement;
mod carriers;
mod circumstances;
mod judging;
mod mailed_comment;
mod opening;
mod reading;
mod release;
mod report;
mod settlement;

use std::sync::Arc;
use std::time::Duration;

use recado_domain::ledger::{MailId, Via};
use recado_domain::parameter::Parameters as ParameterValues;
use recado_domain::token::Keyring;
use recado_ports::clock::Clock;
use recado_ports::comments::Comments;
use recado_ports::ids::Ids;
use recado_ports::ledger::{Ledger, NewMail, Taken};
use recado_ports::mail::Composer;
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_ports::reader::{MailEnvelope, Reader};
use recado_ports::renderer::Renderer;
use recado_ports::store::StoreError;
use recado_ports::suppressions::Suppressions;
use recado_ports::templates::TemplateImages;
use recado_ports::tickets::Tickets;

use crate::comment_mails::CommentMails;
use crate::letter::Desk;
use crate::settings::{IncomingSettings, MessagingSettings};

pub(crate) use judging::{Course, Ending, Obstacle, PendingMail};
pub(crate) use release::Release;

/// Pending mails judged in one round of housekeeping.
pub const PENDING_AT_ONCE: u16 = 100;

/// And so long: what else the house needs must not wait for mails that take long to read.
const PENDING_WITHIN: Duration = Duration::from_secs(15);

/// A mail as a way in hands it over.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    /// Its octets, RFC 5322.
    pub raw: Vec<u8>,
    /// The way that it took.
    pub via: Via,
    /// What the way knows of its envelope.
    pub envelope: MailEnvelope,
    /// Where it lies at its source, so that the same message of a mailbox is not taken twice; `None` elsewhere.
    pub source: Option<String>,
}

/// A mail is durable: answer 250, set `\Seen`, exit 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// By this call.
    Taken(MailId),
    /// By an earlier one, from the same place.
    TakenBefore(MailId),
}

impl Receipt {
    /// The mail's id in the ledger.
    pub fn id(self) -> MailId {
        match self {
            Self::Taken(id) | Self::TakenBefore(id) => id,
        }
    }
}

/// What one look at the pending mails came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sweep {
    /// Mails that it settled.
    pub settled: usize,
    /// The mail behind which the next one goes on; none when this one came to the end.
    pub next: Option<MailId>,
}

/// A mail was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// There is nothing in it: 554, exit 65.
    #[error("the mail is empty")]
    Empty,
    /// It is larger than is taken: 552, exit 65.
    #[error("the mail has {size} octets; at most {limit} are taken")]
    TooLarge {
        /// Its octets.
        size: usize,
        /// [`IncomingSettings::largest_mail`].
        limit: usize,
    },
    /// The store did not take it; hand it over again later: 451, exit 75.
    #[error("the mail was not stored")]
    Store(#[from] StoreError),
}

/// Takes in mails.
pub struct ReceiveMail {
    /// Where every mail goes first.
    pub ledger: Arc<dyn Ledger>,
    /// Makes sense of its octets.
    pub reader: Arc<dyn Reader>,
    /// For the tickets that mails belong to.
    pub tickets: Arc<dyn Tickets>,
    /// For who the sender is.
    pub people: Arc<dyn People>,
    /// For what a mailed comment depends on.
    pub comments: Arc<dyn Comments>,
    /// For addresses that bounce.
    pub suppressions: Arc<dyn Suppressions>,
    /// For the mails that reports are about.
    pub outbox: Arc<dyn Outbox>,
    /// For 10, 24, 33, 299 and 417.
    pub parameters: Arc<dyn Parameters>,
    /// For the pictures of the template that 417 names.
    pub images: Arc<dyn TemplateImages>,
    /// Fills the template in.
    pub renderer: Arc<dyn Renderer>,
    /// Makes the mails that a mailed comment owes.
    pub composer: Arc<dyn Composer>,
    /// Dates what is stored.
    pub clock: Arc<dyn Clock>,
    /// Names what is stored.
    pub ids: Arc<dyn Ids>,
    /// Verifies and signs carriers.
    pub keyring: Arc<Keyring>,
    /// What the configuration decides about comments and their mails.
    pub messaging: Arc<MessagingSettings>,
    /// What the configuration decides about incoming mail.
    pub settings: Arc<IncomingSettings>,
}

impl ReceiveMail {
    /// Takes a mail in. When it returns a receipt, the mail cannot be lost; it was judged too, unless something was
    /// in the way, and then [`ReceiveMail::settle_pending`] will.
    pub async fn run(&self, mail: ReceivedMail) -> Result<Receipt, ReceiveError> {
        if mail.raw.is_empty() {
            return Err(ReceiveError::Empty);
        }
        let (size, limit) = (mail.raw.len(), self.settings.largest_mail);
        if size > limit {
            return Err(ReceiveError::TooLarge { size, limit });
        }
        let raw = Arc::new(mail.raw);
        let head = self.head(raw.clone()).await;
        let pending = PendingMail {
            id: MailId(self.ids.next()),
            via: mail.via,
            envelope: mail.envelope,
            fingerprint: head.fingerprint,
            expected: None,
        };
        let new = NewMail {
            id: pending.id,
            received_at: self.clock.now(),
            via: pending.via,
            source: mail.source,
            envelope_from: pending.envelope.from.clone(),
            envelope_to: pending.envelope.to.clone(),
            fingerprint: pending.fingerprint.clone(),
            shown: head.shown,
            message_id: head.message_id.map(|id| id.as_str().to_owned()),
            raw: raw.to_vec(),
        };
        let receipt = match self.ledger.take(new).await? {
            Taken::New => Receipt::Taken(pending.id),
            Taken::Before(id) => Receipt::TakenBefore(id),
        };
        if receipt == Receipt::Taken(pending.id)
            && let Err(error) = self.judge(&pending, raw).await
        {
            tracing::warn!(
                mail = %pending.id.0,
                error = &error as &dyn std::error::Error,
                "a mail is stored, and waits to be judged"
            );
        }
        fail::fail_point!("receive.before_answer");
        Ok(receipt)
    }

    /// Judges mails that are stored and not settled, a bounded number of them, from where the sweep before came to. For
    /// the daemon's housekeeping. Mails that cannot be judged yet do not hold up the others.
    pub async fn settle_pending(&self, after: Option<MailId>) -> Result<Sweep, StoreError> {
        let begun = self.clock.elapsed();
        let pending = self.ledger.pending(after, PENDING_AT_ONCE).await?;
        let mut sweep = Sweep {
            settled: 0,
            next: pending
                .last()
                .copied()
                .filter(|_| pending.len() >= usize::from(PENDING_AT_ONCE)),
        };
        let mut before = after;
        for id in pending {
            if self.clock.elapsed().saturating_sub(begun) > PENDING_WITHIN {
                sweep.next = before;
                break;
            }
            before = Some(id);
            let Some(stored) = self.ledger.find(id).await? else {
                continue;
            };
            if stored.entry.outcome.is_some() {
                continue;
            }
            let pending = PendingMail::from(&stored);
            let judged = if let Some(raw) = stored.raw {
                self.judge(&pending, Arc::new(raw)).await
            } else {
                let reason = "its octets are no longer kept".to_owned();
                self.conclude(self.failed(&pending, reason)).await
            };
            match judged {
                Ok(Ending::Settled(_)) => sweep.settled += 1,
                Ok(Ending::ByAnother(_)) => {}
                Err(error) => tracing::warn!(
                    mail = %id.0,
                    error = &error as &dyn std::error::Error,
                    "a mail still waits to be judged"
                ),
            }
        }
        Ok(sweep)
    }

    fn comment_mails(&self) -> CommentMails<'_> {
        CommentMails {
            images: &*self.images,
            renderer: &*self.renderer,
            composer: &*self.composer,
            ids: &*self.ids,
            keyring: &self.keyring,
            settings: &self.messaging,
        }
    }

    /// For letters in our own words.
    pub(crate) fn desk<'a>(&'a self, parameters: &'a ParameterValues) -> Desk<'a> {
        Desk {
            composer: &*self.composer,
            ids: &*self.ids,
            keyring: &self.keyring,
            parameters,
            settings: &self.messaging,
        }
    }
}
