//! Tokens, without their secrets.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::person::UserId;
use recado_ports::accounts::Token;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{Cursor, address, cursor};
use crate::schema::{app_user, token};
use crate::wakeup::News;

/// Id, owner's address, label, time.
type TokenRow = (Key, String, String, i64);

struct Wanted {
    of: Option<Key>,
    before: Uuid,
    limit: i64,
}

queries! {
    pub(super) async fn tokens(connection: &mut Session, wanted: &Wanted) -> Result<Vec<TokenRow>, Fault> {
        let mut query = token::table
            .inner_join(app_user::table.on(app_user::id.eq(token::owner)))
            .filter(token::id.lt(Key(wanted.before)))
            .order(token::id.desc())
            .limit(wanted.limit)
            .select((token::id, app_user::email, token::label, token::created_at))
            .into_boxed::<Backend>();
        if let Some(owner) = wanted.of {
            query = query.filter(token::owner.eq(owner));
        }
        Ok(query.load(connection).await?)
    }

    pub(super) async fn revoke(connection: &mut Session, id: &Key) -> Result<Option<TokenRow>, Fault> {
        let row = token::table
            .inner_join(app_user::table.on(app_user::id.eq(token::owner)))
            .filter(token::id.eq(id))
            .select((token::id, app_user::email, token::label, token::created_at));
        let row: Option<TokenRow> = row.first(connection).await.optional()?;
        let deleted = diesel::delete(token::table.find(id)).execute(connection).await?;
        // Somebody else may have revoked it meanwhile.
        Ok(row.filter(|_| deleted > 0))
    }
}

fn try_into_port((Key(id), owner, label, created_at): TokenRow) -> Result<Token, Fault> {
    Ok(Token {
        id,
        owner: address(&owner)?,
        label,
        created_at: timestamp(created_at)?,
    })
}

pub(super) async fn tokens(
    database: &Database,
    of: Option<UserId>,
    page: &PageRequest,
) -> Result<Page<Token>, StoreError> {
    let before = match cursor(page.after.as_deref()) {
        Cursor::Start => Uuid::max(),
        Cursor::Behind(id) => id,
        Cursor::Nowhere => {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
    };
    let size = usize::from(page.limit.get());
    let wanted = Wanted {
        of: of.map(|UserId(id)| Key(id)),
        before,
        limit: i64::from(page.limit.get()) + 1,
    };
    let mut rows = run!(database.read(), tokens, wanted)?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|(Key(id), ..)| id.to_string());
    let items = rows.into_iter().map(try_into_port).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

pub(super) async fn revoke_token(database: &Database, id: Uuid) -> Result<Option<Token>, StoreError> {
    let terms = Purpose::Record.with(News::Nothing);
    let revoked = run!(database.write(terms), revoke, Key(id))?;
    Ok(revoked.map(try_into_port).transpose()?)
}
