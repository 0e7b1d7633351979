//! Making a token for an account. It is shown once; a hash of it is kept.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::{EmailAddress, Role};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::people::{NewToken, People};

use crate::access::{Actor, Refusal};
use crate::authenticate;
use crate::trail::{Change, Trail};

/// What every token begins with, so that scanners for leaked secrets know it.
const PREFIX: &str = "recado_";

/// Makes a token.
pub struct CreateToken {
    /// Where the account is, and the hash goes.
    pub people: Arc<dyn People>,
    /// Dates it.
    pub clock: Arc<dyn Clock>,
    /// Makes it unguessable.
    pub ids: Arc<dyn Ids>,
    /// Tells of it.
    pub trail: Trail,
}

impl CreateToken {
    /// Makes a token for the account with this address; administrators may. What it gives is the only copy.
    pub async fn run(&self, actor: &Actor, email: &EmailAddress, label: &str) -> Result<String, Refusal> {
        actor.require(Role::Administrator, "making a token")?;
        if label.chars().any(char::is_control) || label.chars().count() > 200 {
            return Err(Refusal::field(
                "label",
                "takes one line of at most 200 characters",
            ));
        }
        let user = self.people.find_user(email).await?;
        let user = user.ok_or_else(|| Refusal::NotFound(format!("an account with the address {email}")))?;
        let secret = data_encoding::BASE32_NOPAD
            .encode(&self.ids.secret())
            .to_ascii_lowercase();
        let token = format!("{PREFIX}{secret}");
        let stored = NewToken {
            id: self.ids.next(),
            user: user.id,
            label: label.to_owned(),
            hash: authenticate::hash(&token),
            created_at: self.clock.now(),
        };
        let change = Change::new(Action::TokenCreated, email).becomes(format!("{label} ({})", stored.id));
        self.trail
            .around(actor, change, async {
                self.people.add_token(&stored).await.map_err(Refusal::from)
            })
            .await?;
        Ok(token)
    }
}
