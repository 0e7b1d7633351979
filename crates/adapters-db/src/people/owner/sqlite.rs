//! On SQLite: small statements of a fixed shape, which stay prepared, in one transaction.

use std::sync::Arc;

use diesel::Connection as _;
use diesel::prelude::*;
use recado_ports::people::{TokenHash, TokenOwner};

use super::owner;
use crate::column::Key;
use crate::fault::Fault;
use crate::gather::Answers;
use crate::rows::UserRow;
use crate::schema::{app_user, group_member, token};
use crate::sqlite::Connection;

#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
pub(super) async fn owners(
    connection: &mut Connection,
    hashes: &Vec<Arc<TokenHash>>,
) -> Answers<Option<TokenOwner>> {
    let hashes = hashes.clone();
    let read = connection.spawn_blocking(move |connection| {
        Ok(connection.transaction(|connection| {
            let owners = hashes.iter().map(|hash| find(connection, hash));
            owners.collect::<Answers<_>>()
        }))
    });
    read.await?
}

fn find(connection: &mut SqliteConnection, hash: &TokenHash) -> Result<Option<TokenOwner>, Fault> {
    let found = token::table
        .inner_join(app_user::table.on(app_user::id.eq(token::owner)))
        .filter(token::hash.eq(&hash.0))
        .select((token::id, UserRow::as_select()))
        .first::<(Key, UserRow)>(connection);
    let Some((id, user)) = found.optional()? else {
        return Ok(None);
    };
    let groups: Vec<String> = group_member::table
        .filter(group_member::email.eq(&user.email))
        .select(group_member::group_email)
        .distinct()
        .order(group_member::group_email)
        .load(connection)?;
    owner(id, user, &groups).map(Some)
}
