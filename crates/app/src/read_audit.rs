//! Reading the audit trail.

use std::sync::Arc;

use recado_domain::audit::Entry;
use recado_domain::person::Role;
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::page::{Page, PageRequest};

use crate::access::{Actor, Refusal};

/// Reads the trail.
pub struct ReadAudit {
    /// Where it is.
    pub audit: Arc<dyn Audit>,
}

impl ReadAudit {
    /// Lines, the newest first; administrators may.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<Entry>, Refusal> {
        actor.require(Role::Administrator, "reading the audit trail")?;
        Ok(self.audit.list(filter, page).await?)
    }
}
