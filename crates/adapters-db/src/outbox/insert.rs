//! Storing rows of the outbox with their messages: a statement a row on SQLite, where statements cost no way to a server
//! and back; one statement for all of them on PostgreSQL.

pub(crate) mod sqlite {
    use std::collections::BTreeMap;

    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use recado_ports::outbox::NewDelivery;

    use crate::column::Key;
    use crate::dialect::sqlite::{Session, insert_new};
    use crate::fault::Fault;
    use crate::rows::{MessageRow, NewDeliveryRow};
    use crate::schema::{channel, outbox, outbox_message};

    /// Stores mails; one whose cause and recipient are stored already is left as it is.
    pub(crate) async fn insert_deliveries<'a>(
        connection: &mut Session,
        deliveries: impl IntoIterator<Item = &'a NewDelivery> + Send,
    ) -> Result<(), Fault> {
        let deliveries: Vec<_> = deliveries.into_iter().collect();
        let mut open_times: BTreeMap<i64, i64> = BTreeMap::new();
        for delivery in deliveries {
            let account = i64::from(delivery.account.0);
            let open_time = if let Some(open_time) = open_times.get(&account) {
                *open_time
            } else {
                let known = channel::table.find(account).select(channel::open_time);
                let known: Option<i64> = known.first(connection).await.optional()?;
                if known.is_none() {
                    let rows = [channel::account.eq(account)];
                    insert_new!(connection, channel::table, &rows);
                }
                *open_times.entry(account).or_insert(known.unwrap_or(0))
            };
            let row = NewDeliveryRow::new(delivery, open_time);
            let new = diesel::insert_into(outbox::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)
                .await?;
            if new > 0 {
                let message = MessageRow {
                    delivery: Key(delivery.id.0),
                    bytes: &delivery.message,
                };
                insert_new!(connection, outbox_message::table, [message]);
            }
        }
        Ok(())
    }
}

pub(crate) mod postgres {
    use std::collections::BTreeSet;

    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use diesel_async::RunQueryDsl;
    use recado_ports::outbox::NewDelivery;

    use crate::column::{Id, Key};
    use crate::dialect::postgres::Session;
    use crate::fault::Fault;
    use crate::postgres::statement;
    use crate::rows::{MessageRow, NewDeliveryRow};

    statement! {
        /// Mails and their messages, and the accounts that nobody has used.
        Insert<'a> {
            accounts: i64 => BigInt,
            ids: Key => Id,
            cause_kinds: &'a str => Text,
            cause_ids: Key => Id,
            tickets: Option<Key> => Nullable<Id>,
            account_of: i64 => BigInt,
            senders: &'a str => Text,
            recipients: &'a str => Text,
            states: &'a str => Text,
            message_ids: &'a str => Text,
            sizes: i64 => BigInt,
            created_at: i64 => BigInt,
            due_at: i64 => BigInt,
            deliveries: Key => Id,
            messages: &'a [u8] => Binary,
        } -> () = "WITH used AS (
                INSERT INTO channel (account) SELECT given.account FROM unnest(?) AS given (account)
                WHERE NOT EXISTS (SELECT FROM channel WHERE channel.account = given.account)
                ON CONFLICT DO NOTHING
            ), new AS (
                INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                    created_at, due_at, open_base)
                SELECT given.*,
                    coalesce((SELECT open_time FROM channel WHERE channel.account = given.account), 0)
                FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    AS given (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                        created_at, due_at)
                ON CONFLICT DO NOTHING RETURNING id
            )
            INSERT INTO outbox_message (delivery, bytes)
            SELECT given.* FROM unnest(?, ?) AS given (delivery, bytes) JOIN new ON new.id = given.delivery
            ON CONFLICT DO NOTHING"
    }

    impl<'a> Insert<'a> {
        fn add(&mut self, delivery: &'a NewDelivery) {
            // The statement knows the account's open time better.
            let row = NewDeliveryRow::new(delivery, 0);
            self.ids.push(row.id);
            self.cause_kinds.push(row.cause_kind);
            self.cause_ids.push(row.cause_id);
            self.tickets.push(row.ticket);
            self.account_of.push(row.account);
            self.senders.push(row.sender);
            self.recipients.push(row.recipient);
            self.states.push(row.state);
            self.message_ids.push(row.message_id);
            self.sizes.push(row.size);
            self.created_at.push(row.created_at);
            self.due_at.push(row.due_at);
            let message = MessageRow {
                delivery: row.id,
                bytes: &delivery.message,
            };
            self.deliveries.push(message.delivery);
            self.messages.push(message.bytes);
        }
    }

    /// Stores mails; one whose cause and recipient are stored already is left as it is.
    pub(crate) async fn insert_deliveries<'a>(
        connection: &mut Session,
        deliveries: impl IntoIterator<Item = &'a NewDelivery> + Send,
    ) -> Result<(), Fault> {
        let mut insert = Insert::default();
        for delivery in deliveries {
            insert.add(delivery);
        }
        if insert.ids.is_empty() {
            return Ok(());
        }
        let accounts: BTreeSet<i64> = insert.account_of.iter().copied().collect();
        insert.accounts.extend(accounts);
        insert.execute(connection).await?;
        Ok(())
    }
}
