//! Taking a comment back, and the mails of it that have not left.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::comment::{CommentId, Visibility};
use recado_domain::outbox::Delivery;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::comments::Retraction;
use recado_ports::events::EventKind;
use recado_ports::store::StoreError;

use crate::column::{Key, micros};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::DeliveryRow;
use crate::schema::{comment, outbox};
use crate::wakeup::News;

struct Retract {
    ticket: Key,
    id: Key,
    retraction: Retraction,
    keep: Vec<EmailAddress>,
    now: i64,
}

impl Retract {
    fn reason(&self) -> &'static str {
        match self.retraction {
            Retraction::MakeInternal => "the comment was made internal",
            Retraction::Withdraw => "the comment was withdrawn",
        }
    }
}

queries! {
    pub(super) async fn retract(
        connection: &mut Session,
        input: &Retract,
    ) -> Result<Option<Vec<DeliveryRow>>, Fault> {
        let there = comment::table
            .filter(comment::id.eq(input.id))
            .filter(comment::ticket.eq(input.ticket))
            .filter(comment::withdrawn_at.is_null());
        let changed = match input.retraction {
            Retraction::MakeInternal => {
                let internal = comment::visibility.eq(Visibility::Internal.as_str());
                diesel::update(there).set(internal).execute(connection).await?
            }
            Retraction::Withdraw => {
                let withdrawn = (comment::withdrawn_at.eq(input.now), comment::held_until.eq(None::<i64>));
                diesel::update(there).set(withdrawn).execute(connection).await?
            }
        };
        if changed == 0 {
            return Ok(None);
        }
        refresh_activity(connection, input.ticket).await?;
        let event = NewEventRow::new(EventKind::CommentCreated, Some(input.ticket), input.id.0, input.now);
        record_events(connection, &[event]).await?;
        let mails = outbox::table
            .filter(outbox::cause_kind.eq("comment"))
            .filter(outbox::cause_id.eq(input.id))
            .filter(outbox::recipient.ne_all(input.keep.iter().map(EmailAddress::as_str)))
            .select(outbox::id);
        let mails: Vec<Key> = mails.load(connection).await?;
        Ok(Some(cancel_deliveries(connection, &mails, input.reason(), input.now).await?))
    }
}

pub(super) async fn retract(
    database: &Database,
    ticket: TicketId,
    id: CommentId,
    retraction: Retraction,
    keep: &[EmailAddress],
    now: Timestamp,
) -> Result<Option<Vec<Delivery>>, StoreError> {
    let input = Retract {
        ticket: Key(ticket.0),
        id: Key(id.0),
        retraction,
        keep: keep.to_vec(),
        now: micros(now),
    };
    let cancelled = run!(database.write(Purpose::Record.with(News::Both)), retract, input)?;
    let cancelled = cancelled.map(|rows| {
        rows.into_iter()
            .map(DeliveryRow::try_into_domain)
            .collect::<Result<_, _>>()
    });
    Ok(cancelled.transpose()?)
}
