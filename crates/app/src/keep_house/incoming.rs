//! Housekeeping of the ledger: mails that nobody has judged yet, quarantined ones that nobody has looked at, octets
//! that need not be kept.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use recado_domain::ledger::{LedgerEntry, Outcome};
use recado_domain::outbox::Cause;
use recado_domain::person::{EmailAddress, Party};
use recado_domain::ticket::Ticket;
use recado_ports::mail::Automatic;
use recado_ports::outbox::NewDelivery;
use recado_ports::store::StoreError;

use super::{FORGET_AT_ONCE, FORGET_CALLS, KeepHouse};
use crate::letter::{self, Letter};
use crate::wording;

/// A mail may wait so long for the desk before the desk is told.
const UNNOTICED: SignedDuration = SignedDuration::from_hours(1);

/// Mails told of in one round.
const ALERTS_AT_ONCE: u16 = 500;

/// A quarantined mail, with its ticket.
struct Waiting {
    entry: LedgerEntry,
    ticket: Option<Ticket>,
}

impl KeepHouse {
    /// Mails that are stored and not settled: their judge was interrupted, or met a fault.
    pub(super) async fn settle_pending(&self) -> Result<(), StoreError> {
        let swept = *self.diary.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let sweep = self.receive.settle_pending(swept).await?;
        *self.diary.swept.lock().unwrap_or_else(PoisonError::into_inner) = sweep.next;
        if sweep.settled > 0 {
            tracing::info!(settled = sweep.settled, "mails that had waited were judged");
        }
        Ok(())
    }

    /// How many mails wait, for a judgement or for the desk.
    pub(super) async fn show_mails(&self) -> Result<(), StoreError> {
        let depth = self.receive.ledger.depth().await?;
        let gauges = [
            ("recado_mails_pending", None),
            ("recado_mails_quarantined", Some(Outcome::Quarantined)),
            ("recado_mails_failed", Some(Outcome::Failed)),
        ];
        for (gauge, outcome) in gauges {
            let count = depth.iter().find(|(of, _)| *of == outcome);
            #[expect(
                clippy::cast_precision_loss,
                reason = "a gauge of more than 2^52 rows may be off by one"
            )]
            metrics::gauge!(gauge).set(count.map_or(0, |(_, count)| *count) as f64);
        }
        Ok(())
    }

    /// Tells the desk of mails that have waited for it, once each; a person of all theirs in one mail.
    pub(super) async fn alert(&self, now: Timestamp) -> Result<(), StoreError> {
        let waiting = self
            .receive
            .ledger
            .unnoticed(now - UNNOTICED, ALERTS_AT_ONCE)
            .await?;
        let mut by_person: BTreeMap<Option<EmailAddress>, Vec<Waiting>> = BTreeMap::new();
        for entry in waiting {
            tracing::warn!(
                alarm = "mail_quarantined",
                mail = %entry.id.0,
                reason = entry.reason,
                "a mail waits for the desk"
            );
            let ticket = match entry.ticket {
                Some(id) => self.receive.tickets.find_by_id(id).await?,
                None => None,
            };
            let person = self.in_charge(ticket.as_ref()).map(|party| party.email.clone());
            by_person
                .entry(person)
                .or_default()
                .push(Waiting { entry, ticket });
        }
        for theirs in by_person.values() {
            let mut alert = self.alert_of(theirs, now).await?;
            for waiting in theirs {
                let mails = alert.take().into_iter().collect();
                self.receive.ledger.notice(waiting.entry.id, mails, now).await?;
            }
        }
        Ok(())
    }

    /// The mail to whoever answers for the ticket, else to the desk; none where there is neither. It tells of the
    /// oldest, and how many more there are.
    async fn alert_of(&self, theirs: &[Waiting], now: Timestamp) -> Result<Option<NewDelivery>, StoreError> {
        let receive = &self.receive;
        let Some(Waiting { entry, ticket }) = theirs.first() else {
            return Ok(None);
        };
        let Some(recipient) = self.in_charge(ticket.as_ref()) else {
            return Ok(None);
        };
        let is_same = |waiting: &Waiting| waiting.entry.ticket == entry.ticket;
        let ticket = ticket.as_ref().filter(|_| theirs.iter().all(is_same));
        let locale = ticket
            .and_then(|ticket| ticket.locale)
            .unwrap_or(receive.messaging.locale);
        let rendered = wording::Alert {
            from: &entry.from,
            subject: &entry.subject,
            received: &locale.date_time(entry.received_at, &receive.messaging.time_zone),
            reason: entry.reason.as_deref().unwrap_or("-"),
            id: &entry.id.0.to_string(),
            more: theirs.len() - 1,
        }
        .render(locale);
        let thread = match ticket {
            Some(ticket) => {
                receive
                    .outbox
                    .thread(ticket.id, &recipient.email, letter::THREAD_LENGTH)
                    .await?
            }
            None => Vec::new(),
        };
        let parameters = receive.parameters.snapshot().await?.values;
        let letter = Letter {
            cause: Cause::Alert(entry.id),
            ticket,
            author: None,
            rendered: &rendered,
            images: Vec::new(),
            attachments: Vec::new(),
            automatic: Automatic::Generated,
            created_at: now,
            due_at: now,
        };
        let written = receive.desk(&parameters).write(&letter, recipient, &thread);
        if let Err(error) = &written {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "the desk cannot be told of a mail"
            );
        }
        Ok(written.ok())
    }

    fn in_charge<'a>(&'a self, ticket: Option<&'a Ticket>) -> Option<&'a Party> {
        ticket
            .and_then(|ticket| ticket.responsible.as_ref().or(ticket.group.as_ref()))
            .or(self.receive.messaging.desk.as_ref())
    }

    /// Octets of mails that were settled long ago.
    pub(super) async fn forget_raw(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now - self.receive.settings.keep_raw;
        for _ in 0..FORGET_CALLS {
            let forgotten = self.receive.ledger.forget_raw(before, FORGET_AT_ONCE).await?;
            if forgotten < u64::from(FORGET_AT_ONCE) {
                break;
            }
        }
        Ok(())
    }
}
