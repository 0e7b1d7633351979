//! Suppressions in memory.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use recado_domain::person::EmailAddress;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use recado_ports::suppressions::{Suppression, Suppressions};

use super::{MemoryStore, Tables, page};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is known of an address that bounced.
#[derive(Default)]
pub(super) struct Row {
    first_bounce: Option<Timestamp>,
    suppression: Option<Suppression>,
}

impl Row {
    fn in_force(&self, now: Timestamp) -> Option<&Suppression> {
        self.suppression
            .as_ref()
            .filter(|suppression| now < suppression.until)
    }
}

#[async_trait]
impl Suppressions for MemoryStore {
    async fn record_hard_bounce(
        &self,
        address: &EmailAddress,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.write(|tables| {
            let row = tables.bounces.entry(address.clone()).or_default();
            let first = *row.first_bounce.get_or_insert(now);
            let apart = now.duration_since(first);
            if apart > MONTH {
                row.first_bounce = Some(now);
                return false;
            }
            if apart < DAY {
                return false;
            }
            row.suppression = Some(Suppression {
                address: address.clone(),
                reason: reason.to_owned(),
                since: now,
                until: now + MONTH,
            });
            // After it lapses the address begins anew.
            row.first_bounce = None;
            true
        }))
    }

    async fn list(&self, now: Timestamp, request: &PageRequest) -> Result<Page<Suppression>, StoreError> {
        Ok(self.read(|tables| {
            let in_force = tables.bounces.values().filter_map(|row| row.in_force(now));
            let keyed =
                in_force.map(|suppression| (suppression.address.as_str().to_owned(), suppression.clone()));
            page(keyed, request, |cursor, after| cursor > after)
        }))
    }

    async fn lift(&self, address: &EmailAddress) -> Result<bool, StoreError> {
        Ok(self.write(|tables| tables.bounces.remove(address).is_some()))
    }
}

impl Tables {
    pub(super) fn is_suppressed(&self, address: &EmailAddress, now: Timestamp) -> bool {
        let row = self.bounces.get(address);
        row.is_some_and(|row| row.in_force(now).is_some())
    }
}
