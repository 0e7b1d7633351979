//! Channels in memory.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use recado_domain::channel::{AccountId, HoldReason};
use recado_ports::channels::{Channel, Channels, Hold, Opening};
use recado_ports::outbox::Revision;
use recado_ports::store::StoreError;

use super::{MemoryStore, Tables};

/// A longer gap between two ticks means that no daemon ran.
const LONGEST_GAP: SignedDuration = SignedDuration::from_mins(2);

/// A stored channel.
#[derive(Default)]
pub(super) struct Row {
    hold: Option<Hold>,
    pub(super) nudges: i64,
    last_fault: Option<String>,
    /// How long it was open in all.
    pub(super) open: Duration,
    last_tick: Option<Timestamp>,
}

impl Row {
    fn channel(&self, account: AccountId) -> Channel {
        Channel {
            account,
            hold: self.hold.clone(),
            nudges: self.nudges,
            last_fault: self.last_fault.clone(),
        }
    }

    fn hold(&mut self, hold: &Hold) {
        match &mut self.hold {
            Some(present) if present.reason == hold.reason => present.detail.clone_from(&hold.detail),
            Some(present) if !present.reason.is_probed() => {}
            other => *other = Some(hold.clone()),
        }
    }

    fn tick(&mut self, opening: Opening, now: Timestamp) {
        let gap = self
            .last_tick
            .map_or(SignedDuration::ZERO, |last| now.duration_since(last));
        if opening == Opening::Open && gap.is_positive() && gap <= LONGEST_GAP {
            self.open += gap.unsigned_abs();
        }
        // Set back by the slower clock of another daemon, the tick would let the same time count again.
        if self
            .last_tick
            .is_none_or(|last| last < now || last.duration_since(now) > LONGEST_GAP)
        {
            self.last_tick = Some(now);
        }
    }
}

#[async_trait]
impl Channels for MemoryStore {
    async fn list(&self) -> Result<Vec<Channel>, StoreError> {
        Ok(self.write(|tables| {
            tables.channel(AccountId::DEFAULT);
            tables
                .channels
                .iter()
                .map(|(account, row)| row.channel(*account))
                .collect()
        }))
    }

    async fn find(&self, account: AccountId) -> Result<Channel, StoreError> {
        Ok(self.read(|tables| {
            tables
                .channels
                .get(&account)
                .map_or_else(|| Row::default().channel(account), |row| row.channel(account))
        }))
    }

    async fn hold(&self, account: AccountId, hold: &Hold) -> Result<(), StoreError> {
        self.write(|tables| tables.channel(account).hold(hold));
        Ok(())
    }

    async fn hold_all(&self, hold: &Hold) -> Result<(), StoreError> {
        self.write(|tables| {
            tables.channel(AccountId::DEFAULT);
            tables.channels.values_mut().for_each(|row| row.hold(hold));
        });
        Ok(())
    }

    async fn release(&self, account: AccountId, reasons: &[HoldReason]) -> Result<bool, StoreError> {
        Ok(self.write(|tables| {
            let row = tables.channel(account);
            let released = row.hold.take_if(|hold| reasons.contains(&hold.reason)).is_some();
            if released {
                tables.nudge(account);
            }
            released
        }))
    }

    async fn nudge(&self, account: AccountId) -> Result<(), StoreError> {
        self.write(|tables| tables.nudge(account));
        Ok(())
    }

    async fn record_fault(&self, account: AccountId, fault: &str) -> Result<(), StoreError> {
        self.write(|tables| tables.channel(account).last_fault = Some(fault.to_owned()));
        Ok(())
    }

    async fn tick(&self, account: AccountId, opening: Opening, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| tables.channel(account).tick(opening, now));
        Ok(())
    }
}

impl Tables {
    /// The account's row, which using it makes.
    pub(super) fn channel(&mut self, account: AccountId) -> &mut Row {
        self.channels.entry(account).or_default()
    }

    /// Whether what a worker has read still counts.
    pub(super) fn is_still_at(&self, known: Revision, account: AccountId) -> bool {
        let row = self.channels.get(&account);
        self.parameters_written == known.parameters
            && row.is_none_or(|row| row.hold.is_none() && row.nudges == known.nudges)
    }

    pub(super) fn nudge(&mut self, account: AccountId) {
        self.channel(account).nudges += 1;
        self.wake_outbox();
    }
}
