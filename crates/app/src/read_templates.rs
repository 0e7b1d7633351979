//! Reading templates.

use std::sync::Arc;

use recado_domain::person::Role;
use recado_domain::template::{StoredTemplate, TemplateId};
use recado_ports::templates::Templates;

use crate::access::{Actor, Refusal};

/// Reads templates.
pub struct ReadTemplates {
    /// Where they are.
    pub templates: Arc<dyn Templates>,
}

impl ReadTemplates {
    /// One template; administrators may.
    pub async fn find(&self, actor: &Actor, id: TemplateId) -> Result<StoredTemplate, Refusal> {
        actor.require(Role::Administrator, "reading templates")?;
        self.templates
            .find(id)
            .await?
            .ok_or_else(|| Refusal::NotFound(format!("template {id}")))
    }

    /// All of them, by number; administrators may.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<StoredTemplate>, Refusal> {
        actor.require(Role::Administrator, "reading templates")?;
        Ok(self.templates.list().await?)
    }
}
