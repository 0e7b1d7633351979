//! Putting a group: its name, and whoever belongs to it.

use std::sync::Arc;

use recado_domain::person::{EmailAddress, Group, Role};
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

/// A group in words, for the trail.
pub(crate) fn described(group: &Group) -> String {
    let members: Vec<_> = group.members.iter().map(EmailAddress::as_str).collect();
    format!("{}; members: {}", group.party.name, members.join(", "))
}
