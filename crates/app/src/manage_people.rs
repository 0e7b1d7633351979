//! What administrators do with accounts, groups and tokens once they are there.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::{EmailAddress, Group, PersonName, Role, Standing, User};
use recado_ports::accounts::{Account, AccountChange, AccountFilter, Accounts, ChangeAccountError, Token};
use recado_ports::ids::Ids;
use recado_ports::page::{Page, PageLimit, PageRequest};
use recado_ports::people::People;
use recado_ports::sessions::Sessions;
use secrecy::SecretString;
use uuid::Uuid;

use crate::access::{Actor, Refusal};
use crate::passwords::{self, NewPassword};
use crate::put_group;
use crate::trail::{Change, Trail};

/// What to change of an account; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct AccountEdit {
    /// The account's own name.
    pub name: Option<PersonName>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may do anything.
    pub standing: Option<Standing>,
    /// A new password; `Some(None)` takes the password away, and leaves the links by mail.
    pub password: Option<Option<SecretString>>,
}

/// Manages people.
pub struct ManagePeople {
    /// Where accounts and tokens are.
    pub accounts: Arc<dyn Accounts>,
    /// Where groups are found.
    pub people: Arc<dyn People>,
    /// Where sessions end.
    pub sessions: Arc<dyn Sessions>,
    /// Salts passwords.
    pub ids: Arc<dyn Ids>,
    /// Tells of it all.
    pub trail: Trail,
}

impl ManagePeople {
    /// Accounts, by address; administrators may.
    pub async fn accounts(
        &self,
        actor: &Actor,
        filter: &AccountFilter,
        page: &PageRequest,
    ) -> Result<Page<Account>, Refusal> {
        actor.require(Role::Administrator, "reading accounts")?;
        Ok(self.accounts.accounts(filter, page).await?)
    }

    /// One account; administrators may.
    pub async fn account(&self, actor: &Actor, email: &EmailAddress) -> Result<Account, Refusal> {
        actor.require(Role::Administrator, "reading accounts")?;
        let account = self.accounts.account(email).await?;
        account.ok_or_else(|| missing(email))
    }

    /// Changes an account; administrators may. Disabling it ends its sessions; another password, or none, ends them
    /// too, save the one that asks.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where nobody could administer the installation any more; [`Refusal::Invalid`] for the
    /// field `password`.
    pub async fn change(
        &self,
        actor: &Actor,
        email: &EmailAddress,
        edit: AccountEdit,
    ) -> Result<User, Refusal> {
        let account = self.account(actor, email).await?;
        let told = told(&account, &edit);
        let touches_password = edit.password.is_some();
        let password_hash = match edit.password {
            None => None,
            Some(None) => Some(None),
            Some(Some(password)) => {
                let password =
                    NewPassword::parse(password).map_err(|error| Refusal::field("password", error))?;
                Some(Some(passwords::hash(password, &*self.ids).await?))
            }
        };
        let change = AccountChange {
            name: edit.name,
            role: edit.role,
            standing: edit.standing,
            password_hash,
        };
        let id = account.user.id;
        self.trail
            .around(actor, told, async {
                let own = own_session(actor, &account.user);
                if touches_password {
                    // Before too: a fault behind the change must not leave them open.
                    self.sessions.end_all(id, own).await?;
                }
                let changed = self.accounts.change_account(id, &change).await;
                let user = changed.map_err(|error| refusal(error, email))?;
                if touches_password {
                    self.sessions.end_all(id, own).await?;
                }
                Ok(user)
            })
            .await
    }

    /// Groups, by address; administrators may.
    pub async fn groups(&self, actor: &Actor, page: &PageRequest) -> Result<Page<Group>, Refusal> {
        actor.require(Role::Administrator, "reading groups")?;
        Ok(self.accounts.groups(page).await?)
    }

    /// One group; administrators may.
    pub async fn group(&self, actor: &Actor, email: &EmailAddress) -> Result<Group, Refusal> {
        actor.require(Role::Administrator, "reading groups")?;
        let group = self.people.find_group(email).await?;
        group.ok_or_else(|| missing_group(email))
    }

