//! Adding an account.

use std::sync::Arc;

use recado_domain::person::{Party, Role, Standing, User, UserId};
use recado_ports::ids::Ids;
use recado_ports::people::{AddUserError, People};

use crate::access::{Actor, Refusal};

/// Adds an account.
pub struct AddUser {
    /// Where it goes.
    pub people: Arc<dyn People>,
    /// Names it.
    pub ids: Arc<dyn Ids>,
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
        match self.people.add_user(&user, password_hash).await {
            Ok(()) => Ok(user),
            Err(AddUserError::Store(error)) => Err(error.into()),
            Err(error @ AddUserError::Exists(_)) => Err(Refusal::Conflict(error.to_string())),
        }
    }
}
