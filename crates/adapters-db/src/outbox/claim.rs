//! Claiming: leasing mails that are due, the heads of their chains alone.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::outbox::State;
use recado_ports::outbox::{Claim, ClaimedDelivery};
use recado_ports::store::StoreError;

use crate::cached::Cached;
use crate::column::{Key, duration, micros, span, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{
    DueBy, FirstOf, HeadIsActive, KnownCause, LeaseClock, NoneOf, OpenTime, SameChain, StillAt, Unflushed,
    Waiting,
};
use crate::operation::{Purpose, queries, run};
use crate::rows::DeliveryRow;
use crate::schema::outbox;
use crate::wakeup::News;

struct Wanted {
    claim: Claim,
    lease_until: LeaseClock,
}

/// The row as it is now, what state it was claimed from, and the account's open time, when it was stored and now.
type Claimed = (DeliveryRow, String, i64, i64);

queries! {
    pub(super) async fn claim(connection: &mut Session, input: &Wanted) -> Result<Vec<Claimed>, Fault> {
        let Claim { account, limit, lease, now, blocked_after, under, .. } = &input.claim;
        let account = i64::from(account.0);
        // Refused since before this: such a head lets the mails behind it pass.
        let blocked = micros(*now).saturating_sub(span(*blocked_after));
        let head = diesel::alias!(outbox as head);
        let before = head
            .filter(SameChain)
            .filter(head.field(outbox::id).lt(outbox::id))
            .filter(HeadIsActive)
            .filter(head.field(outbox::blocked_since).is_null().or(head.field(outbox::blocked_since).gt(blocked)));
        let due = outbox::table
            .filter(outbox::account.eq(account))
            .filter(DueBy(micros(*now)))
            .filter(Waiting)
            .filter(KnownCause)
            .filter(NoneOf(before))
            .order((outbox::due_at, outbox::id))
            .select(outbox::id);
        let due = FirstOf { query: free!(due), limit: i64::from(*limit) };
        let still = StillAt { account, known: *under };
        let leased = diesel::update(outbox::table.filter(still).filter(due).filter(Unflushed))
            .set((
                outbox::claimed_from.eq(outbox::state.nullable()),
                outbox::state.eq(State::Leased.as_str()),
                outbox::lease_token.eq(Key(lease.0)),
                outbox::lease_until.eq(input.lease_until.nullable()),
            ))
            .returning((DeliveryRow::as_returning(), outbox::claimed_from.assume_not_null(), outbox::open_base, OpenTime));
        Ok(Cached(leased).get_results(connection).await?)
    }
}

pub(super) async fn claim(database: &Database, claim: &Claim) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let lease_until = LeaseClock(database.lease_offset(claim.lease_time));
    let input = Wanted {
        claim: claim.clone(),
        lease_until,
    };
    let terms = Purpose::Track.with(News::Nothing).by_one_statement();
    let mut claimed = run!(database.write(terms), claim, input)?;
    // Databases give the rows that they change in any order.
    claimed.sort_by_key(|(row, ..)| (row.due_at, row.id));
    let readable = claimed
        .into_iter()
        .filter_map(|(row, claimed_from, open_base, open_time)| {
            let id = row.id.0;
            let open_time = duration(open_time.saturating_sub(open_base));
            let claimed_from = word("a delivery's state", &claimed_from, State::parse);
            match claimed_from.and_then(|state| Ok((row.try_into_domain()?, state))) {
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
