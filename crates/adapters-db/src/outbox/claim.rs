//! Claiming: leasing mails that are due, the heads of their chains alone.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::outbox::{Delivery, State};
use recado_ports::outbox::{Claim, ClaimedDelivery};
use recado_ports::store::StoreError;

use crate::column::{Key, duration, micros, span, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{HeadIsActive, KnownCause, LeaseClock, Waiting};
use crate::operation::{Purpose, queries, run};
use crate::rows::DeliveryRow;
use crate::schema::{channel, outbox};
use crate::wakeup::News;

struct Wanted {
    claim: Claim,
    lease_until: LeaseClock,
}

struct Claimed {
    rows: Vec<(DeliveryRow, i64)>,
    open_time: i64,
}

queries! {
    pub(super) async fn claim(connection: &mut Session, input: &Wanted) -> Result<Claimed, Fault> {
        let Claim { account, limit, lease, now, blocked_after, .. } = &input.claim;
        let account = i64::from(account.0);
        // Refused since before this: such a head lets the mails behind it pass.
        let blocked = micros(*now).saturating_sub(span(*blocked_after));
        let head = diesel::alias!(outbox as head);
        let before = head
            .filter(head.field(outbox::ticket).eq(outbox::ticket))
            .filter(head.field(outbox::recipient).eq(outbox::recipient))
            .filter(head.field(outbox::id).lt(outbox::id))
            .filter(HeadIsActive)
            .filter(head.field(outbox::blocked_since).is_null().or(head.field(outbox::blocked_since).gt(blocked)));
        let due = outbox::table
            .filter(outbox::account.eq(account))
            .filter(outbox::due_at.le(micros(*now)))
            .filter(Waiting)
            .filter(KnownCause)
            .filter(not(exists(before)))
            .order((outbox::due_at, outbox::id))
            .limit(i64::from(*limit))
            .select((DeliveryRow::as_select(), outbox::open_base));
        let rows: Vec<(DeliveryRow, i64)> = load_free!(connection, due);
        if rows.is_empty() {
            return Ok(Claimed { rows, open_time: 0 });
        }
        let ids: Vec<Key> = rows.iter().map(|(row, _)| row.id).collect();
        diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
            .set((
                outbox::claimed_from.eq(outbox::state.nullable()),
                outbox::state.eq(State::Leased.as_str()),
                outbox::lease_token.eq(Key(lease.0)),
                outbox::lease_until.eq(input.lease_until.nullable()),
            ))
            .execute(connection)
            .await?;
        let open_time = channel::table.find(account).select(channel::open_time).first(connection).await.optional()?;
        Ok(Claimed { rows, open_time: open_time.unwrap_or(0) })
    }
}

pub(super) async fn claim(database: &Database, claim: &Claim) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let lease_until = LeaseClock(database.lease_offset(claim.lease_time));
    let input = Wanted {
        claim: claim.clone(),
        lease_until,
    };
    let claimed = run!(database.write(Purpose::Track.with(News::Nothing)), claim, input)?;
    let readable = claimed.rows.into_iter().filter_map(|(row, open_base)| {
        let id = row.id.0;
        let open_time = duration(claimed.open_time.saturating_sub(open_base));
        match leased(row) {
            Ok((delivery, claimed_from)) => Some(ClaimedDelivery {
                delivery,
                claimed_from,
                open_time,
            }),
            // Its lease runs out; the mails beside it go their way.
            Err(fault) => {
                tracing::error!(delivery = %id, ?fault, "a mail in the outbox cannot be read");
                None
            }
        }
    });
    Ok(readable.collect())
}

/// The row as the claim left it, and the state before.
fn leased(mut row: DeliveryRow) -> Result<(Delivery, State), Fault> {
    let claimed_from = word("a delivery's state", &row.state, State::parse)?;
    State::Leased.as_str().clone_into(&mut row.state);
    Ok((row.try_into_domain()?, claimed_from))
}
