//! Seeing which addresses get no mail, and lifting that.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::{EmailAddress, Role};
use recado_ports::clock::Clock;
use recado_ports::page::{Page, PageRequest};
use recado_ports::suppressions::{Suppression, Suppressions};

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Steers suppressions.
pub struct SteerSuppression {
    /// Where they are.
    pub suppressions: Arc<dyn Suppressions>,
    /// Tells which have lapsed.
    pub clock: Arc<dyn Clock>,
    /// Tells of it.
    pub trail: Trail,
}

impl SteerSuppression {
    /// Those in force, by address; the desk may.
    pub async fn list(&self, actor: &Actor, page: &PageRequest) -> Result<Page<Suppression>, Refusal> {
        actor.require(Role::Technician, "reading suppressions")?;
        Ok(self.suppressions.list(self.clock.now(), page).await?)
    }

    /// Lifts one; the desk may.
    pub async fn lift(&self, actor: &Actor, address: &EmailAddress) -> Result<(), Refusal> {
        actor.require(Role::Technician, "lifting a suppression")?;
        self.trail
            .around(actor, Change::new(Action::SuppressionLifted, address), async {
                if self.suppressions.lift(address).await? {
                    return Ok(());
                }
                Err(Refusal::NotFound(format!("a suppression of {address}")))
            })
            .await
    }
}
