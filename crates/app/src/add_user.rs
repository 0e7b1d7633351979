//! Adding an account.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::{Party, Role, Standing, User, UserId};
use recado_ports::ids::Ids;
use recado_ports::people::{AddUserError, People};

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Adds an account.
pub struct AddUser {
    /// Where it goes.
    pub people: Arc<dyn People>,
    /// Names it.
    pub ids: Arc<dyn Ids>,
    /// Tells of it.
    pub trail: Trail,
}

impl AddUser {
    /// Adds an account; administrators may. `password_hash` is a PHC string.
    pub async fn run(
        &self,
        actor: &Actor,
        party: Party,
        role: Role,
        password_hash: Option<String>,
    ) -> Result<User, Refusal> {
        actor.require(Role::Administrator, "adding an account")?;
        let user = User {
            id: UserId(self.ids.next()),
            party,
            role,
            standing: Standing::Active,
        };
        let password = if password_hash.is_some() {
            "with"
        } else {
            "without"
        };
        let told = format!("{}, {}, {password} a password", user.party.name, role.as_str());
        let change = Change::new(Action::AccountAdded, &user.party.email).becomes(told);
        self.trail
            .around(actor, change, async {
                match self.people.add_user(&user, password_hash).await {
                    Ok(()) => Ok(()),
                    Err(AddUserError::Store(error)) => Err(error.into()),
                    Err(error @ AddUserError::Exists(_)) => Err(Refusal::Conflict(error.to_string())),
                }
            })
            .await?;
        Ok(user)
    }
}
