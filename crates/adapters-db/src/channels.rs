//! The state of outgoing accounts.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::channel::{AccountId, HoldReason};
use recado_ports::channels::{Channel, Channels, Hold, Opening};
use recado_ports::store::StoreError;

use crate::column::{count, micros, timestamp, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::channel;
use crate::wakeup::News;

/// A longer gap between two ticks counts as shut: no daemon ran. In microseconds.
const LONGEST_GAP: i64 = 120_000_000;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = channel)]
struct ChannelRow {
    account: i64,
    hold_reason: Option<String>,
    hold_detail: Option<String>,
    hold_since: Option<i64>,
    nudges: i64,
    last_fault: Option<String>,
}

impl ChannelRow {
    fn try_into_port(self) -> Result<Channel, Fault> {
        let hold = match (self.hold_reason, self.hold_since) {
            (Some(reason), Some(since)) => Some(Hold {
                reason: word("a hold's reason", &reason, HoldReason::parse)?,
                detail: self.hold_detail.unwrap_or_default(),
                since: timestamp(since)?,
            }),
            _ => None,
        };
        Ok(Channel {
            account: AccountId(count("an account", self.account)?),
            hold,
            nudges: self.nudges,
            last_fault: self.last_fault,
        })
    }
}

/// Whom to hold.
struct HoldWrite {
    /// All of them when it is unset.
    account: Option<i64>,
    hold: Hold,
}

struct Tick {
    account: i64,
    opening: Opening,
    now: i64,
}

