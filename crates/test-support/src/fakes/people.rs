//! People in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use recado_domain::person::{EmailAddress, Group, Role, User};
use recado_domain::ticket::Ticket;
use recado_ports::people::{AddUserError, NewToken, People, TokenHash, TokenOwner};
use recado_ports::store::StoreError;
use recado_ports::templates::Written;

use super::{MemoryStore, Tables};

impl MemoryStore {
    /// The PHC string that an account was stored with.
    pub fn password_hash(&self, email: &EmailAddress) -> Option<String> {
        self.read(|tables| tables.users.get(email)?.1.clone())
    }
}

#[async_trait]
impl People for MemoryStore {
    async fn add_user(&self, user: &User, password_hash: Option<String>) -> Result<(), AddUserError> {
        self.write(|tables| {
            if tables.users.contains_key(&user.party.email) {
                return Err(AddUserError::Exists(user.party.email.clone()));
            }
            tables
                .users
                .insert(user.party.email.clone(), (user.clone(), password_hash));
            Ok(())
        })
    }

    async fn find_user(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        Ok(self.read(|tables| tables.users.get(email).map(|(user, _)| user.clone())))
    }

    async fn technicians(&self, among: &[EmailAddress]) -> Result<BTreeSet<EmailAddress>, StoreError> {
        Ok(self.read(|tables| {
            let is_technician = |email: &&EmailAddress| {
                tables
                    .users
                    .get(*email)
                    .is_some_and(|(user, _)| user.role == Role::Technician)
            };
            among.iter().filter(is_technician).cloned().collect()
        }))
    }

    async fn add_token(&self, token: &NewToken) -> Result<(), StoreError> {
        self.write(|tables| tables.tokens.insert(token.hash.clone(), token.clone()));
        Ok(())
    }

    async fn find_token(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        Ok(self.read(|tables| {
            let token = tables.tokens.get(hash)?;
            let (user, _) = tables.users.values().find(|(user, _)| user.id == token.user)?;
            Some(TokenOwner {
                token: token.id,
                user: user.clone(),
                groups: tables.groups_of(&user.party.email),
            })
        }))
    }

    async fn put_group(&self, group: &Group) -> Result<Written, StoreError> {
        let before = self.write(|tables| tables.groups.insert(group.party.email.clone(), group.clone()));
        Ok(if before.is_some() {
            Written::Replaced
        } else {
            Written::Created
        })
    }

    async fn find_group(&self, email: &EmailAddress) -> Result<Option<Group>, StoreError> {
        Ok(self.read(|tables| tables.groups.get(email).cloned()))
    }

    async fn groups_of(&self, email: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError> {
        Ok(self.read(|tables| tables.groups_of(email)))
    }

    async fn is_known(&self, email: &EmailAddress) -> Result<bool, StoreError> {
        Ok(self.read(|tables| {
            let is_of = |group: &Group| group.party.email == *email || group.members.contains(email);
            let is_named = |ticket: &Ticket| {
                ticket.names(email) || ticket.group.as_ref().is_some_and(|group| group.email == *email)
            };
            tables.users.contains_key(email)
                || tables.groups.values().any(is_of)
                || tables.tickets.values().any(is_named)
        }))
    }
}

impl Tables {
    pub(super) fn groups_of(&self, email: &EmailAddress) -> Vec<EmailAddress> {
        let joined = self.groups.values().filter(|group| group.members.contains(email));
        joined.map(|group| group.party.email.clone()).collect()
    }
}
