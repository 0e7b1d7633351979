//! How far the folders of mailboxes were read.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_ports::ledger::{MailboxFolder, MailboxPosition};
use recado_ports::store::StoreError;

use crate::column::{count, micros, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::mailbox_position;
use crate::wakeup::News;

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mailbox_position)]
struct PositionRow {
    account: i64,
    name: String,
    uid_validity: i64,
    last_uid: i64,
    read_at: i64,
}

impl PositionRow {
    fn new(folder: &MailboxFolder, position: &MailboxPosition) -> Self {
        Self {
            account: i64::from(folder.account.0),
            name: folder.name.clone(),
            uid_validity: i64::from(position.uid_validity),
            last_uid: i64::from(position.last_uid),
            read_at: micros(position.read_at),
        }
    }

    fn try_into_port(self) -> Result<MailboxPosition, Fault> {
        Ok(MailboxPosition {
            uid_validity: count("a mailbox's UIDVALIDITY", self.uid_validity)?,
            last_uid: count("a mailbox's UID", self.last_uid)?,
            read_at: timestamp(self.read_at)?,
        })
    }
}

queries! {
    pub(super) async fn position(
        connection: &mut Session,
        folder: &MailboxFolder,
    ) -> Result<Option<PositionRow>, Fault> {
        let row = mailbox_position::table.find((i64::from(folder.account.0), &folder.name));
        Ok(row.select(PositionRow::as_select()).first(connection).await.optional()?)
    }

    pub(super) async fn advance(connection: &mut Session, row: &PositionRow) -> Result<(), Fault> {
        diesel::insert_into(mailbox_position::table)
            .values(row)
            .on_conflict((mailbox_position::account, mailbox_position::name))
            .do_update()
            .set(row)
            .execute(connection)
            .await?;
        Ok(())
    }
}

pub(super) async fn position(
    database: &Database,
    folder: &MailboxFolder,
) -> Result<Option<MailboxPosition>, StoreError> {
    let row = run!(database.read(), position, folder.clone())?;
    Ok(row.map(PositionRow::try_into_port).transpose()?)
}

pub(super) async fn advance(
    database: &Database,
    folder: &MailboxFolder,
    position: &MailboxPosition,
) -> Result<(), StoreError> {
    Ok(run!(
        database.write(Purpose::Track.with(News::Nothing)),
        advance,
        PositionRow::new(folder, position)
    )?)
}