queries! {
    pub(super) async fn list(connection: &mut Session, _input: &()) -> Result<Vec<ChannelRow>, Fault> {
        let rows = channel::table.order(channel::account).select(ChannelRow::as_select());
        Ok(rows.load(connection).await?)
    }

    pub(super) async fn find(connection: &mut Session, account: &i64) -> Result<Option<ChannelRow>, Fault> {
        let row = channel::table.find(account).select(ChannelRow::as_select());
        Ok(row.first(connection).await.optional()?)
    }

    /// An account's row is there from its first use on.
    async fn ensure(connection: &mut Session, account: i64) -> Result<(), Fault> {
        let rows = [channel::account.eq(account)];
        insert_new!(connection, channel::table, &rows);
        Ok(())
    }

    pub(super) async fn hold(connection: &mut Session, input: &HoldWrite) -> Result<(), Fault> {
        let reason = input.hold.reason.as_str();
        let detail = channel::hold_detail.eq(&input.hold.detail);
        let since = channel::hold_since.eq(micros(input.hold.since));
        let account = input.account.unwrap_or(0);
        if input.account.is_some() {
            ensure(connection, account).await?;
        }
        // All accounts, or the one.
        let first = input.account.unwrap_or(i64::MIN);
        let last = input.account.unwrap_or(i64::MAX);
        let accounts = channel::table.filter(channel::account.between(first, last));
        let same = accounts.filter(channel::hold_reason.eq(reason));
        diesel::update(same).set(detail).execute(connection).await?;
        let probed: Vec<_> =
            HoldReason::ALL.into_iter().filter(|other| other.is_probed() && *other != input.hold.reason).collect();
        let replaced = accounts.filter(
            channel::hold_reason
                .is_null()
                .or(channel::hold_reason.eq_any(probed.into_iter().map(HoldReason::as_str))),
        );
        let hold = (channel::hold_reason.eq(reason), detail, since);
        diesel::update(replaced).set(hold).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn release(connection: &mut Session, input: &(i64, Vec<HoldReason>)) -> Result<bool, Fault> {
        let (account, reasons) = input;
        let held = channel::table
            .filter(channel::account.eq(account))
            .filter(channel::hold_reason.eq_any(reasons.iter().map(|reason| reason.as_str())));
        let free = (
            channel::hold_reason.eq(None::<String>),
            channel::hold_detail.eq(None::<String>),
            channel::hold_since.eq(None::<i64>),
            channel::nudges.eq(channel::nudges + 1),
        );
        Ok(diesel::update(held).set(free).execute(connection).await? > 0)
    }

    pub(super) async fn nudge(connection: &mut Session, account: &i64) -> Result<(), Fault> {
        ensure(connection, *account).await?;
        let row = channel::table.find(account);
        diesel::update(row).set(channel::nudges.eq(channel::nudges + 1)).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn record_fault(connection: &mut Session, input: &(i64, String)) -> Result<(), Fault> {
        let (account, fault) = input;
        ensure(connection, *account).await?;
        let row = channel::table.find(account);
        diesel::update(row).set(channel::last_fault.eq(fault)).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn tick(connection: &mut Session, input: &Tick) -> Result<(), Fault> {
        ensure(connection, input.account).await?;
        let now = input.now;
        let row = channel::table.find(input.account);
        if input.opening == Opening::Open {
            // The time since the last tick, where it lies within the longest gap and the clock did not go back.
            let ticked = row
                .filter(channel::last_tick.ge(now.saturating_sub(LONGEST_GAP)))
                .filter(channel::last_tick.lt(now));
            let open_time = channel::open_time + channel::last_tick.assume_not_null() * -1 + now;
            diesel::update(ticked).set(channel::open_time.eq(open_time)).execute(connection).await?;
        }
        // The clocks of two daemons differ: a tick set back by the slower one would let the faster one count the same
        // time again. One that is ahead by more than the longest gap is no other daemon's, but a clock set right.
        let passed = channel::last_tick
            .is_null()
            .or(channel::last_tick.lt(now))
            .or(channel::last_tick.gt(now.saturating_add(LONGEST_GAP)));
        diesel::update(row.filter(passed)).set(channel::last_tick.eq(now)).execute(connection).await?;
        Ok(())
    }
}

#[async_trait]
impl Channels for Database {
    async fn list(&self) -> Result<Vec<Channel>, StoreError> {
        let rows = run!(self.read(), list, ())?;
        Ok(rows
            .into_iter()
            .map(ChannelRow::try_into_port)
            .collect::<Result<_, _>>()?)
    }

    async fn find(&self, account: AccountId) -> Result<Channel, StoreError> {
        let row = run!(self.read(), find, i64::from(account.0))?;
        let fresh = Channel {
            account,
            hold: None,
            nudges: 0,
            last_fault: None,
        };
        Ok(row.map_or(Ok(fresh), ChannelRow::try_into_port)?)
    }

    async fn hold(&self, account: AccountId, hold: &Hold) -> Result<(), StoreError> {
        let input = HoldWrite {
            account: Some(i64::from(account.0)),
            hold: hold.clone(),
        };
        Ok(run!(self.write(Purpose::Record.with(News::Outbox)), hold, input)?)
    }

    async fn hold_all(&self, hold: &Hold) -> Result<(), StoreError> {
        let input = HoldWrite {
            account: None,
            hold: hold.clone(),
        };
        Ok(run!(self.write(Purpose::Record.with(News::Outbox)), hold, input)?)
    }

    async fn release(&self, account: AccountId, reasons: &[HoldReason]) -> Result<bool, StoreError> {
        let input = (i64::from(account.0), reasons.to_vec());
        Ok(run!(
            self.write(Purpose::Record.with(News::Outbox)),
            release,
            input
        )?)
    }

    async fn nudge(&self, account: AccountId) -> Result<(), StoreError> {
        Ok(run!(
            self.write(Purpose::Record.with(News::Outbox)),
            nudge,
            i64::from(account.0)
        )?)
    }

    async fn record_fault(&self, account: AccountId, fault: &str) -> Result<(), StoreError> {
        let input = (i64::from(account.0), fault.to_owned());
        Ok(run!(
            self.write(Purpose::Track.with(News::Nothing)),
            record_fault,
            input
        )?)
    }

    async fn tick(&self, account: AccountId, opening: Opening, now: Timestamp) -> Result<(), StoreError> {
        let input = Tick {
            account: i64::from(account.0),
            opening,
            now: micros(now),
        };
        Ok(run!(self.write(Purpose::Track.with(News::Nothing)), tick, input)?)
    }
}
