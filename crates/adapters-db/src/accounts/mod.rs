//! Accounts, groups and tokens, as administrators manage them.

mod change;
mod groups;
mod list;
mod tokens;

use async_trait::async_trait;
use recado_domain::person::{EmailAddress, Group, PersonName, User, UserId};
use recado_ports::accounts::{Account, AccountChange, AccountFilter, Accounts, ChangeAccountError, Token};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::database::Database;

#[async_trait]
impl Accounts for Database {
    async fn has_administrator(&self) -> Result<bool, StoreError> {
        change::has_administrator(self).await
    }

    async fn add_first_administrator(&self, user: &User, password_hash: String) -> Result<bool, StoreError> {
        change::add_first_administrator(self, user, password_hash).await
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: &PageRequest,
    ) -> Result<Page<Account>, StoreError> {
        list::accounts(self, filter, page).await
    }

    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        list::account(self, email).await
    }

    async fn password(&self, email: &EmailAddress) -> Result<Option<(User, Option<String>)>, StoreError> {
        list::password(self, email).await
    }

    async fn change_account(&self, id: UserId, change: &AccountChange) -> Result<User, ChangeAccountError> {
        change::change_account(self, id, change).await
    }

    async fn known_name(&self, email: &EmailAddress) -> Result<Option<PersonName>, StoreError> {
        groups::known_name(self, email).await
    }

    async fn groups(&self, page: &PageRequest) -> Result<Page<Group>, StoreError> {
        groups::groups(self, page).await
    }

    async fn remove_group(&self, email: &EmailAddress) -> Result<bool, StoreError> {
        groups::remove_group(self, email).await
    }

    async fn tokens(&self, of: Option<UserId>, page: &PageRequest) -> Result<Page<Token>, StoreError> {
        tokens::tokens(self, of, page).await
    }

    async fn revoke_token(&self, id: Uuid) -> Result<Option<Token>, StoreError> {
        tokens::revoke_token(self, id).await
    }
}
