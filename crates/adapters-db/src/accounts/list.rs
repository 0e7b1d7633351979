//! Reading accounts.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::person::{EmailAddress, User};
use recado_ports::accounts::{Account, AccountFilter};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use crate::column::{Key, count, storable, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{queries, run};
use crate::rows::{UserRow, containing};
use crate::schema::{app_user, token};

/// Which accounts to read.
enum Wanted {
    Address(EmailAddress),
    Page {
        filter: AccountFilter,
        after: String,
        limit: i64,
    },
}

/// An account with what a list shows, its tokens aside.
type AccountRow = (UserRow, bool, Option<i64>);

queries! {
    /// Accounts, and how many tokens each of them has that has any.
    pub(super) async fn read(
        connection: &mut Session,
        wanted: &Wanted,
    ) -> Result<(Vec<AccountRow>, HashMap<Key, i64>), Fault> {
        let mut query = app_user::table
            .select((UserRow::as_select(), app_user::password_hash.is_not_null(), app_user::signed_in_at))
            .into_boxed::<Backend>();
        match wanted {
            Wanted::Address(email) => query = query.filter(app_user::email.eq(email.as_str())),
            Wanted::Page { filter, after, limit } => {
                query = query.filter(app_user::email.gt(after)).order(app_user::email).limit(*limit);
                if let Some(role) = filter.role {
                    query = query.filter(app_user::role.eq(role.as_str()));
                }
                if let Some(text) = &filter.text {
                    query = query.filter(app_user::search_text.like(containing(text)).escape('\\'));
                }
            }
        }
        let accounts: Vec<AccountRow> = query.load(connection).await?;
        let owners: Vec<Key> = accounts.iter().map(|(user, ..)| user.id).collect();
        let tokens = token::table
            .filter(token::owner.eq_any(owners))
            .group_by(token::owner)
            .select((token::owner, count_star()));
        let tokens: Vec<(Key, i64)> = tokens.load(connection).await?;
        Ok((accounts, tokens.into_iter().collect()))
    }

    pub(super) async fn password(
        connection: &mut Session,
        email: &EmailAddress,
    ) -> Result<Option<(UserRow, Option<String>)>, Fault> {
        let row = app_user::table.filter(app_user::email.eq(email.as_str()));
        let row = row.select((UserRow::as_select(), app_user::password_hash));
        Ok(row.first(connection).await.optional()?)
    }
}

fn assemble((accounts, tokens): (Vec<AccountRow>, HashMap<Key, i64>)) -> Result<Vec<Account>, Fault> {
    let account = |(user, has_password, signed_in_at): AccountRow| {
        Ok(Account {
            tokens: count(
                "a count of tokens",
                tokens.get(&user.id).copied().unwrap_or_default(),
            )?,
            user: user.try_into_domain()?,
            has_password,
            signed_in_at: signed_in_at.map(timestamp).transpose()?,
        })
    };
    accounts.into_iter().map(account).collect()
}

pub(super) async fn accounts(
    database: &Database,
    filter: &AccountFilter,
    page: &PageRequest,
) -> Result<Page<Account>, StoreError> {
    let size = usize::from(page.limit.get());
    let wanted = Wanted::Page {
        filter: filter.clone(),
        after: storable(page.after.as_deref().unwrap_or_default()).into_owned(),
        limit: i64::from(page.limit.get()) + 1,
    };
    let mut items = assemble(run!(database.read(), read, wanted)?)?;
    let more = items.len() > size;
    items.truncate(size);
    let next = items
        .last()
        .filter(|_| more)
        .map(|account| account.user.party.email.as_str().to_owned());
    Ok(Page { items, next })
}

pub(super) async fn account(
    database: &Database,
    email: &EmailAddress,
) -> Result<Option<Account>, StoreError> {
    Ok(assemble(run!(database.read(), read, Wanted::Address(email.clone()))?)?.pop())
}

pub(super) async fn password(
    database: &Database,
    email: &EmailAddress,
) -> Result<Option<(User, Option<String>)>, StoreError> {
    let Some((user, hash)) = run!(database.read(), password, email.clone())? else {
        return Ok(None);
    };
    Ok(Some((user.try_into_domain()?, hash)))
}
