//! Marks: fences and settlements. Those of several workers, and a worker's settlement beside its next fence, share one
//! transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::outbox::State;
use recado_ports::outbox::Settlement;

use super::settle::Settle;
use crate::column::Key;
use crate::database::Backend;
use crate::fault::Fault;
use crate::gather::{Bounds, Gatherer};
use crate::operation::{Purpose, Terms, queries, run};
use crate::schema::outbox;
use crate::wakeup::News;

/// Most calls that share one transaction.
const GROUP: usize = 64;

/// What a worker wants marked.
pub(crate) enum Mark {
    /// These go through the fence.
    Fence(Vec<Held>),
    /// It leaves these.
    Settle(Settle),
}

/// A row, and the lease that it must bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    pub(crate) id: Key,
    pub(crate) lease: Key,
}

/// A mail that the server took.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    held: Held,
    reply: &'a str,
    at: i64,
}

/// What was marked of that which was to be.
#[derive(Debug, Default)]
pub(crate) struct Marked {
    fenced: BTreeSet<Held>,
    sent: BTreeSet<Held>,
}

impl Settle {
    fn sent(&self) -> impl Iterator<Item = Sent<'_>> {
        let (lease, at) = (self.lease, self.now);
        self.settlements.iter().filter_map(move |(id, settlement)| {
            let Settlement::Sent { reply } = settlement else {
                return None;
            };
            let held = Held { id: *id, lease };
            Some(Sent { held, reply, at })
        })
    }
}

/// One for all workers.
pub(crate) fn gatherer(backend: &Arc<Backend>) -> Gatherer<Mark, Vec<Key>> {
    let bounds = Bounds {
        runs: 1,
        inputs: GROUP,
        weight: usize::MAX,
        weigh: |_: &Mark| 0,
    };
    let backend = Arc::clone(backend);
    Gatherer::new(bounds, move |inputs| {
        let backend = Arc::clone(&backend);
        Box::pin(async move { run!(backend.write(terms(&inputs)), mark_all, inputs) })
    })
}

fn terms(marks: &[Arc<Mark>]) -> Terms {
    let is_fence = |mark: &Arc<Mark>| matches!(**mark, Mark::Fence(_));
    let settle = Purpose::Settle.with(News::Log);
    let terms = if marks.iter().all(is_fence) {
        Purpose::Fence.with(News::Nothing)
    } else if marks.iter().any(is_fence) {
        settle.and(Purpose::Fence)
    } else {
        settle
    };
    let is_plain = |mark: &Arc<Mark>| match &**mark {
        Mark::Fence(_) => true,
        Mark::Settle(settle) => settle.sent().count() == settle.settlements.len(),
    };
    if marks.iter().all(is_plain) {
        terms.by_one_statement()
    } else {
        terms
    }
}

queries! {
    /// Gives each call the ids that are its own.
    pub(super) async fn mark_all(connection: &mut Session, marks: &Vec<Arc<Mark>>) -> Result<Vec<Vec<Key>>, Fault> {
        let mut leased = Vec::new();
        let mut sent = Vec::new();
        for mark in marks {
            match &**mark {
                Mark::Fence(held) => leased.extend(held),
                Mark::Settle(settle) => sent.extend(settle.sent()),
            }
        }
        // In one order everywhere, so that transactions wait for each other and never in a circle.
        leased.sort_unstable();
        leased.dedup();
        sent.sort_by_key(|sent| sent.held);
        let Marked { mut fenced, sent: mut taken } = mark_rows(connection, &leased, &sent).await?;
        for Sent { held, .. } in sent {
            // The call before this one may have been committed without its answer being heard.
            if !taken.contains(&held) && is_sent(connection, held).await? {
                taken.insert(held);
            }
        }
        let mut answers = Vec::with_capacity(marks.len());
        for mark in marks {
            answers.push(match &**mark {
                // Whatever went through the fence is one call's alone.
                Mark::Fence(held) => held.iter().filter(|held| fenced.remove(held)).map(|held| held.id).collect(),
                Mark::Settle(settle) => {
                    let mut settled = settle_unsent(connection, settle).await?;
                    settled.extend(settle.sent().map(|sent| sent.held).filter(|held| taken.contains(held)).map(|held| held.id));
                    settled
                }
            });
        }
        Ok(answers)
    }

    /// Whether the same lease's mail is known to be sent.
    async fn is_sent(connection: &mut Session, held: Held) -> Result<bool, Fault> {
        let same = outbox::table
            .filter(outbox::id.eq(held.id))
            .filter(outbox::lease_token.eq(held.lease))
            .filter(outbox::state.eq(State::Sent.as_str()));
        Ok(same.select(outbox::id).first::<Key>(connection).await.optional()?.is_some())
    }
}

