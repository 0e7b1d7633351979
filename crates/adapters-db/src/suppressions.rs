//! Addresses that get no mail for a while.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::person::EmailAddress;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use recado_ports::suppressions::{Suppression, Suppressions};

use crate::column::{micros, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::address;
use crate::schema::hard_bounce;
use crate::wakeup::News;

/// In microseconds. Bounces within a day count as one.
const DAY: i64 = 86_400_000_000;
/// A bounce is forgotten, and a suppression lapses, after this.
const MONTH: i64 = 30 * DAY;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = hard_bounce)]
struct BounceRow {
    address: String,
    first_at: i64,
    reason: String,
    suppressed_since: Option<i64>,
    suppressed_until: Option<i64>,
}

impl BounceRow {
    fn try_into_port(self) -> Result<Suppression, Fault> {
        Ok(Suppression {
            address: address(&self.address)?,
            reason: self.reason,
            since: timestamp(self.suppressed_since.unwrap_or(self.first_at))?,
            until: timestamp(self.suppressed_until.unwrap_or(self.first_at))?,
        })
    }

    /// What one more bounce makes of the address.
    fn after(&self, now: i64) -> Bounced {
        match (self.suppressed_until, now.saturating_sub(self.first_at)) {
            (Some(until), _) if until > now => Bounced::Already,
            (Some(_), _) => Bounced::First,
            (None, age) if age > MONTH => Bounced::First,
            (None, age) if age >= DAY => Bounced::Suppressed,
            (None, _) => Bounced::Already,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Bounced {
    /// The count begins, or begins anew.
    First,
    /// Nothing changes.
    Already,
    /// The second bounce: no mail from now on.
    Suppressed,
}

struct Record {
    address: EmailAddress,
    reason: String,
    now: i64,
}

struct Wanted {
    now: i64,
    after: String,
    limit: i64,
}

queries! {
    pub(super) async fn record(connection: &mut Session, input: &Record) -> Result<bool, Fault> {
        use hard_bounce::{address, first_at, reason, suppressed_since, suppressed_until, table};
        // Writing the row first holds it: of two bounces at once one is the second.
        diesel::insert_into(table)
            .values((address.eq(input.address.as_str()), first_at.eq(input.now), reason.eq(&input.reason)))
            .on_conflict(address)
            .do_update()
            .set(reason.eq(&input.reason))
            .execute(connection)
            .await?;
        let row = table.find(input.address.as_str());
        let stored: BounceRow = row.select(BounceRow::as_select()).first(connection).await?;
        let (from, since, until) = match stored.after(input.now) {
            Bounced::Already => return Ok(false),
            Bounced::First => (input.now, None, None),
            Bounced::Suppressed => (stored.first_at, Some(input.now), Some(input.now.saturating_add(MONTH))),
        };
        let change = (first_at.eq(from), suppressed_since.eq(since), suppressed_until.eq(until));
        diesel::update(row).set(change).execute(connection).await?;
        Ok(until.is_some())
    }

    pub(super) async fn list(connection: &mut Session, wanted: &Wanted) -> Result<Vec<BounceRow>, Fault> {
        let rows = hard_bounce::table
            .filter(hard_bounce::address.gt(&wanted.after))
            .filter(hard_bounce::suppressed_until.gt(wanted.now))
            .order(hard_bounce::address)
            .limit(wanted.limit);
        Ok(rows.select(BounceRow::as_select()).load(connection).await?)
    }

    pub(crate) async fn lift(connection: &mut Session, address: &EmailAddress) -> Result<bool, Fault> {
        Ok(diesel::delete(hard_bounce::table.find(address.as_str())).execute(connection).await? > 0)
    }
}

#[async_trait]
impl Suppressions for Database {
    async fn record_hard_bounce(
        &self,
        address: &EmailAddress,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let input = Record {
            address: address.clone(),
            reason: reason.to_owned(),
            now: micros(now),
        };
        Ok(run!(
            self.write(Purpose::Record.with(News::Nothing)),
            record,
            input
        )?)
    }

    async fn list(&self, now: Timestamp, page: &PageRequest) -> Result<Page<Suppression>, StoreError> {
        let size = usize::from(page.limit.get());
        let after = page.after.clone().unwrap_or_default();
        let wanted = Wanted {
            now: micros(now),
            after,
            limit: i64::from(page.limit.get()) + 1,
        };
        let mut rows = run!(self.read(), list, wanted)?;
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|row| row.address.clone());
        Ok(Page {
            items: rows
                .into_iter()
                .map(BounceRow::try_into_port)
                .collect::<Result<_, _>>()?,
            next,
        })
    }

    async fn lift(&self, address: &EmailAddress) -> Result<bool, StoreError> {
        Ok(run!(
            self.write(Purpose::Record.with(News::Nothing)),
            lift,
            address.clone()
        )?)
    }
}
