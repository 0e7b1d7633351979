//! What a daemon does beside its work: ending leases that ran out, giving up what expired, counting open time,
//! judging mails that wait for it, keeping the search up to date, telling the desk of mails that wait for the desk, forgetting what need not be kept,
//! and showing how full the queue is.

mod incoming;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use recado_domain::ledger::MailId;
use recado_ports::channels::Channels;
use recado_ports::clock::Clock;
use recado_ports::comments::Comments;
use recado_ports::events::Events;
use recado_ports::ids::Ids;
use recado_ports::inbox::Inbox;
use recado_ports::outbox::Outbox;
use recado_ports::sessions::Sessions;
use recado_ports::store::StoreError;

use crate::deliver_batch::AccountGate;
use crate::receive_mail::ReceiveMail;
use crate::settings::DeliverySettings;

/// Old things forgotten in one call: a bound on how long it holds the database.
const FORGET_AT_ONCE: u32 = 500;

/// Calls in one round: a bound on the round, above what any desk sends in a minute.
const FORGET_CALLS: u32 = 20;

/// Comments that the search takes in with one call, and calls in a round: so many that it catches up with any desk, and
/// with a million comments of an older version's within minutes.
const INDEX_AT_ONCE: u16 = 1_000;
const INDEX_CALLS: u32 = 20;

/// The log of events is for followers who were away for a while, not an archive.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Old things are looked for, and the queue is counted, this often: with many mails waiting both cost time.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// A mail that has waited for so long deserves a look by the desk.
const LATE: SignedDuration = SignedDuration::from_hours(4);

/// The desk is told of late mails this often.
const WARN_EVERY: Duration = Duration::from_hours(1);

/// Nobody is told of quarantined mails more often, however many come.
const ALERT_EVERY: Duration = Duration::from_mins(15);

/// Keeps house.
pub struct KeepHouse {
    /// Leases, expiry, old messages.
    pub outbox: Arc<dyn Outbox>,
    /// Idempotency keys that expired.
    pub comments: Arc<dyn Comments>,
    /// Comments that the search does not know yet.
    pub inbox: Arc<dyn Inbox>,
    /// Open time.
    pub channels: Arc<dyn Channels>,
    /// Old events.
    pub events: Arc<dyn Events>,
    /// Sessions, links and open pages that ended.
    pub sessions: Arc<dyn Sessions>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub ids: Arc<dyn Ids>,
    /// What the configuration decides about delivery.
    pub settings: Arc<DeliverySettings>,
    /// How long the octets of a sent mail are kept.
    pub keep_messages: Duration,
    /// The account's gate.
    pub gate: Arc<AccountGate>,
    /// Judges mails that are pending, and knows the ledger that they lie in.
    pub receive: Arc<ReceiveMail>,
    /// When what is not done in every round was last done.
    pub diary: Diary,
}

/// When what is not done in every round was last done, by [`Clock::elapsed`]; begins with never. And how far the sweep
/// over pending mails has come.
#[derive(Debug, Default)]
pub struct Diary {
    swept: Mutex<Option<MailId>>,
    looked: Mutex<Option<Duration>>,
    warned: Mutex<Option<Duration>>,
    alerted: Mutex<Option<Duration>>,
}

/// Whether so much time has passed since an entry; then it is written anew.
fn is_due(entry: &Mutex<Option<Duration>>, every: Duration, now: Duration) -> bool {
    let mut last = entry.lock().unwrap_or_else(PoisonError::into_inner);
    let due = last.is_none_or(|last| now.saturating_sub(last) >= every);
    if due {
        *last = Some(now);
    }
    due
}

impl KeepHouse {
    /// One round; to be called every few seconds. A store that does not answer is tried again in the next one.
    pub async fn run(&self) {
        if let Err(error) = self.round().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "housekeeping waits for the database"
            );
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let account = self.gate.account();
        let unsure_due = now + self.settings.schedule.jittered(1, self.ids.dice());
        let ended = self.outbox.end_expired_leases(now, unsure_due).await?;
        if ended > 0 {
            tracing::warn!(ended, "leases ran out; their mails go on");
        }
        let opening = self.gate.opening(self.clock.elapsed());
        self.channels.tick(account, opening, now).await?;
        for delivery in self.outbox.expire(account, self.settings.expire, now).await? {
            tracing::error!(alarm = "delivery_dead", delivery = %delivery.0, reason = "expired", "a mail was given up");
            metrics::counter!("recado_deliveries_total", "outcome" => "dead").increment(1);
        }
        self.settle_pending().await?;
        self.index_comments().await?;
        if is_due(&self.diary.looked, LOOK_EVERY, self.clock.elapsed()) {
            self.show_depth(now).await?;
            self.show_mails().await?;
            self.forget(now).await?;
            self.forget_raw(now).await?;
        }
        if is_due(&self.diary.alerted, ALERT_EVERY, self.clock.elapsed()) {
            self.alert(now).await?;
        }
        Ok(())
    }

    async fn index_comments(&self) -> Result<(), StoreError> {
        for _ in 0..INDEX_CALLS {
            if self.inbox.index_comments(INDEX_AT_ONCE).await? < u64::from(INDEX_AT_ONCE) {
                break;
            }
        }
        Ok(())
    }

    async fn show_depth(&self, now: Timestamp) -> Result<(), StoreError> {
        let depth = self.outbox.depth().await?;
        let mut late = Vec::new();
        for state in recado_domain::outbox::State::ALL {
            let of_state = depth.iter().filter(|depth| depth.state == state);
            let count: u64 = of_state.clone().map(|depth| depth.count).sum();
            let oldest = of_state
                .map(|depth| now.duration_since(depth.oldest))
                .max()
                .unwrap_or_default();
            #[expect(
                clippy::cast_precision_loss,
                reason = "a gauge of more than 2^52 rows may be off by one"
            )]
            metrics::gauge!("recado_outbox_rows", "state" => state.as_str()).set(count as f64);
            metrics::gauge!("recado_outbox_oldest_seconds", "state" => state.as_str())
                .set(oldest.as_secs_f64());
            if state.is_active() && oldest > LATE {
                late.push((state, oldest));
            }
        }
        if !late.is_empty() && is_due(&self.diary.warned, WARN_EVERY, self.clock.elapsed()) {
            for (state, oldest) in late {
                tracing::warn!(
                    alarm = "delivery_late",
                    state = state.as_str(),
                    hours = oldest.as_hours(),
                    "mails have waited for long"
                );
            }
        }
        Ok(())
    }

    async fn forget(&self, now: Timestamp) -> Result<(), StoreError> {
        let sent_before = now - self.keep_messages;
        for _ in 0..FORGET_CALLS {
            if self.outbox.forget_messages(sent_before, FORGET_AT_ONCE).await? < u64::from(FORGET_AT_ONCE) {
                break;
            }
        }
        for _ in 0..FORGET_CALLS {
            if self.comments.forget_idempotency(now, FORGET_AT_ONCE).await? < u64::from(FORGET_AT_ONCE) {
                break;
            }
        }
        for _ in 0..FORGET_CALLS {
            if self.sessions.forget_ended(now, FORGET_AT_ONCE).await? < u64::from(FORGET_AT_ONCE) {
                break;
            }
        }
        self.events.forget(now - EVENTS_KEPT).await?;
        Ok(())
    }
}
