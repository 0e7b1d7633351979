//! Sessions in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::{Standing, User, UserId};
use recado_ports::sessions::{Link, NewLink, NewSession, OpenSession, RedeemError, SecretHash, Sessions};
use recado_ports::store::StoreError;
use uuid::Uuid;

use super::{MemoryStore, Tables};

#[async_trait]
impl Sessions for MemoryStore {
    async fn add_link(&self, link: &NewLink) -> Result<(), StoreError> {
        self.write(|tables| tables.links.insert(link.hash.clone(), link.clone()));
        Ok(())
    }

    async fn find_link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<Link>, StoreError> {
        Ok(self.read(|tables| tables.link(hash, now)))
    }

    async fn redeem(
        &self,
        hash: &SecretHash,
        session: &NewSession,
        account: Option<User>,
    ) -> Result<Link, RedeemError> {
        self.write(|tables| {
            let link = tables.link(hash, session.opened_at).ok_or(RedeemError::Spent)?;
            let conflict = || StoreError::Conflict {
                what: format!("the account of {}", link.email),
            };
            let stored = tables.users.get(&link.email).map(|(user, _)| user);
            let owner = match (&account, stored) {
                (Some(_), Some(_)) | (None, None) => return Err(conflict().into()),
                (Some(user), None) | (None, Some(user)) => user,
            };
            if owner.id != session.user
                || owner.standing != Standing::Active
                || owner.party.email != link.email
            {
                return Err(conflict().into());
            }
            if let Some(user) = account {
                tables.users.insert(user.party.email.clone(), (user, None));
            }
            tables.links.remove(hash);
            tables.open_session(session);
            Ok(link)
        })
    }

    async fn open(&self, session: &NewSession) -> Result<(), StoreError> {
        self.write(|tables| {
            let owner = tables.user(session.user);
            if owner.is_none_or(|user| user.standing != Standing::Active) {
                return Err(StoreError::Conflict {
                    what: "the account of the session".to_owned(),
                });
            }
            tables.open_session(session);
            Ok(())
        })
    }

    async fn find(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<OpenSession>, StoreError> {
        Ok(self.read(|tables| {
            let session = tables.sessions.values().find(|session| session.hash == *hash)?;
            let user = tables.user(session.user)?;
            let is_open = now < session.idle_until && user.standing == Standing::Active;
            is_open.then(|| OpenSession {
                id: session.id,
                user: user.clone(),
                groups: tables.groups_of(&user.party.email),
                preference: tables
                    .preferences
                    .get(&user.party.email)
                    .cloned()
                    .unwrap_or_default(),
                idle_until: session.idle_until,
            })
        }))
    }

    async fn prolong(&self, id: Uuid, idle_until: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            if let Some(session) = tables.sessions.get_mut(&id) {
                session.idle_until = session.idle_until.max(idle_until).min(session.ends_at);
            }
        });
        Ok(())
    }

    async fn end(&self, id: Uuid) -> Result<(), StoreError> {
        self.write(|tables| tables.sessions.remove(&id));
        Ok(())
    }

    async fn end_all(&self, user: UserId, except: Option<Uuid>) -> Result<u64, StoreError> {
        Ok(self.write(|tables| tables.end_sessions(user, except)))
    }

    async fn forget_ended(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.write(|tables| {
            let sessions = tables.sessions.values();
            let ended = sessions.filter(|session| session.idle_until <= now);
            let ended: Vec<_> = ended.map(|session| session.id).take(limit).collect();
            let links = tables.links.values().filter(|link| link.expires_at <= now);
            let expired: Vec<_> = links.map(|link| link.hash.clone()).take(limit).collect();
            let pages = tables.open_pages.iter().filter(|(_, page)| page.until <= now);
            let closed: Vec<_> = pages.map(|(id, _)| *id).take(limit).collect();
            for id in &ended {
                tables.sessions.remove(id);
            }
            for hash in &expired {
                tables.links.remove(hash);
            }
            for id in &closed {
                tables.open_pages.remove(id);
            }
            (ended.len() + expired.len() + closed.len()) as u64
        }))
    }
}

impl Tables {
    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        let mut users = self.users.values().map(|(user, _)| user);
        users.find(|user| user.id == id)
    }

    /// Ends an account's sessions but one, and spends its links; gives how many sessions.
    pub(super) fn end_sessions(&mut self, user: UserId, except: Option<Uuid>) -> u64 {
        let before = self.sessions.len();
        self.sessions
            .retain(|id, session| session.user != user || Some(*id) == except);
        if let Some(email) = self.user(user).map(|user| user.party.email.clone()) {
            self.links.retain(|_, link| link.email != email);
        }
        (before - self.sessions.len()) as u64
    }

    fn open_session(&mut self, session: &NewSession) {
        let mut stored = session.clone();
        stored.idle_until = stored.idle_until.min(stored.ends_at);
        self.sessions.insert(stored.id, stored);
        self.signed_in.insert(session.user, session.opened_at);
    }

    fn link(&self, hash: &SecretHash, now: Timestamp) -> Option<Link> {
        let link = self.links.get(hash).filter(|link| now < link.expires_at)?;
        Some(Link {
            email: link.email.clone(),
            target: link.target.clone(),
        })
    }
}
