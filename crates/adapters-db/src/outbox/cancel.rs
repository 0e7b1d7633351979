//! Cancelling mails that have not left, whoever wants it: inside the transaction that does away with their reason.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::outbox::{Event, State};
use recado_ports::events::EventKind;

use crate::column::Key;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::operation::queries;
use crate::rows::DeliveryRow;
use crate::schema::outbox;

queries! {
    /// Cancels those of these mails that have not left, and stores an event for each; gives them by id.
    pub(crate) async fn cancel_deliveries(
        connection: &mut Session,
        ids: &[Key],
        reason: &str,
        now: i64,
    ) -> Result<Vec<DeliveryRow>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let states = State::sources(Event::Cancel).into_iter().map(State::as_str);
        let unsent = outbox::table.filter(outbox::id.eq_any(ids)).filter(outbox::state.eq_any(states));
        let mut cancelled = diesel::update(unsent)
            .set((
                outbox::state.eq(State::Cancelled.as_str()),
                outbox::last_reply.eq(reason),
                // The worker that leased one finds its fence refused.
                outbox::lease_token.eq(None::<Key>),
            ))
            .returning(DeliveryRow::as_returning())
            .get_results(connection)
            .await?;
        cancelled.sort_by_key(|row| row.id);
        let events: Vec<_> = cancelled
            .iter()
            .map(|row| NewEventRow::new(EventKind::DeliveryChanged, row.ticket, row.id.0, now))
            .collect();
        record_events(connection, &events).await?;
        Ok(cancelled)
    }
}
