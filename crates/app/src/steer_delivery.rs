//! Sending a delivery again, or calling it back.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::outbox::{Delivery, DeliveryId};
use recado_domain::person::Role;
use recado_ports::clock::Clock;
use recado_ports::outbox::{Outbox, TransitionError};

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Steers deliveries.
pub struct SteerDelivery {
    /// Where they are.
    pub outbox: Arc<dyn Outbox>,
    /// Dates the change.
    pub clock: Arc<dyn Clock>,
    /// Tells of it.
    pub trail: Trail,
}

impl SteerDelivery {
    /// Sends a delivery again, due now, with the same Message-ID; the desk may.
    pub async fn requeue(&self, actor: &Actor, id: DeliveryId) -> Result<Delivery, Refusal> {
        permit(actor, id)?;
        let change = self.change(Action::DeliveryRequeued, id).await?;
        self.trail
            .around(actor, change, async {
                let requeued = self.outbox.requeue(id, self.clock.now()).await;
                requeued.map_err(|error| refusal(error, id, "requeued"))
            })
            .await
    }

    /// Calls a delivery back that has not left; the desk may.
    pub async fn cancel(&self, actor: &Actor, id: DeliveryId) -> Result<Delivery, Refusal> {
        permit(actor, id)?;
        let by = actor.party().map_or("the operator", |party| party.email.as_str());
        let reason = format!("cancelled by {by}");
        let change = self.change(Action::DeliveryCancelled, id).await?;
        self.trail
            .around(actor, change, async {
                let cancelled = self.outbox.cancel(id, &reason, self.clock.now()).await;
                cancelled.map_err(|error| refusal(error, id, "cancelled"))
            })
            .await
    }

    async fn change(&self, action: Action, id: DeliveryId) -> Result<Change, Refusal> {
        let found = self.outbox.find(id).await?;
        let delivery = found
            .ok_or_else(|| refusal(TransitionError::NotFound, id, "found"))?
            .delivery;
        let told = format!("{}, to {}", delivery.state.as_str(), delivery.recipient);
        Ok(Change::new(action, id.0).was(told))
    }
}

fn permit(actor: &Actor, id: DeliveryId) -> Result<(), Refusal> {
    actor
        .require(Role::Technician, "steering deliveries")
        .map_err(|_| Refusal::NotFound(format!("delivery {}", id.0)))
}

fn refusal(error: TransitionError, id: DeliveryId, wish: &str) -> Refusal {
    match error {
        TransitionError::NotFound => Refusal::NotFound(format!("delivery {}", id.0)),
        TransitionError::Illegal(state) => Refusal::Conflict(format!(
            "delivery {} is {} and cannot be {wish}",
            id.0,
            state.as_str()
        )),
        TransitionError::NoMessage => {
            Refusal::Conflict(format!("the message of delivery {} is no longer kept", id.0))
        }
        TransitionError::Store(error) => error.into(),
    }
}
