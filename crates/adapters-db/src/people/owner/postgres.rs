//! On PostgreSQL: one statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;
use recado_ports::people::{TokenHash, TokenOwner};

use super::owner;
use crate::column::{Id, Key};
use crate::gather::Answers;
use crate::postgres::{Connection, statement};
use crate::rows::UserRow;

statement! {
    /// Of each token its account, and the account's groups. The limit makes the planner expect as few tokens as there are
    /// mostly, so that it plans once.
    Owners<'a> {
        hashes: &'a str => Text,
    } -> (Text, Id, (Id, Text, Text, Text, Text), Array<Text>) = "SELECT token.hash, token.id,
            app_user.id, app_user.name, app_user.email, app_user.role, app_user.standing,
            ARRAY(
                SELECT DISTINCT group_member.group_email FROM group_member
                WHERE group_member.email = app_user.email ORDER BY group_member.group_email
            )
        FROM (SELECT * FROM unnest(?) AS given (hash) LIMIT (SELECT 1000000)) AS given
        JOIN token ON token.hash = given.hash
        JOIN app_user ON app_user.id = token.owner"
}

#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
pub(super) async fn owners(
    connection: &mut Connection,
    hashes: &Vec<Arc<TokenHash>>,
) -> Answers<Option<TokenOwner>> {
    let asked: Vec<_> = hashes.iter().map(|hash| hash.0.as_str()).collect();
    let mut different = asked.clone();
    different.sort_unstable();
    different.dedup();
    let statement = Owners { hashes: different };
    let owners: Vec<(String, Key, UserRow, Vec<String>)> = statement.get_results(connection).await?;
    let mut found = BTreeMap::new();
    for (hash, id, user, groups) in owners {
        found.insert(hash, owner(id, user, &groups)?);
    }
    Ok(asked.into_iter().map(|hash| found.get(hash).cloned()).collect())
}
