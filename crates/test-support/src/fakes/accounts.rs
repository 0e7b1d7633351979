//! Accounts in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use recado_domain::person::{EmailAddress, Group, Party, PersonName, Role, Standing, User, UserId};
use recado_domain::ticket::Ticket;
use recado_ports::accounts::{Account, AccountChange, AccountFilter, Accounts, ChangeAccountError, Token};
use recado_ports::page::{Page, PageRequest};
use recado_ports::people::NewToken;
use recado_ports::store::StoreError;
use uuid::Uuid;

use super::{MemoryStore, Tables, page};

#[async_trait]
impl Accounts for MemoryStore {
    async fn has_administrator(&self) -> Result<bool, StoreError> {
        Ok(self.read(|tables| tables.administrators().next().is_some()))
    }

    async fn add_first_administrator(&self, user: &User, password_hash: String) -> Result<bool, StoreError> {
        self.write(|tables| {
            if tables.administrators().next().is_some() {
                return Ok(false);
            }
            let email = user.party.email.clone();
            if tables.users.contains_key(&email) {
                return Err(StoreError::Conflict {
                    what: format!("the account of {email}"),
                });
            }
            tables.users.insert(email, (user.clone(), Some(password_hash)));
            Ok(true)
        })
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
        request: &PageRequest,
    ) -> Result<Page<Account>, StoreError> {
        Ok(self.read(|tables| {
            let passing = tables
                .users
                .values()
                .filter(|(user, _)| passes(filter, user))
                .map(|(user, _)| &user.party.email);
            let keyed = passing.filter_map(|email| Some((email.as_str().to_owned(), tables.account(email)?)));
            page(keyed, request, |cursor, after| cursor > after)
        }))
    }

    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        Ok(self.read(|tables| tables.account(email)))
    }

    async fn password(&self, email: &EmailAddress) -> Result<Option<(User, Option<String>)>, StoreError> {
        Ok(self.read(|tables| tables.users.get(email).cloned()))
    }

    async fn change_account(&self, id: UserId, change: &AccountChange) -> Result<User, ChangeAccountError> {
        self.write(|tables| {
            let email = tables.user(id).map(|user| user.party.email.clone());
            let email = email.ok_or(ChangeAccountError::NotFound)?;
            let abdicates = change.role.is_some_and(|role| role != Role::Administrator)
                || change.standing == Some(Standing::Disabled);
            let administrators: Vec<_> = tables.administrators().map(|user| user.id).collect();
            if abdicates && administrators == [id] {
                return Err(ChangeAccountError::LastAdministrator);
            }
            let (user, hash) = tables.users.get_mut(&email).ok_or(ChangeAccountError::NotFound)?;
            if let Some(name) = &change.name {
                user.party.name = name.clone();
            }
            user.role = change.role.unwrap_or(user.role);
            user.standing = change.standing.unwrap_or(user.standing);
            if let Some(new) = &change.password_hash {
                hash.clone_from(new);
            }
            let changed = user.clone();
            if change.standing == Some(Standing::Disabled) {
                tables.end_sessions(id, None);
            }
            Ok(changed)
        })
    }

    async fn known_name(&self, email: &EmailAddress) -> Result<Option<PersonName>, StoreError> {
        Ok(self.read(|tables| {
            let mut newest_first = tables.tickets.values().rev();
            let named = newest_first.find_map(|ticket| named_on(ticket, email));
            let is_member = || tables.groups.values().any(|group| group.members.contains(email));
            let nameless = || PersonName::parse("").expect("a name may be empty");
            named
                .map(|party| party.name.clone())
                .or_else(|| is_member().then(nameless))
        }))
    }

    async fn groups(&self, request: &PageRequest) -> Result<Page<Group>, StoreError> {
        Ok(self.read(|tables| {
            let groups = tables.groups.values();
            let keyed = groups.map(|group| (group.party.email.as_str().to_owned(), group.clone()));
            page(keyed, request, |cursor, after| cursor > after)
        }))
    }

    async fn remove_group(&self, email: &EmailAddress) -> Result<bool, StoreError> {
        Ok(self.write(|tables| tables.groups.remove(email).is_some()))
    }

    async fn tokens(&self, of: Option<UserId>, request: &PageRequest) -> Result<Page<Token>, StoreError> {
        Ok(self.read(|tables| {
            let tokens = tables.tokens.values();
            let mut wanted: Vec<_> = tokens
                .filter(|token| of.is_none_or(|user| token.user == user))
                .filter_map(|token| tables.token(token))
                .collect();
            wanted.sort_by_key(|token| Reverse(token.id));
            let keyed = wanted.into_iter().map(|token| (token.id.to_string(), token));
            page(keyed, request, |cursor, after| cursor < after)
        }))
    }

    async fn revoke_token(&self, id: Uuid) -> Result<Option<Token>, StoreError> {
        Ok(self.write(|tables| {
            let stored = tables.tokens.values().find(|token| token.id == id)?;
            let (hash, token) = (stored.hash.clone(), tables.token(stored));
            tables.tokens.remove(&hash);
            token
        }))
    }
}

impl Tables {
    /// Those who are active.
    fn administrators(&self) -> impl Iterator<Item = &User> {
        let users = self.users.values().map(|(user, _)| user);
        users.filter(|user| user.role == Role::Administrator && user.standing == Standing::Active)
    }

    fn account(&self, email: &EmailAddress) -> Option<Account> {
        let (user, hash) = self.users.get(email)?;
        let tokens = self.tokens.values().filter(|token| token.user == user.id);
        Some(Account {
            user: user.clone(),
            has_password: hash.is_some(),
            tokens: tokens.count() as u64,
            signed_in_at: self.signed_in.get(&user.id).copied(),
        })
    }

    fn token(&self, token: &NewToken) -> Option<Token> {
        Some(Token {
            id: token.id,
            owner: self.user(token.user)?.party.email.clone(),
            label: token.label.clone(),
            created_at: token.created_at,
        })
    }
}

fn passes(filter: &AccountFilter, user: &User) -> bool {
    let holds = |text: &String| {
        let text = text.to_lowercase();
        user.party.name.as_str().to_lowercase().contains(&text) || user.party.email.as_str().contains(&text)
    };
    filter.text.as_ref().is_none_or(holds) && filter.role.is_none_or(|role| user.role == role)
}

fn named_on<'a>(ticket: &'a Ticket, email: &EmailAddress) -> Option<&'a Party> {
    let mut named = std::iter::once(&ticket.requester)
        .chain(&ticket.responsible)
        .chain(&ticket.watchers);
    named.find(|party| party.email == *email)
}
