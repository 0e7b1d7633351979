//! What carriers lead to: where a mail of ours came from, and whose answers an address may send.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::comment::Visibility;
use recado_domain::outbox::DeliveryId;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::ledger::Provenance;
use recado_ports::store::StoreError;

use crate::column::{Key, timestamp, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{queries, run};
use crate::rows::address;
use crate::schema::{accepted_address, comment, outbox};

/// Most mails that one query asks for; a mail may name thousands.
const CHUNK: usize = 500;

/// The kind of [`Cause::Alert`](recado_domain::outbox::Cause::Alert).
const ALERT: &str = "alert";

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct OriginRow {
    id: Key,
    ticket: Option<Key>,
    recipient: String,
    cause_kind: String,
    created_at: i64,
}

impl OriginRow {
    fn try_into_port(self, visibility: Option<&str>) -> Result<Provenance, Fault> {
        Ok(Provenance {
            delivery: DeliveryId(self.id.0),
            ticket: self.ticket.map(|Key(id)| TicketId(id)),
            recipient: address(&self.recipient)?,
            written_at: timestamp(self.created_at)?,
            visibility: match visibility {
                Some(text) => word("a comment's visibility", text, Visibility::parse)?,
                // An alert tells the desk of a mail; what the desk answers is nobody else's.
                None if self.cause_kind == ALERT => Visibility::Internal,
                None => Visibility::Public,
            },
        })
    }
}

queries! {
    pub(super) async fn provenance(
        connection: &mut Session,
        ids: &Vec<Key>,
    ) -> Result<Vec<(OriginRow, Option<String>)>, Fault> {
        let told = comment::id.eq(outbox::cause_id).and(outbox::cause_kind.eq("comment"));
        let mails = outbox::table
            .left_join(comment::table.on(told))
            .filter(outbox::id.eq_any(ids))
            .select((OriginRow::as_select(), comment::visibility.nullable()));
        Ok(mails.load(connection).await?)
    }

    pub(super) async fn answers_for(
        connection: &mut Session,
        address: &EmailAddress,
    ) -> Result<Vec<String>, Fault> {
        let accepted = accepted_address::table
            .filter(accepted_address::address.eq(address.as_str()))
            .order(accepted_address::person)
            .select(accepted_address::person);
        Ok(accepted.load(connection).await?)
    }
}

pub(super) async fn provenance(
    database: &Database,
    deliveries: &[DeliveryId],
) -> Result<Vec<Provenance>, StoreError> {
    let mut found = Vec::new();
    for chunk in deliveries.chunks(CHUNK) {
        let ids: Vec<Key> = chunk.iter().map(|id| Key(id.0)).collect();
        for (row, visibility) in run!(database.read(), provenance, ids)? {
            found.push(row.try_into_port(visibility.as_deref())?);
        }
    }
    Ok(found)
}

pub(super) async fn answers_for(
    database: &Database,
    address_given: &EmailAddress,
) -> Result<Vec<EmailAddress>, StoreError> {
    let people = run!(database.read(), answers_for, address_given.clone())?;
    Ok(people
        .iter()
        .map(|text| address(text))
        .collect::<Result<_, _>>()?)
}
