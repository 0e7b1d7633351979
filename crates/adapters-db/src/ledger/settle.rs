//! Settling a mail: its outcome, with everything that follows from it, in one commit.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::bounce::supersedes;
use recado_domain::ledger::Outcome as MailOutcome;
use recado_domain::outbox::{DeliveryId, Outcome, State};
use recado_ports::events::EventKind;
use recado_ports::ledger::{SettleError, SettleMail};
use recado_ports::store::StoreError;

use super::list;
use crate::column::{Key, micros};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{Verdict, outcome};
use crate::schema::{accepted_address, incoming_mail, outbox};
use crate::wakeup::News;

/// How an attempt ended whose transaction may be committed.
enum Settled {
    /// It is written, now or by an earlier call.
    Done,
    /// There is no such mail.
    Missing,
    /// It has this outcome, which is not the expected one.
    Otherwise(Option<MailOutcome>),
}

queries! {
    pub(super) async fn settle(connection: &mut Session, input: &SettleMail) -> Result<Settled, Fault> {
        // First of all: whoever settles the same mail, or makes a comment of another copy, waits here for the end of
        // this transaction, and then finds another outcome, or the fingerprint taken.
        if let Some(ended) = decide(connection, input).await? {
            return Ok(ended);
        }
        if let Some(write) = &input.ticket_write {
            put_ticket(connection, write).await?;
        }
        if let Some(accept) = &input.comment {
            insert_comments(connection, &[accept]).await?;
        }
        insert_deliveries(connection, &input.mails).await?;
        note_outcomes(connection, &input.outcomes, micros(input.now)).await?;
        if let Some((person, address)) = &input.accepts {
            let row = (
                accepted_address::person.eq(person.as_str()),
                accepted_address::address.eq(address.as_str()),
                accepted_address::accepted_at.eq(micros(input.now)),
            );
            diesel::insert_into(accepted_address::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)
                .await?;
        }
        if let Some(address) = &input.lifts {
            lift_suppression(connection, address).await?;
        }
        Ok(Settled::Done)
    }

    /// Writes the outcome, unless it is another one than expected: then how the attempt ended.
    async fn decide(connection: &mut Session, input: &SettleMail) -> Result<Option<Settled>, Fault> {
        let row = incoming_mail::table.find(Key(input.id.0));
        let verdict = Verdict::from(input);
        let decided = match input.expected {
            None => {
                let pending = row.filter(incoming_mail::outcome.is_null());
                diesel::update(pending).set(verdict).execute(connection).await?
            }
            Some(expected) => {
                let settled = row.filter(incoming_mail::outcome.eq(expected.as_str()));
                diesel::update(settled).set(verdict).execute(connection).await?
            }
        };
        if decided > 0 {
            return Ok(None);
        }
        let there = row.select((incoming_mail::outcome, incoming_mail::comment));
        let there: Option<(Option<String>, Option<Key>)> = there.first(connection).await.optional()?;
        let Some((found, comment)) = there else { return Ok(Some(Settled::Missing)) };
        let found = found.as_deref().map(outcome).transpose()?;
        let wanted = input.comment.as_ref().map(|accept| Key(accept.comment.id.0));
        let same = found == Some(input.outcome) && wanted.is_some() && comment == wanted;
        Ok(Some(if same { Settled::Done } else { Settled::Otherwise(found) }))
    }

    /// Writes what became known of sent mails, where it outweighs what was known before, with an event for each.
    async fn note_outcomes(
        connection: &mut Session,
        outcomes: &[(DeliveryId, Outcome)],
        now: i64,
    ) -> Result<(), Fault> {
        let mut events = Vec::new();
        for (DeliveryId(id), outcome) in outcomes {
            let weaker = Outcome::ALL.into_iter().filter(|known| supersedes(*outcome, Some(*known)));
            let weaker = outbox::outcome.is_null().or(outbox::outcome.eq_any(weaker.map(Outcome::as_str)));
            // Whoever answers it has it, whether or not we know yet that it left.
            let left = [State::Sent, State::Sending, State::Unsure].map(State::as_str);
            let sent = outbox::table
                .filter(outbox::id.eq(Key(*id)))
                .filter(outbox::state.eq_any(left))
                .filter(weaker);
            let changed: Option<Option<Key>> = diesel::update(sent)
                .set(outbox::outcome.eq(outcome.as_str()))
                .returning(outbox::ticket)
                .get_result(connection)
                .await
                .optional()?;
            if let Some(ticket) = changed {
                events.push(NewEventRow::new(EventKind::DeliveryChanged, ticket, *id, now));
            }
        }
        record_events(connection, &events).await
    }
}

pub(super) async fn settle(database: &Database, mut settle: SettleMail) -> Result<(), SettleError> {
    // In one order everywhere, so that transactions wait for each other and never in a circle.
    settle.outcomes.sort_by_key(|(id, _)| *id);
    let id = settle.id;
    let ticket = settle.comment.as_ref().map(|accept| accept.comment.ticket);
    let settled = run!(
        database.write(Purpose::SettleMail.with(News::Both)),
        settle,
        settle
    );
    match settled {
        Ok(Settled::Done) => Ok(()),
        Ok(Settled::Missing) => Err(SettleError::NotFound),
        Ok(Settled::Otherwise(outcome)) => Err(SettleError::Settled(outcome)),
        // Whatever else has a unique key is left as it is, or is a conflict: this is the fingerprint.
        Err(fault) if fault.is_taken_key() => match list::comment_copy(database, id).await? {
            Some(copy) => Err(SettleError::Copy(copy)),
            None => Err(StoreError::from(fault).into()),
        },
        // A comment refers to its ticket; attachments to what was stored with them.
        Err(fault) if fault.is_missing_reference() => {
            let ticket = ticket.map_or_else(String::new, |ticket| format!(" {}", ticket.0));
            Err(StoreError::Conflict {
                what: format!("ticket{ticket}"),
            }
            .into())
        }
        Err(fault) => Err(StoreError::from(fault).into()),
    }
}
