//! The port upon the rows.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Delivery, DeliveryId, Event, LeaseToken, State};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;
use recado_ports::outbox::{
    Claim, ClaimedDelivery, DeliveryFilter, DeliveryHistory, NewDelivery, Outbox, QueueDepth, Settlement,
    TransitionError,
};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use super::Row;
use crate::fakes::{MemoryStore, page};

#[async_trait]
impl Outbox for MemoryStore {
    async fn enqueue(&self, deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
        self.write(|tables| {
            for delivery in deliveries {
                tables.enqueue(delivery);
            }
        });
        Ok(())
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let lease_end = self.0.clock.elapsed() + claim.lease_time;
        Ok(self.write(|tables| {
            if claim
                .under
                .is_some_and(|known| !tables.is_still_at(known, claim.account))
            {
                return Vec::new();
            }
            let mut due: Vec<_> = tables
                .outbox
                .values()
                .filter(|row| row.account == claim.account && row.waits() && row.due_at <= claim.now)
                .filter(|row| tables.may_leave(row, claim.now, claim.blocked_after))
                .map(|row| (row.due_at, row.id, tables.open_time(row)))
                .collect();
            due.sort_unstable();
            due.truncate(usize::from(claim.limit));
            let mut claimed = Vec::new();
            for (_, id, open_time) in due {
                let row = tables.outbox.get_mut(&id).expect("the row was just read");
                let claimed_from = row.state;
                row.state = row.state.on(Event::Claim).expect("the row waits");
                row.lease = Some(claim.lease);
                row.lease_end = lease_end;
                claimed.push(ClaimedDelivery {
                    delivery: row.delivery(),
                    claimed_from,
                    open_time,
                });
            }
            claimed
        }))
    }

    async fn messages(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, Vec<u8>)>, StoreError> {
        Ok(self.read(|tables| {
            let message = |id| Some((id, tables.outbox.get(&id)?.message.clone()?));
            ids.iter().copied().filter_map(message).collect()
        }))
    }

    async fn renew(&self, lease: LeaseToken, lease_time: Duration) -> Result<Vec<DeliveryId>, StoreError> {
        let lease_end = self.0.clock.elapsed() + lease_time;
        Ok(self.write(|tables| {
            let held = tables.outbox.values_mut().filter(|row| row.is_held_under(lease));
            held.map(|row| {
                row.lease_end = lease_end;
                row.id
            })
            .collect()
        }))
    }

    async fn fence(
        &self,
        lease: LeaseToken,
        ids: &[DeliveryId],
        _: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        Ok(self.write(|tables| {
            let mut fenced = Vec::new();
            for id in ids {
                if let Some(row) = tables.outbox.get_mut(id)
                    && row.lease == Some(lease)
                    && let Some(sending) = row.state.on(Event::Fence)
                {
                    row.state = sending;
                    row.attempts += 1;
                    fenced.push(*id);
                }
            }
            fenced
        }))
    }

    async fn readdress(
        &self,
        lease: LeaseToken,
        id: DeliveryId,
        sender: &EmailAddress,
        message: Vec<u8>,
    ) -> Result<bool, StoreError> {
        Ok(self.write(|tables| {
            let leased = |row: &&mut Row| row.state == State::Leased && row.lease == Some(lease);
            let Some(row) = tables.outbox.get_mut(&id).filter(leased) else {
                return false;
            };
            row.sender = sender.clone();
            row.size = message.len() as u64;
            row.message = Some(message);
            true
        }))
    }

    async fn settle(
        &self,
        lease: LeaseToken,
        settlements: &[(DeliveryId, Settlement)],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        Ok(self.write(|tables| {
            let mut settled = Vec::new();
            for (id, settlement) in settlements {
                let row = tables.outbox.get_mut(id).filter(|row| row.lease == Some(lease));
                let Some(row) = row else { continue };
                if row.state == State::Sent && matches!(settlement, Settlement::Sent { .. }) {
                    // The call before this one was carried out, and its answer not heard.
                    settled.push(*id);
                } else if row.settle(settlement, now) {
                    let delivery = row.delivery();
                    tables.log_delivery(&delivery, now);
                    tables.wake_outbox();
                    settled.push(*id);
                }
            }
            settled
        }))
    }

    async fn end_expired_leases(&self, now: Timestamp, unsure_due: Timestamp) -> Result<u64, StoreError> {
        let elapsed = self.0.clock.elapsed();
        Ok(self.write(|tables| {
            let mut ended = Vec::new();
            for row in tables
                .outbox
                .values_mut()
                .filter(|row| row.is_held() && row.lease_end <= elapsed)
            {
                row.end_lease(now, unsure_due);
                ended.push(row.delivery());
            }
            for delivery in &ended {
                tables.log_delivery(delivery, now);
                tables.wake_outbox();
            }
            ended.len() as u64
        }))
    }

