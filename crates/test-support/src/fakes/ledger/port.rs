//! The port of the ledger in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::comment::Visibility;
use recado_domain::ledger::{LedgerEntry, MailId, Outcome};
use recado_domain::outbox::{Cause, DeliveryId};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::ledger::{
    Ledger, MailFilter, MailboxFolder, MailboxPosition, NewMail, Provenance, SettleError, SettleMail,
    StoredMail, Taken,
};
use recado_ports::outbox::NewDelivery;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use super::Row;
use crate::fakes::{MemoryStore, page};

#[async_trait]
impl Ledger for MemoryStore {
    async fn take(&self, mail: NewMail) -> Result<Taken, StoreError> {
        Ok(self.write(|tables| tables.take_mail(mail)))
    }

    async fn pending(&self, after: Option<MailId>, limit: u16) -> Result<Vec<MailId>, StoreError> {
        Ok(self.read(|tables| {
            let behind = |id: MailId| after.is_none_or(|after| id > after);
            let mails = tables.mails.values();
            let pending = mails.filter(|row| row.entry.outcome.is_none() && behind(row.entry.id));
            pending.map(|row| row.entry.id).take(usize::from(limit)).collect()
        }))
    }

    async fn find(&self, id: MailId) -> Result<Option<StoredMail>, StoreError> {
        Ok(self.read(|tables| {
            let row = tables.mails.get(&id)?;
            Some(StoredMail {
                entry: row.entry.clone(),
                fingerprint: row.fingerprint.clone(),
                raw: row.raw.clone(),
            })
        }))
    }

    async fn entry(&self, id: MailId) -> Result<Option<LedgerEntry>, StoreError> {
        Ok(self.read(|tables| Some(tables.mails.get(&id)?.entry.clone())))
    }

    async fn list(
        &self,
        filter: &MailFilter,
        request: &PageRequest,
    ) -> Result<Page<LedgerEntry>, StoreError> {
        Ok(self.read(|tables| {
            let passes = |entry: &&LedgerEntry| {
                filter
                    .outcome
                    .is_none_or(|outcome| entry.outcome == Some(outcome))
                    && filter.ticket.is_none_or(|ticket| entry.ticket == Some(ticket))
            };
            let newest_first = tables.mails.values().rev().map(|row| &row.entry).filter(passes);
            let keyed = newest_first.map(|entry| (entry.id.0.to_string(), entry.clone()));
            page(keyed, request, |cursor, after| cursor < after)
        }))
    }

    async fn copy_of(&self, fingerprint: &str, except: MailId) -> Result<Option<MailId>, StoreError> {
        Ok(self.read(|tables| {
            let copies = tables
                .mails
                .values()
                .filter(|row| row.fingerprint == fingerprint && row.entry.id != except);
            let mut known = copies.filter(|row| {
                let outcome = row.entry.outcome;
                outcome.is_some_and(Outcome::makes_copies_duplicates)
            });
            known.next().map(|row| row.entry.id)
        }))
    }

    async fn settle(&self, settle: SettleMail) -> Result<(), SettleError> {
        self.write(|tables| tables.settle_mail(settle))
    }

    async fn provenance(&self, deliveries: &[DeliveryId]) -> Result<Vec<Provenance>, StoreError> {
        Ok(self.read(|tables| {
            let mails = deliveries.iter().filter_map(|id| tables.outbox.get(id));
            let provenance = mails.map(|mail| {
                let visibility = match mail.cause {
                    Cause::Comment(comment) => tables.visibility(comment),
                    Cause::Alert(_) => Some(Visibility::Internal),
                    Cause::Test(_) | Cause::Acknowledgement(_) | Cause::SignIn(_) => None,
                };
                Provenance {
                    delivery: mail.id,
                    ticket: mail.ticket,
                    recipient: mail.recipient.clone(),
                    written_at: mail.created_at,
                    visibility: visibility.unwrap_or(Visibility::Public),
                }
            });
            provenance.collect()
        }))
    }

    async fn answers_for(&self, address: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError> {
        Ok(self.read(|tables| {
            let accepted = tables.accepted.iter().filter(|(known, _)| known == address);
            accepted.map(|(_, person)| person.clone()).collect()
        }))
    }

    async fn recent(
        &self,
        sender: &EmailAddress,
        ticket: Option<TicketId>,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self.read(|tables| {
            let is_counted = |row: &&Row| {
                let kind = match ticket {
                    Some(_) => row.entry.outcome == Some(Outcome::Attached) && row.entry.ticket == ticket,
                    None => row.entry.outcome == Some(Outcome::Opened),
                };
                kind && row.sender.as_ref() == Some(sender) && row.settled_at.is_some_and(|at| at >= since)
            };
            tables.mails.values().filter(is_counted).count() as u64
        }))
    }

    async fn acknowledged(&self, to: Option<EmailAddress>, since: Timestamp) -> Result<u64, StoreError> {
        Ok(self.read(|tables| {
            let written = tables.outbox.values().filter(|mail| {
                matches!(mail.cause, Cause::Acknowledgement(_))
                    && mail.created_at >= since
                    && to.as_ref().is_none_or(|to| mail.recipient == *to)
            });
            written.count() as u64
        }))
    }

    async fn unnoticed(
        &self,
        received_before: Timestamp,
        limit: u16,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(self.read(|tables| {
            let waiting = tables
                .mails
                .values()
                .filter(|row| row.is_unnoticed() && row.entry.received_at < received_before);
            let mut waiting: Vec<_> = waiting.map(|row| row.entry.clone()).collect();
            waiting.sort_by_key(|entry| (entry.received_at, entry.id));
            waiting.truncate(usize::from(limit));
            waiting
        }))
    }

    async fn notice(&self, id: MailId, alerts: Vec<NewDelivery>, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            let Some(row) = tables.mails.get_mut(&id).filter(|row| row.is_unnoticed()) else {
                return;
            };
            row.noticed_at = Some(now);
            for alert in alerts {
                tables.enqueue(alert);
            }
        });
        Ok(())
    }

    async fn position(&self, folder: &MailboxFolder) -> Result<Option<MailboxPosition>, StoreError> {
        Ok(self.read(|tables| tables.positions.get(folder).copied()))
    }

    async fn advance(&self, folder: &MailboxFolder, position: &MailboxPosition) -> Result<(), StoreError> {
        self.write(|tables| tables.positions.insert(folder.clone(), *position));
        Ok(())
    }

    async fn depth(&self) -> Result<Vec<(Option<Outcome>, u64)>, StoreError> {
        Ok(self.read(|tables| {
            let mut depth: BTreeMap<Option<Outcome>, u64> = BTreeMap::new();
            for row in tables.mails.values() {
                *depth.entry(row.entry.outcome).or_default() += 1;
            }
            depth.into_iter().collect()
        }))
    }

    async fn forget_raw(&self, received_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        Ok(self.write(|tables| {
            let is_old = |row: &&mut Row| {
                row.raw.is_some()
                    && row
                        .entry
                        .outcome
                        .is_some_and(|outcome| !outcome.can_be_replayed())
                    && row.entry.received_at < received_before
            };
            let old = tables.mails.values_mut().filter(is_old);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            old.take(limit).map(|row| row.raw = None).count() as u64
        }))
    }
}
