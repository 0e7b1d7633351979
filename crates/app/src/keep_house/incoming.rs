//! Housekeeping of the ledger: mails that nobody has judged yet, quarantined ones that nobody has looked at, octets
//! that need not be kept.

use jiff::{SignedDuration, Timestamp};
use recado_domain::ledger::{LedgerEntry, Outcome};
use recado_domain::outbox::Cause;
use recado_domain::person::Party;
use recado_domain::ticket::Ticket;
use recado_ports::mail::Automatic;
use recado_ports::outbox::NewDelivery;
use recado_ports::store::StoreError;

use super::{FORGET_AT_ONCE, FORGET_CALLS, KeepHouse};
use crate::letter::{self, Letter};
use crate::wording;

/// A mail may wait so long for the desk before the desk is told.
const UNNOTICED: SignedDuration = SignedDuration::from_hours(1);

/// Alerts in one round.
const ALERTS_AT_ONCE: u16 = 50;

impl KeepHouse {
    /// Mails that are stored and not settled: their judge was interrupted, or met a fault.
    pub(super) async fn settle_pending(&self) -> Result<(), StoreError> {
        let settled = self.receive.settle_pending().await?;
        if settled > 0 {
            tracing::info!(settled, "mails that had waited were judged");
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

    /// Tells the desk of mails that have waited for it, once each.
    pub(super) async fn alert(&self, now: Timestamp) -> Result<(), StoreError> {
        let waiting = self
            .receive
            .ledger
            .unnoticed(now - UNNOTICED, ALERTS_AT_ONCE)
            .await?;
        for entry in waiting {
            let alerts = self.alerts(&entry, now).await?;
            let told = alerts.len();
            self.receive.ledger.notice(entry.id, alerts, now).await?;
            tracing::warn!(
                alarm = "mail_quarantined",
                mail = %entry.id.0,
                told,
                reason = entry.reason,
                "a mail waits for the desk"
            );
        }
        Ok(())
    }

    /// The mail to whoever answers for the ticket, else to the desk; none where there is neither.
    async fn alerts(&self, entry: &LedgerEntry, now: Timestamp) -> Result<Vec<NewDelivery>, StoreError> {
        let receive = &self.receive;
        let ticket = match entry.ticket {
            Some(id) => receive.tickets.find_by_id(id).await?,
            None => None,
        };
        let Some(recipient) = self.in_charge(ticket.as_ref()) else {
            return Ok(Vec::new());
        };
        let locale = ticket
            .as_ref()
            .and_then(|ticket| ticket.locale)
            .unwrap_or(receive.messaging.locale);
        let rendered = wording::Alert {
            from: &entry.from,
            subject: &entry.subject,
            received: &locale.date_time(entry.received_at, &receive.messaging.time_zone),
            reason: entry.reason.as_deref().unwrap_or("-"),
            id: &entry.id.0.to_string(),
        }
        .render(locale);
        let thread = match &ticket {
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
            ticket: ticket.as_ref(),
            author: None,
            rendered: &rendered,
            attachments: Vec::new(),
            automatic: Automatic::Generated,
            created_at: now,
            due_at: now,
        };
        match receive.desk(&parameters).write(&letter, &recipient, &thread) {
            Ok(alert) => Ok(vec![alert]),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the desk cannot be told of a mail"
                );
                Ok(Vec::new())
            }
        }
    }

    fn in_charge(&self, ticket: Option<&Ticket>) -> Option<Party> {
        ticket
            .and_then(|ticket| ticket.responsible.as_ref().or(ticket.group.as_ref()))
            .or(self.receive.messaging.desk.as_ref())
            .cloned()
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
