//! Looking after outgoing accounts: which are held and why, and ending a hold.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::channel::{AccountId, HoldReason};
use recado_domain::person::Role;
use recado_ports::channels::{Channel, Channels, Hold};
use recado_ports::store::StoreError;

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Steers channels.
pub struct SteerChannel {
    /// Where they are.
    pub channels: Arc<dyn Channels>,
    /// Tells who paused and released them.
    pub trail: Trail,
}

impl SteerChannel {
    /// Every account with its state; the desk may.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Channel>, Refusal> {
        actor.require(Role::Technician, "reading channels")?;
        Ok(known(&*self.channels).await?)
    }

    /// Holds an account until somebody releases it: what is written is taken in, and no mail leaves. An account held for
    /// what a restart found stays so. Gives the account as it stands then. Administrators may.
    pub async fn pause(&self, actor: &Actor, account: AccountId) -> Result<Channel, Refusal> {
        actor.require(Role::Administrator, "pausing a channel")?;
        let by = actor.party().map_or("the operator", |party| party.email.as_str());
        let hold = Hold {
            reason: HoldReason::Operator,
            detail: format!("paused by {by}"),
            since: self.trail.clock.now(),
        };
        let before = self.channels.find(account).await?.hold;
        let change = Change::new(Action::ChannelPaused, account).was(before.as_ref().map(described));
        let pausing = async { Ok::<_, Refusal>(self.channels.hold(account, &hold).await?) };
        self.trail.around(actor, change, pausing).await?;
        Ok(self.channels.find(account).await?)
    }

    /// Ends a hold, whatever its reason, and tries the account at once; `false` when there was none. Administrators may.
    pub async fn release(&self, actor: &Actor, account: AccountId) -> Result<bool, Refusal> {
        actor.require(Role::Administrator, "releasing a channel")?;
        let before = self.channels.find(account).await?.hold;
        let change = Change::new(Action::ChannelReleased, account).was(before.as_ref().map(described));
        let releasing = async {
            let released = self.channels.release(account, &HoldReason::ALL).await?;
            self.channels.nudge(account).await?;
            Ok(released)
        };
        self.trail.around(actor, change, releasing).await
    }
}

fn described(hold: &Hold) -> String {
    format!("{}: {}", hold.reason, hold.detail)
}

/// Every account that was ever used, and the default one always.
pub(crate) async fn known(channels: &dyn Channels) -> Result<Vec<Channel>, StoreError> {
    let mut known = channels.list().await?;
    if !known.iter().any(|channel| channel.account == AccountId::DEFAULT) {
        known.insert(0, channels.find(AccountId::DEFAULT).await?);
    }
    Ok(known)
}