/// One row, one statement.
pub(crate) mod each {
    use std::collections::BTreeSet;

    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use recado_domain::outbox::State;
    use recado_ports::events::EventKind;

    use super::{Held, Marked, Sent};
    use crate::cached::Cached;
    use crate::column::Key;
    use crate::dialect::sqlite::{Session, insert_new, record_events};
    use crate::events::NewEventRow;
    use crate::fault::Fault;
    use crate::literal::Sendable;
    use crate::rows::NewAttemptRow;
    use crate::schema::{delivery_attempt, outbox};

    /// `leased` → `sending`, and those that were sent to `sent`, with attempts and events.
    pub(crate) async fn mark_rows(
        connection: &mut Session,
        leased: &[Held],
        sent: &[Sent<'_>],
    ) -> Result<Marked, Fault> {
        Ok(Marked {
            fenced: mark_fenced(connection, leased).await?,
            sent: mark_sent(connection, sent).await?,
        })
    }

    async fn mark_fenced(connection: &mut Session, rows: &[Held]) -> Result<BTreeSet<Held>, Fault> {
        let mut fenced = BTreeSet::new();
        for held in rows {
            let leased = outbox::table
                .filter(outbox::id.eq(held.id))
                .filter(outbox::lease_token.eq(held.lease))
                .filter(outbox::state.eq(State::Leased.as_str()));
            let sending = (
                outbox::state.eq(State::Sending.as_str()),
                outbox::attempts.eq(outbox::attempts + 1),
            );
            if Cached(diesel::update(leased).set(sending))
                .execute(connection)
                .await?
                > 0
            {
                fenced.insert(*held);
            }
        }
        Ok(fenced)
    }

    async fn mark_sent(connection: &mut Session, rows: &[Sent<'_>]) -> Result<BTreeSet<Held>, Fault> {
        let mut sent = BTreeSet::new();
        for Sent { held, reply, at } in rows {
            let sendable = outbox::table
                .filter(outbox::id.eq(held.id))
                .filter(outbox::lease_token.eq(held.lease))
                .filter(Sendable);
            // It keeps its token: a late or repeated answer still counts.
            let change = (
                outbox::state.eq(State::Sent.as_str()),
                outbox::last_reply.eq(*reply),
                outbox::kept_since.eq(*at),
            );
            let update = diesel::update(sendable).set(change).returning(outbox::ticket);
            let ticket: Option<Option<Key>> = Cached(update).get_result(connection).await.optional()?;
            let Some(ticket) = ticket else { continue };
            let attempt = NewAttemptRow {
                delivery: held.id,
                at: *at,
                outcome: State::Sent.as_str(),
                reply: Some(*reply),
            };
            insert_new!(connection, delivery_attempt::table, [attempt]);
            let event = NewEventRow::new(EventKind::DeliveryChanged, ticket, held.id.0, *at);
            record_events(connection, &[event]).await?;
            sent.insert(*held);
        }
        Ok(sent)
    }
}

/// All rows, one statement. Rows must be looked up by their ids, whatever the table was like when the plan was made: the
/// limit makes the planner expect few, and `|| ''` keeps it from reading a whole index of rows in those states.
pub(crate) mod together {
    use diesel::sql_types::{BigInt, Bool, Text};
    use diesel_async::RunQueryDsl;

    use super::{Held, Marked, Sent};
    use crate::column::{Id, Key};
    use crate::dialect::postgres::Session;
    use crate::fault::Fault;
    use crate::literal::unflushed;
    use crate::postgres::statement;

    statement! {
        /// Each row under its own lease: `State::on(Event::Fence)`; and `State::on(Event::Accept)` with attempts and
        /// events, where a row keeps its token: a late or repeated answer still counts. Gives whether a row is sent.
        Marks<'a> {
            leased: &'a Key => Id,
            leased_under: &'a Key => Id,
            ids: Key => Id,
            leases: Key => Id,
            replies: &'a str => Text,
            at: i64 => BigInt,
        } -> (Bool, Id, Id) = concat!("WITH fenced AS (
                UPDATE outbox SET state = 'sending', attempts = attempts + 1
                FROM (SELECT * FROM unnest(?, ?) AS given (id, lease) LIMIT (SELECT 1000000)) AS given
                WHERE outbox.id = given.id AND outbox.lease_token = given.lease AND outbox.state || '' = 'leased'
                    AND ", unflushed!(), "
                RETURNING given.id, given.lease
            ), sent AS (
                UPDATE outbox SET state = 'sent', last_reply = given.reply, kept_since = given.at
                FROM (
                    SELECT * FROM unnest(?, ?, ?, ?) AS given (id, lease, reply, at) LIMIT (SELECT 1000000)
                ) AS given
                WHERE outbox.id = given.id AND outbox.lease_token = given.lease
                    AND outbox.state || '' IN ('sending', 'unsure')
                    AND ", unflushed!(), "
                RETURNING given.id, given.lease, given.reply, given.at, outbox.ticket
            ), tried AS (
                INSERT INTO delivery_attempt (delivery, at, outcome, reply) SELECT id, at, 'sent', reply FROM sent
            ), told AS (
                INSERT INTO event (kind, ticket, subject, at) SELECT 'delivery.changed', ticket, id, at FROM sent
            )
            SELECT false, id, lease FROM fenced UNION ALL SELECT true, id, lease FROM sent")
    }

    /// `leased` → `sending`, and those that were sent to `sent`, with attempts and events.
    pub(crate) async fn mark_rows(
        connection: &mut Session,
        leased: &[Held],
        sent: &[Sent<'_>],
    ) -> Result<Marked, Fault> {
        let mut marked = Marked::default();
        if leased.is_empty() && sent.is_empty() {
            return Ok(marked);
        }
        let mut marks = Marks::default();
        for held in leased {
            marks.leased.push(&held.id);
            marks.leased_under.push(&held.lease);
        }
        for Sent { held, reply, at } in sent {
            marks.ids.push(held.id);
            marks.leases.push(held.lease);
            marks.replies.push(reply);
            marks.at.push(*at);
        }
        let rows: Vec<(bool, Key, Key)> = marks.get_results(connection).await?;
        for (is_sent, id, lease) in rows {
            let those = if is_sent {
                &mut marked.sent
            } else {
                &mut marked.fenced
            };
            those.insert(Held { id, lease });
        }
        Ok(marked)
    }

    #[cfg(test)]
    mod tests {
        use diesel::pg::Pg;
        use recado_domain::outbox::{Event, State};
        use recado_ports::events::EventKind;

        use super::*;

        #[test]
        fn the_literal_states_are_those_of_the_domain() {
            let text = diesel::debug_query::<Pg, _>(&Marks::default()).to_string();
            let (fence, send) = text
                .split_once("sent AS (")
                .expect("fences come before what was sent");
            let word = |state: State| format!("'{}'", state.as_str());
            assert_eq!(State::Leased.on(Event::Fence), Some(State::Sending));
            assert!(fence.contains(&format!("state || '' = {}", word(State::Leased))));
            assert!(fence.contains(&format!("SET state = {}", word(State::Sending))));
            let sources: Vec<_> = State::sources(Event::Accept).into_iter().map(word).collect();
            assert!(
                send.contains(&format!("state || '' IN ({})", sources.join(", "))),
                "{sources:?}"
            );
            assert!(send.contains(&format!("SET state = {}", word(State::Sent))));
            assert!(send.contains(&format!("'{}'", EventKind::DeliveryChanged.as_str())));
        }
    }
}
