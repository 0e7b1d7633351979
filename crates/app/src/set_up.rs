//! Setting the service up: the first administrator, made by whoever can read what the daemon prints.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::{Party, Role, Standing, User, UserId};
use recado_domain::token::Keyring;
use recado_ports::accounts::Accounts;
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::sessions::Sessions;
use secrecy::SecretString;

use crate::access::{Actor, Refusal};
use crate::passwords::{self, NewPassword};
use crate::session::{self, Fresh};
use crate::sign_in::OpenedSession;
use crate::trail::{Change, Trail};

/// Sets the service up.
pub struct SetUp {
    /// Where the account goes.
    pub accounts: Arc<dyn Accounts>,
    /// Where its first session goes.
    pub sessions: Arc<dyn Sessions>,
    /// Knows the token.
    pub keyring: Arc<Keyring>,
    /// Dates the session.
    pub clock: Arc<dyn Clock>,
    /// Names the account, and makes secrets.
    pub ids: Arc<dyn Ids>,
    /// Tells of the account.
    pub trail: Trail,
}

impl SetUp {
    /// Whether there is no active administrator yet, and the page of the token opens.
    pub async fn is_open(&self) -> Result<bool, Refusal> {
        Ok(!self.accounts.has_administrator().await?)
    }

    /// The token, the same for every daemon of the installation: whoever reads it on the daemon's output or in its log
    /// may make the first administrator.
    pub fn token(&self) -> String {
        self.keyring.setup_token()
    }

    /// Whether a set-up page under this token is to be shown.
    pub async fn admits(&self, token: &str) -> Result<bool, Refusal> {
        Ok(self.keyring.is_setup_token(token) && self.is_open().await?)
    }

    /// Makes the first administrator and signs them in. Of two calls at once one alone goes through.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a wrong token, and once there is an administrator; [`Refusal::Invalid`] for the field
    /// `password`, and for `email` when the address has an account.
    pub async fn run(
        &self,
        token: &str,
        party: Party,
        password: SecretString,
        device: &str,
    ) -> Result<OpenedSession, Refusal> {
        if !self.admits(token).await? {
            return Err(closed());
        }
        if self.accounts.account(&party.email).await?.is_some() {
            let message = "has an account that is no active administrator's; take another address, or mend it with recado user";
            return Err(Refusal::field("email", message));
        }
        let password = NewPassword::parse(password).map_err(|error| Refusal::field("password", error))?;
        let hash = passwords::hash(password, &*self.ids).await?;
        let user = User {
            id: UserId(self.ids.next()),
            party,
            role: Role::Administrator,
            standing: Standing::Active,
        };
        let change = Change::new(Action::AccountAdded, &user.party.email).becomes(format!(
            "{}, {}, set up",
            user.party.name,
            user.role.as_str()
        ));
        self.trail
            .around(&Actor::Operator, change, async {
                if self.accounts.add_first_administrator(&user, hash).await? {
                    Ok(())
                } else {
                    Err(closed())
                }
            })
            .await?;
        let Fresh { secret, session } = session::fresh(user.id, device, self.clock.now(), &*self.ids);
        self.sessions.open(&session).await?;
        tracing::info!(user = %user.id.0, "the first administrator was made");
        Ok(OpenedSession {
            secret,
            user,
            target: None,
        })
    }
}

fn closed() -> Refusal {
    Refusal::NotFound("the set-up page".to_owned())
}
