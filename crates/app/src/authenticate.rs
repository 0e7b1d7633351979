//! Finding out who asks, by an API token or by a session of the pages.

use std::sync::Arc;

use jiff::SignedDuration;
use recado_domain::person::Standing;
use recado_domain::preference::Preference;
use recado_ports::clock::Clock;
use recado_ports::people::{People, TokenHash};
use recado_ports::sessions::Sessions;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::{Actor, Refusal};
use crate::session;

/// A session is prolonged when this much of its time has passed, and not at every look at a page.
const PROLONGED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Somebody who looks at the pages, signed in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// As use cases know them; the session stands in the token's place.
    pub actor: Actor,
    /// The session.
    pub session: Uuid,
    /// What they chose.
    pub preference: Preference,
}

/// Finds out who asks.
pub struct Authenticate {
    /// Where tokens and accounts are.
    pub people: Arc<dyn People>,
    /// Where sessions are.
    pub sessions: Arc<dyn Sessions>,
    /// Ends them.
    pub clock: Arc<dyn Clock>,
}

impl Authenticate {
    /// The actor behind a token; `None` for a token that is unknown or whose account is disabled.
    pub async fn run(&self, token: &str) -> Result<Option<Actor>, Refusal> {
        let owner = self.people.find_token(&hash(token)).await?;
        Ok(owner
            .filter(|owner| owner.user.standing == Standing::Active)
            .map(|owner| Actor::Person {
                user: owner.user,
                groups: owner.groups,
                token: owner.token,
            }))
    }

    /// Whose session this is the secret of; `None` when it has ended. Being asked keeps a session open, up to its end.
    pub async fn session(&self, secret: &str) -> Result<Option<Visitor>, Refusal> {
        let now = self.clock.now();
        let Some(found) = self.sessions.find(&session::hash(secret), now).await? else {
            return Ok(None);
        };
        let idle_until = now + session::IDLE;
        if idle_until.duration_since(found.idle_until) >= PROLONGED_EVERY
            && let Err(error) = self.sessions.prolong(found.id, idle_until).await
        {
            // The next look tries again; a database that cannot be written for a moment signs nobody out.
            tracing::warn!(session = %found.id, error = &error as &dyn std::error::Error, "a session was not prolonged");
        }
        Ok(Some(Visitor {
            session: found.id,
            preference: found.preference,
            actor: Actor::Person {
                user: found.user,
                groups: found.groups,
                token: found.id,
            },
        }))
    }
}

/// What is kept of a token.
pub(crate) fn hash(token: &str) -> TokenHash {
    TokenHash(data_encoding::HEXLOWER.encode(&Sha256::digest(token)))
}
