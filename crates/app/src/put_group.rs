//! Putting a group: its name, and whoever belongs to it.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::{EmailAddress, Group, Role};
use recado_ports::people::People;
use recado_ports::templates::Written;

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Puts a group.
pub struct PutGroup {
    /// Where it goes.
    pub people: Arc<dyn People>,
    /// Tells of it.
    pub trail: Trail,
}

impl PutGroup {
    /// Stores a group whole; administrators may.
    pub async fn run(&self, actor: &Actor, group: &Group) -> Result<Written, Refusal> {
        actor.require(Role::Administrator, "putting a group")?;
        let email = &group.party.email;
        let before = self.people.find_group(email).await?;
        let change = Change::new(Action::GroupPut, email)
            .was(before.as_ref().map(described))
            .becomes(described(group));
        self.trail
            .around(actor, change, async {
                self.people.put_group(group).await.map_err(Refusal::from)
            })
            .await
    }
}

/// A group in words, for the trail.
pub(crate) fn described(group: &Group) -> String {
    let members: Vec<_> = group.members.iter().map(EmailAddress::as_str).collect();
    format!("{}; members: {}", group.party.name, members.join(", "))
}
