//! Looking after outgoing accounts: which are held and why, and ending a hold.

use std::sync::Arc;

use recado_domain::channel::{AccountId, HoldReason};
use recado_domain::person::Role;
use recado_ports::channels::{Channel, Channels};
use recado_ports::store::StoreError;

use crate::access::{Actor, Refusal};

/// Steers channels.
pub struct SteerChannel {
    /// Where they are.
    pub channels: Arc<dyn Channels>,
}

impl SteerChannel {
    /// Every account with its state; the desk may.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Channel>, Refusal> {
        actor.require(Role::Technician, "reading channels")?;
        Ok(known(&*self.channels).await?)
    }

    /// Ends a hold, whatever its reason, and tries the account at once; `false` when there was none. Administrators may.
    pub async fn release(&self, actor: &Actor, account: AccountId) -> Result<bool, Refusal> {
        actor.require(Role::Administrator, "releasing a channel")?;
        let released = self.channels.release(account, &HoldReason::ALL).await?;
        self.channels.nudge(account).await?;
        Ok(released)
    }
}

/// Every account that was ever used, and the default one always.
pub(crate) async fn known(channels: &dyn Channels) -> Result<Vec<Channel>, StoreError> {
    let mut known = channels.list().await?;
    if !known.iter().any(|channel| channel.account == AccountId::DEFAULT) {
        known.insert(0, channels.find(AccountId::DEFAULT).await?);
    }
    Ok(known)
}
