//! Putting a group: its name, and whoever belongs to it.

use std::sync::Arc;

use recado_domain::person::{Group, Role};
use recado_ports::people::People;
use recado_ports::templates::Written;

use crate::access::{Actor, Refusal};

/// Puts a group.
pub struct PutGroup {
    /// Where it goes.
    pub people: Arc<dyn People>,
}

impl PutGroup {
    /// Stores a group whole; administrators may.
    pub async fn run(&self, actor: &Actor, group: &Group) -> Result<Written, Refusal> {
        actor.require(Role::Administrator, "putting a group")?;
        Ok(self.people.put_group(group).await?)
    }
}
