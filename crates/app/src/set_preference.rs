//! What people choose for themselves: language, time zone, password, and what they want no mail about.

use std::sync::Arc;

use jiff::SignedDuration;
use recado_domain::person::EmailAddress;
use recado_domain::preference::{Muting, Preference};
use recado_domain::ticket::{TicketId, TicketNumber};
use recado_ports::accounts::{AccountChange, Accounts, ChangeAccountError};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::preferences::Preferences;
use recado_ports::sessions::Sessions;
use recado_ports::tickets::Tickets;
use secrecy::SecretString;
use uuid::Uuid;

use crate::access::{Actor, Refusal};
use crate::passwords::{self, NewPassword};
use crate::read_tickets::ReadTickets;

/// How long a page counts as open after it last said so.
const SHOWN_FOR: SignedDuration = SignedDuration::from_secs(45);

/// Keeps people's choices.
pub struct SetPreference {
    /// Where they are.
    pub preferences: Arc<dyn Preferences>,
    /// Where passwords are.
    pub accounts: Arc<dyn Accounts>,
    /// Where sessions end when a password changes.
    pub sessions: Arc<dyn Sessions>,
    /// Where tickets are found.
    pub tickets: Arc<dyn Tickets>,
    /// Tells how long a page counts as open.
    pub clock: Arc<dyn Clock>,
    /// Salts passwords.
    pub ids: Arc<dyn Ids>,
}

impl SetPreference {
    /// One's own choices.
    pub async fn preference(&self, actor: &Actor) -> Result<Preference, Refusal> {
        Ok(self.preferences.find(address(actor)?).await?)
    }

    /// Stores one's own choices.
    pub async fn put(&self, actor: &Actor, preference: &Preference) -> Result<(), Refusal> {
        Ok(self.preferences.put(address(actor)?, preference).await?)
    }

    /// Whether one signs in by password.
    pub async fn has_password(&self, actor: &Actor) -> Result<bool, Refusal> {
        Ok(self.kept_password(actor).await?.is_some())
    }

    /// Sets one's own password, and ends one's other sessions. `current` is the one until now; it does not count while
    /// there is none.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the field `current` when that is wrong, for `new` when it cannot be one.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: SecretString,
        new: SecretString,
    ) -> Result<(), Refusal> {
        let (user, session) = actor.account("a password")?;
        let new = NewPassword::parse(new).map_err(|error| Refusal::field("new", error))?;
        let kept = self.kept_password(actor).await?;
        if kept.is_some() && !passwords::verify(current, kept).await? {
            return Err(Refusal::field("current", "is not the password"));
        }
        let change = AccountChange {
            password_hash: Some(Some(passwords::hash(new, &*self.ids).await?)),
            ..AccountChange::default()
        };
        // Before too: a fault behind the change must not leave them open.
        self.sessions.end_all(user.id, Some(session)).await?;
        match self.accounts.change_account(user.id, &change).await {
            Ok(_) => {}
            Err(ChangeAccountError::Store(error)) => return Err(error.into()),
            Err(error @ (ChangeAccountError::NotFound | ChangeAccountError::LastAdministrator)) => {
                return Err(Refusal::Conflict(error.to_string()));
            }
        }
        self.sessions.end_all(user.id, Some(session)).await?;
        tracing::info!(user = %user.id.0, "somebody changed their password");
        Ok(())
    }

    /// Stores whether one wants mail about a ticket.
    pub async fn mute(&self, actor: &Actor, number: &TicketNumber, muting: Muting) -> Result<(), Refusal> {
        let ticket = self.ticket(actor, number).await?;
        Ok(self.preferences.mute(address(actor)?, ticket, muting).await?)
    }

    /// Whether one wants mail about a ticket.
    pub async fn muting(&self, actor: &Actor, number: &TicketNumber) -> Result<Muting, Refusal> {
        let ticket = self.ticket(actor, number).await?;
        Ok(self.preferences.muting(address(actor)?, ticket).await?)
    }

    /// Notes that a ticket's page is open in front of somebody, for 45 seconds: a page that is closed without a word
    /// keeps no mail back for longer. `page` is a name that the page gave itself.
    pub async fn page_shown(&self, actor: &Actor, page: Uuid, number: &TicketNumber) -> Result<(), Refusal> {
        let ticket = self.ticket(actor, number).await?;
        let until = self.clock.now() + SHOWN_FOR;
        Ok(self
            .preferences
            .show_page(page, address(actor)?, ticket, until)
            .await?)
    }

    /// Notes that a page is closed, or out of sight.
    pub async fn page_closed(&self, page: Uuid) -> Result<(), Refusal> {
        Ok(self.preferences.close_page(page).await?)
    }

    /// A ticket that the actor may see.
    async fn ticket(&self, actor: &Actor, number: &TicketNumber) -> Result<TicketId, Refusal> {
        let tickets = self.tickets.clone();
        Ok(ReadTickets { tickets }.find(actor, number).await?.id)
    }

    async fn kept_password(&self, actor: &Actor) -> Result<Option<String>, Refusal> {
        let kept = self.accounts.password(address(actor)?).await?;
        Ok(kept.and_then(|(_, kept)| kept))
    }
}

fn address(actor: &Actor) -> Result<&EmailAddress, Refusal> {
    let (user, _) = actor.account("a preference")?;
    Ok(&user.party.email)
}