    async fn expire(
        &self,
        account: AccountId,
        expire: Duration,
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        Ok(self.write(|tables| {
            let expired: Vec<_> = tables
                .outbox
                .values()
                .filter(|row| row.account == account && row.waits() && tables.open_time(row) > expire)
                .map(|row| row.id)
                .collect();
            for id in &expired {
                let row = tables.outbox.get_mut(id).expect("the row was just read");
                row.state = row.state.on(Event::Reject).expect("the row waits");
                row.lease = None;
                row.last_reply = Some("expired".to_owned());
                let delivery = row.delivery();
                tables.log_delivery(&delivery, now);
                tables.wake_outbox();
            }
            expired
        }))
    }

    async fn next_due(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read(|tables| {
            let waiting = tables
                .outbox
                .values()
                .filter(|row| row.account == account && row.waits());
            waiting.map(|row| row.due_at).min()
        }))
    }

    async fn list(
        &self,
        filter: &DeliveryFilter,
        request: &PageRequest,
    ) -> Result<Page<Delivery>, StoreError> {
        Ok(self.read(|tables| {
            let passing = tables.outbox.values().filter(|row| row.passes(filter));
            let keyed = passing.map(|row| (row.id.0.to_string(), row.delivery()));
            page(keyed, request, |cursor, after| cursor > after)
        }))
    }

    async fn find(&self, id: DeliveryId) -> Result<Option<DeliveryHistory>, StoreError> {
        Ok(self.read(|tables| {
            let row = tables.outbox.get(&id)?;
            Some(DeliveryHistory {
                delivery: row.delivery(),
                attempts: row.history.clone(),
            })
        }))
    }

    async fn thread(
        &self,
        ticket: TicketId,
        recipient: &EmailAddress,
        limit: u16,
    ) -> Result<Vec<MessageId>, StoreError> {
        Ok(self.read(|tables| {
            let thread = tables
                .outbox
                .values()
                .filter(|row| row.ticket == Some(ticket) && row.recipient == *recipient);
            let all: Vec<_> = thread.map(|row| row.message_id.clone()).collect();
            let surplus = all.len().saturating_sub(usize::from(limit));
            all[surplus..].to_vec()
        }))
    }

    async fn requeue(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, TransitionError> {
        self.write(|tables| {
            let row = tables.outbox.get(&id).ok_or(TransitionError::NotFound)?;
            let ready = row
                .state
                .on(Event::Requeue)
                .ok_or(TransitionError::Illegal(row.state))?;
            if row.message.is_none() {
                return Err(TransitionError::NoMessage);
            }
            let open_before = tables.channel(row.account).open;
            let row = tables.outbox.get_mut(&id).expect("the row was just read");
            row.state = ready;
            row.lease = None;
            row.due_at = now;
            row.blocked_since = None;
            row.open_before = open_before;
            let delivery = row.delivery();
            tables.log_delivery(&delivery, now);
            tables.wake_outbox();
            Ok(delivery)
        })
    }

    async fn revive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.write(|tables| {
            let dead = |row: &&mut Row| row.state == State::Dead && row.attempts > 0;
            let Some(row) = tables.outbox.get_mut(&id).filter(dead) else {
                return false;
            };
            row.state = State::Ready;
            row.attempts -= 1;
            row.due_at = now;
            row.blocked_since = None;
            let delivery = row.delivery();
            tables.log_delivery(&delivery, now);
            tables.wake_outbox();
            true
        }))
    }

    async fn cancel(
        &self,
        id: DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Delivery, TransitionError> {
        self.write(|tables| {
            let state = tables.outbox.get(&id).ok_or(TransitionError::NotFound)?.state;
            tables
                .cancel(id, reason, now)
                .ok_or(TransitionError::Illegal(state))
        })
    }

    async fn depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        Ok(self.read(|tables| {
            let mut depths: BTreeMap<(AccountId, State), QueueDepth> = BTreeMap::new();
            let counted = |row: &&Row| !matches!(row.state, State::Sent | State::Cancelled);
            for row in tables.outbox.values().filter(counted) {
                let (account, state) = (row.account, row.state);
                let depth = depths.entry((account, state)).or_insert(QueueDepth {
                    account,
                    state,
                    count: 0,
                    oldest: row.created_at,
                });
                depth.count += 1;
                depth.oldest = depth.oldest.min(row.created_at);
            }
            depths.into_values().collect()
        }))
    }

    async fn forget_messages(&self, sent_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        Ok(self.write(|tables| {
            let old = tables.outbox.values_mut().filter(|row| row.message.is_some());
            let old = old.filter(|row| row.sent_at.is_some_and(|at| at < sent_before));
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            old.take(limit).map(|row| row.message = None).count() as u64
        }))
    }
}

impl Row {
    fn is_held_under(&self, lease: LeaseToken) -> bool {
        self.is_held() && self.lease == Some(lease)
    }

    fn passes(&self, filter: &DeliveryFilter) -> bool {
        (filter.states.is_empty() || filter.states.contains(&self.state))
            && filter.ticket.is_none_or(|ticket| self.ticket == Some(ticket))
            && filter.account.is_none_or(|account| self.account == account)
    }
}