    /// Removes a group; administrators may. Tickets keep its name and address.
    pub async fn remove_group(&self, actor: &Actor, email: &EmailAddress) -> Result<(), Refusal> {
        let group = self.group(actor, email).await?;
        let told = Change::new(Action::GroupPut, email)
            .was(put_group::described(&group))
            .becomes("removed".to_owned());
        self.trail
            .around(actor, told, async {
                if self.accounts.remove_group(email).await? {
                    Ok(())
                } else {
                    Err(missing_group(email))
                }
            })
            .await
    }

    /// An account's tokens, or everybody's, the newest first; administrators may.
    pub async fn tokens(
        &self,
        actor: &Actor,
        of: Option<&EmailAddress>,
        page: &PageRequest,
    ) -> Result<Page<Token>, Refusal> {
        let of = match of {
            Some(email) => Some(self.account(actor, email).await?.user.id),
            None => None,
        };
        actor.require(Role::Administrator, "reading tokens")?;
        Ok(self.accounts.tokens(of, page).await?)
    }

    /// Revokes a token; administrators may. Gives what it was.
    pub async fn revoke_token(&self, actor: &Actor, id: Uuid) -> Result<Token, Refusal> {
        actor.require(Role::Administrator, "revoking tokens")?;
        let token = self.token(id).await?.ok_or_else(|| missing_token(id))?;
        let told = Change::new(Action::TokenRevoked, &token.owner).was(format!("{} ({id})", token.label));
        self.trail
            .around(actor, told, async {
                let revoked = self.accounts.revoke_token(id).await?;
                revoked.ok_or_else(|| missing_token(id))
            })
            .await
    }

    /// A token by its id. Installations have a few; they are gone through.
    async fn token(&self, id: Uuid) -> Result<Option<Token>, Refusal> {
        let mut page = PageRequest {
            after: None,
            limit: PageLimit::clamp(PageLimit::MAX.into()),
        };
        loop {
            let found = self.accounts.tokens(None, &page).await?;
            if let Some(token) = found.items.into_iter().find(|token| token.id == id) {
                return Ok(Some(token));
            }
            if found.next.is_none() {
                return Ok(None);
            }
            page.after = found.next;
        }
    }
}

/// The session to leave open when an account's password changes: that of a person who changes their own.
fn own_session(actor: &Actor, user: &User) -> Option<Uuid> {
    match actor {
        Actor::Person { user: own, token, .. } if own.id == user.id => Some(*token),
        Actor::Person { .. } | Actor::Operator => None,
    }
}

/// What an edit changes, in words.
fn told(account: &Account, edit: &AccountEdit) -> Change {
    let Account {
        user, has_password, ..
    } = account;
    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut differs = |name: &str, was: &str, is: &str| {
        if was != is {
            before.push(format!("{name}: {was}"));
            after.push(format!("{name}: {is}"));
        }
    };
    if let Some(name) = &edit.name {
        differs("name", user.party.name.as_str(), name.as_str());
    }
    if let Some(role) = edit.role {
        differs("role", user.role.as_str(), role.as_str());
    }
    if let Some(standing) = edit.standing {
        differs("standing", shown(user.standing), shown(standing));
    }
    if let Some(password) = &edit.password {
        let was = if *has_password { "set" } else { "none" };
        differs(
            "password",
            was,
            if password.is_some() { "a new one" } else { "none" },
        );
    }
    let told = |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join("; "));
    Change::new(Action::AccountChanged, &user.party.email)
        .was(told(before))
        .becomes(told(after))
}

fn shown(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Disabled => "disabled",
    }
}

fn refusal(error: ChangeAccountError, email: &EmailAddress) -> Refusal {
    match error {
        ChangeAccountError::NotFound => missing(email),
        ChangeAccountError::LastAdministrator => Refusal::Conflict(error.to_string()),
        ChangeAccountError::Store(error) => error.into(),
    }
}

fn missing(email: &EmailAddress) -> Refusal {
    Refusal::NotFound(format!("an account with the address {email}"))
}

fn missing_group(email: &EmailAddress) -> Refusal {
    Refusal::NotFound(format!("a group with the address {email}"))
}

fn missing_token(id: Uuid) -> Refusal {
    Refusal::NotFound(format!("token {id}"))
}
