//! Taking a mail in: row and octets, in one commit, before anything is decided.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::ledger::MailId;
use recado_ports::ledger::{NewMail, Taken};
use recado_ports::store::StoreError;

use crate::column::{Key, storable};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{NewIncomingMessageRow, NewMailRow};
use crate::schema::{incoming_mail, incoming_message};
use crate::wakeup::News;

queries! {
    pub(super) async fn take(connection: &mut Session, mail: &NewMail) -> Result<Taken, Fault> {
        let row = NewMailRow::from(mail);
        // Of two calls with one source the later waits here for the earlier one's commit.
        let new = diesel::insert_into(incoming_mail::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        if new > 0 {
            let bytes = &mail.raw;
            diesel::insert_into(incoming_message::table)
                .values(NewIncomingMessageRow { mail: Key(mail.id.0), bytes })
                .execute(connection)
                .await?;
            return Ok(Taken::New);
        }
        let there = incoming_mail::table.find(Key(mail.id.0)).select(incoming_mail::id);
        if there.first::<Key>(connection).await.optional()?.is_some() {
            return Ok(Taken::New);
        }
        let there = incoming_mail::table.filter(incoming_mail::source.eq(mail.source.as_deref().map(storable))).select(incoming_mail::id);
        let Key(before) = there.first(connection).await?;
        Ok(Taken::Before(MailId(before)))
    }
}

pub(super) async fn take(database: &Database, mail: NewMail) -> Result<Taken, StoreError> {
    Ok(run!(
        database.write(Purpose::Take.with(News::Nothing)),
        take,
        mail
    )?)
}
