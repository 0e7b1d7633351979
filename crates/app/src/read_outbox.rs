//! The outbox at a glance: how much waits, since when, and what holds it up.

use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::outbox::State;
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_ports::channels::{Channel, Channels};
use recado_ports::outbox::{Outbox, QueueDepth};
use recado_ports::parameters::Parameters;

use crate::access::{Actor, Refusal};

/// Whether parameter 297 lets mail out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlet {
    /// It does.
    Open,
    /// It stops all mail.
    Stopped,
}

/// The state of the outbox.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Rows by account and state; sent and cancelled ones are not counted.
    pub depth: Vec<QueueDepth>,
    /// Every account, with its hold and its last fault. The default one is always among them.
    pub channels: Vec<Channel>,
    /// Parameter 297.
    pub outlet: Outlet,
}

impl Overview {
    /// How many rows are in one of these states.
    pub fn count(&self, states: &[State]) -> u64 {
        let counted = self.depth.iter().filter(|depth| states.contains(&depth.state));
        counted.map(|depth| depth.count).sum()
    }

    /// When the oldest mail that waits was stored.
    pub fn oldest_waiting(&self) -> Option<Timestamp> {
        let waiting = self.depth.iter().filter(|depth| depth.state.is_active());
        waiting.map(|depth| depth.oldest).min()
    }
}

/// Reads the state of the outbox.
pub struct ReadOutbox {
    /// Where the mails wait.
    pub outbox: Arc<dyn Outbox>,
    /// For holds.
    pub channels: Arc<dyn Channels>,
    /// For 297.
    pub parameters: Arc<dyn Parameters>,
}

impl ReadOutbox {
    /// How the outbox stands now; the desk may.
    pub async fn overview(&self, actor: &Actor) -> Result<Overview, Refusal> {
        actor.require(Role::Technician, "reading the outbox")?;
        let stopped = self
            .parameters
            .snapshot()
            .await?
            .values
            .is_on(Parameter::StopOutgoingMail);
        Ok(Overview {
            depth: self.outbox.depth().await?,
            channels: crate::steer_channel::known(&*self.channels).await?,
            outlet: if stopped { Outlet::Stopped } else { Outlet::Open },
        })
    }
}
