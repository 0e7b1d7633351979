//! Rows of accounts.
#![expect(
    clippy::ref_option_ref,
    reason = "in the code that diesel derives for a change set"
)]

use diesel::prelude::*;
use recado_domain::person::{PersonName, Role, Standing, User, UserId};
use recado_ports::accounts::AccountChange;

use super::{party, search_text};
use crate::column::{Key, word};
use crate::fault::Fault;
use crate::schema::app_user;

/// A stored account.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = app_user)]
pub(crate) struct UserRow {
    pub(crate) id: Key,
    name: String,
    pub(crate) email: String,
    role: String,
    standing: String,
}

impl UserRow {
    pub(crate) fn try_into_domain(self) -> Result<User, Fault> {
        Ok(User {
            id: UserId(self.id.0),
            party: party(&self.name, &self.email)?,
            role: word("a role", &self.role, Role::parse)?,
            standing: word("an account's standing", &self.standing, parse_standing)?,
        })
    }
}

/// An account to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = app_user)]
pub(crate) struct NewUserRow<'a> {
    id: Key,
    name: &'a str,
    email: &'a str,
    role: &'static str,
    standing: &'static str,
    password_hash: Option<&'a str>,
    search_text: String,
}

impl<'a> NewUserRow<'a> {
    pub(crate) fn new(user: &'a User, password_hash: Option<&'a str>) -> Self {
        Self {
            id: Key(user.id.0),
            name: user.party.name.as_str(),
            email: user.party.email.as_str(),
            role: user.role.as_str(),
            standing: standing(user.standing),
            password_hash,
            search_text: account_text(user.party.name.as_str(), user.party.email.as_str()),
        }
    }
}

/// What to change of an account; an absent value is left.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = app_user)]
pub(crate) struct UserChange<'a> {
    name: Option<&'a str>,
    search_text: Option<String>,
    role: Option<&'static str>,
    standing: Option<&'static str>,
    #[expect(
        clippy::option_option,
        reason = "diesel leaves the column at `None`, and writes NULL at `Some(None)`"
    )]
    password_hash: Option<Option<&'a str>>,
}

impl<'a> UserChange<'a> {
    /// To the account with this address.
    pub(crate) fn new(email: &str, change: &'a AccountChange) -> Self {
        Self {
            name: change.name.as_ref().map(PersonName::as_str),
            search_text: change
                .name
                .as_ref()
                .map(|name| account_text(name.as_str(), email)),
            role: change.role.map(Role::as_str),
            standing: change.standing.map(standing),
            password_hash: change.password_hash.as_ref().map(Option::as_deref),
        }
    }
}

/// The text by which an account is searched: a line break is in no name and no address.
pub(crate) fn account_text(name: &str, email: &str) -> String {
    search_text(&format!("{name}\n{email}"))
}

/// As it is stored.
pub(crate) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Disabled => "disabled",
    }
}

fn parse_standing(text: &str) -> Option<Standing> {
    [Standing::Active, Standing::Disabled]
        .into_iter()
        .find(|known| standing(*known) == text)
}
