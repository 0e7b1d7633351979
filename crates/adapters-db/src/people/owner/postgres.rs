//! On PostgreSQL: two statements that are sent together.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join;
use recado_ports::people::{TokenHash, TokenOwner};

use super::owner;
use crate::column::Key;
use crate::gather::Answers;
use crate::postgres::Connection;
use crate::rows::UserRow;
use crate::schema::{app_user, group_member, token};

#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
pub(super) async fn owners(
    connection: &mut Connection,
    hashes: &Vec<Arc<TokenHash>>,
) -> Answers<Option<TokenOwner>> {
    let asked: Vec<_> = hashes.iter().map(|hash| hash.0.as_str()).collect();
    let owners = token::table
        .inner_join(app_user::table.on(app_user::id.eq(token::owner)))
        .filter(token::hash.eq_any(&asked))
        .select((token::hash, token::id, UserRow::as_select()));
    let groups = token::table
        .inner_join(app_user::table.on(app_user::id.eq(token::owner)))
        .inner_join(group_member::table.on(group_member::email.eq(app_user::email)))
        .filter(token::hash.eq_any(&asked))
        .select((token::hash, group_member::group_email))
        .distinct()
        .order((token::hash, group_member::group_email));
    let (mut first, mut second): (&Connection, &Connection) = (connection, connection);
    let (owners, groups) = try_join(
        owners.load::<(String, Key, UserRow)>(&mut first),
        groups.load::<(String, String)>(&mut second),
    )
    .await?;
    let mut by_hash: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (hash, group) in groups {
        by_hash.entry(hash).or_default().push(group);
    }
    let mut found = BTreeMap::new();
    for (hash, id, user) in owners {
        let groups = by_hash.get(&hash).map_or(&[][..], Vec::as_slice);
        found.insert(hash, owner(id, user, groups)?);
    }
    Ok(asked.into_iter().map(|hash| found.get(hash).cloned()).collect())
}
