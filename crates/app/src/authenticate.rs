//! Finding out who a token belongs to.

use std::sync::Arc;

use recado_domain::person::Standing;
use recado_ports::people::{People, TokenHash};
use sha2::{Digest, Sha256};

use crate::access::{Actor, Refusal};

/// Finds out who asks.
pub struct Authenticate {
    /// Where tokens and accounts are.
    pub people: Arc<dyn People>,
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
}

/// What is kept of a token.
pub(crate) fn hash(token: &str) -> TokenHash {
    TokenHash(data_encoding::HEXLOWER.encode(&Sha256::digest(token)))
}
