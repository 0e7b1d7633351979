//! Housekeeping: telling the desk of what waits in quarantine, and forgetting octets.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::ledger::{LedgerEntry, MailId};
use recado_ports::outbox::NewDelivery;
use recado_ports::store::StoreError;

use crate::column::{Key, micros};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{Forgettable, Unnoticed};
use crate::operation::{Purpose, queries, run};
use crate::rows::MailRow;
use crate::schema::{incoming_mail, incoming_message};
use crate::wakeup::News;

struct Notice {
    id: Key,
    alerts: Vec<NewDelivery>,
    now: i64,
}

queries! {
    pub(super) async fn unnoticed(connection: &mut Session, input: &(i64, i64)) -> Result<Vec<MailRow>, Fault> {
        let (before, limit) = *input;
        let waiting = incoming_mail::table
            .filter(Unnoticed)
            .filter(incoming_mail::received_at.lt(before))
            .order((incoming_mail::received_at, incoming_mail::id))
            .limit(limit);
        Ok(waiting.select(MailRow::as_select()).load(connection).await?)
    }

    pub(super) async fn notice(connection: &mut Session, input: &Notice) -> Result<(), Fault> {
        // Whoever comes second finds the mail noticed, or out of quarantine, and tells nobody.
        let waiting = incoming_mail::table.filter(incoming_mail::id.eq(input.id)).filter(Unnoticed);
        let noticed = incoming_mail::noticed_at.eq(input.now);
        if diesel::update(waiting).set(noticed).execute(connection).await? == 0 {
            return Ok(());
        }
        insert_deliveries(connection, &input.alerts).await
    }

    pub(super) async fn forget_raw(connection: &mut Session, input: &(i64, i64)) -> Result<usize, Fault> {
        let (before, limit) = *input;
        let old: Vec<Key> = incoming_mail::table
            .filter(Forgettable)
            .filter(incoming_mail::kept_since.lt(before))
            .order(incoming_mail::kept_since)
            .limit(limit)
            .select(incoming_mail::id)
            .load(connection)
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        // A second daemon that had read the same ones finds them forgotten.
        let rows = incoming_mail::table.filter(incoming_mail::id.eq_any(&old)).filter(Forgettable);
        let forgotten: Vec<Key> = diesel::update(rows)
            .set(incoming_mail::kept_since.eq(None::<i64>))
            .returning(incoming_mail::id)
            .get_results(connection)
            .await?;
        let messages = incoming_message::table.filter(incoming_message::mail.eq_any(&forgotten));
        Ok(diesel::delete(messages).execute(connection).await?)
    }
}

pub(super) async fn unnoticed(
    database: &Database,
    received_before: Timestamp,
    limit: u16,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let rows = run!(
        database.read(),
        unnoticed,
        (micros(received_before), i64::from(limit))
    )?;
    Ok(rows
        .into_iter()
        .map(MailRow::try_into_domain)
        .collect::<Result<_, _>>()?)
}

pub(super) async fn notice(
    database: &Database,
    id: MailId,
    alerts: Vec<NewDelivery>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let input = Notice {
        id: Key(id.0),
        alerts,
        now: micros(now),
    };
    Ok(run!(
        database.write(Purpose::Record.with(News::Outbox)),
        notice,
        input
    )?)
}

pub(super) async fn forget_raw(
    database: &Database,
    received_before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let input = (micros(received_before), i64::from(limit));
    Ok(run!(
        database.write(Purpose::Track.with(News::Nothing)),
        forget_raw,
        input
    )? as u64)
}
