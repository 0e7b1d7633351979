//! Changing accounts, so that there is always somebody left who may.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::person::{Role, Standing, User, UserId};
use recado_ports::accounts::{AccountChange, ChangeAccountError};
use recado_ports::store::StoreError;

use crate::column::Key;
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::Administers;
use crate::operation::{Purpose, queries, run};
use crate::rows::{UserChange, UserRow, account_text};
use crate::schema::{app_user, installation};
use crate::wakeup::News;

/// The row that whoever adds the first administrator holds.
const FIRST_ADMINISTRATOR: &str = "first_administrator";

/// Accounts made searchable in one transaction.
const FILLED_AT_ONCE: i64 = 500;

/// What became of a change.
enum Changed {
    NotFound,
    LastAdministrator,
    Done(UserRow),
}

queries! {
    pub(super) async fn is_administered(connection: &mut Session, _input: &()) -> Result<bool, Fault> {
        let administrators = app_user::table.filter(Administers);
        Ok(diesel::select(exists(administrators)).get_result(connection).await?)
    }

    pub(super) async fn add_first_administrator(
        connection: &mut Session,
        account: &(User, Option<String>),
    ) -> Result<bool, Fault> {
        let rows = [(installation::key.eq(FIRST_ADMINISTRATOR), installation::value.eq(""))];
        insert_new!(connection, installation::table, &rows);
        // Writing the row holds it: of two calls the second one sees what the first one did.
        let row = installation::table.find(FIRST_ADMINISTRATOR);
        diesel::update(row).set(installation::value.eq("")).execute(connection).await?;
        if is_administered(connection, &()).await? {
            return Ok(false);
        }
        insert_user(connection, account).await?;
        Ok(true)
    }

    pub(super) async fn change_account(
        connection: &mut Session,
        input: &(UserId, AccountChange),
    ) -> Result<Changed, Fault> {
        let (UserId(id), change) = input;
        let id = Key(*id);
        let disables = change.standing == Some(Standing::Disabled);
        if disables || change.role.is_some_and(|role| role != Role::Administrator) {
            let administrators =
                app_user::table.filter(Administers).order(app_user::id).select(app_user::id);
            // Held, in the order of their ids: of administrators who demote each other one is the last.
            let administrators: Vec<Key> = load_held!(connection, administrators);
            if administrators == [id] {
                return Ok(Changed::LastAdministrator);
            }
        }
        let row = app_user::table.find(id);
        let stored = row.select(UserRow::as_select()).first::<UserRow>(connection).await.optional()?;
        let Some(stored) = stored else { return Ok(Changed::NotFound) };
        if *change == AccountChange::default() {
            return Ok(Changed::Done(stored));
        }
        let written = diesel::update(row)
            .set(UserChange::new(&stored.email, change))
            .returning(UserRow::as_returning())
            .get_result::<UserRow>(connection)
            .await?;
        if disables {
            end_sessions(connection, &(id, None)).await?;
        }
        Ok(Changed::Done(written))
    }

    pub(super) async fn fill_search_texts(connection: &mut Session, limit: &i64) -> Result<i64, Fault> {
        let without = app_user::table
            .filter(app_user::search_text.is_null())
            .select((app_user::id, app_user::name, app_user::email))
            .limit(*limit);
        let without: Vec<(Key, String, String)> = without.load(connection).await?;
        let mut filled = 0;
        for (id, name, email) in without {
            let text = account_text(&name, &email);
            let row = app_user::table.find(id);
            diesel::update(row).set(app_user::search_text.eq(text)).execute(connection).await?;
            filled += 1;
        }
        Ok(filled)
    }
}

pub(super) async fn has_administrator(database: &Database) -> Result<bool, StoreError> {
    Ok(run!(database.read(), is_administered, ())?)
}

pub(super) async fn add_first_administrator(
    database: &Database,
    user: &User,
    password_hash: String,
) -> Result<bool, StoreError> {
    let terms = Purpose::Record.with(News::Nothing);
    let account = (user.clone(), Some(password_hash));
    match run!(database.write(terms), add_first_administrator, account) {
        Err(fault) if fault.is_taken_key() => {
            Err(Fault::conflict(format!("the account of {}", user.party.email)).into())
        }
        added => Ok(added?),
    }
}

pub(super) async fn change_account(
    database: &Database,
    id: UserId,
    change: &AccountChange,
) -> Result<User, ChangeAccountError> {
    let terms = Purpose::Record.with(News::Nothing);
    let changed = run!(database.write(terms), change_account, (id, change.clone()));
    match changed.map_err(StoreError::from)? {
        Changed::NotFound => Err(ChangeAccountError::NotFound),
        Changed::LastAdministrator => Err(ChangeAccountError::LastAdministrator),
        Changed::Done(row) => Ok(row.try_into_domain().map_err(StoreError::from)?),
    }
}

impl Database {
    /// Writes the text by which an account is searched where an older version left it out.
    pub(crate) async fn fill_search_texts(&self) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        loop {
            let filled = run!(self.write(terms), fill_search_texts, FILLED_AT_ONCE)?;
            if filled < FILLED_AT_ONCE {
                return Ok(());
            }
        }
    }
}
