//! Reading deliveries and their messages: the desk's business, since a mail to somebody is a capability of theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Cause, Delivery, DeliveryId, State};
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::ticket::{TicketId, TicketNumber};
use recado_ports::channels::Channels;
use recado_ports::outbox::{DeliveryFilter, DeliveryHistory, Outbox};
use recado_ports::page::{Page, PageRequest};
use recado_ports::parameters::Parameters;
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};
use crate::trail::{Change, Trail};

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryQuery {
    /// Those in this state.
    pub state: Option<ShownState>,
    /// Those of this ticket.
    pub ticket: Option<TicketNumber>,
}

/// A state as it is shown: `held` in place of a waiting state while the row's channel is held or 297 is Y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownState {
    /// As stored.
    Stored(State),
    /// Waiting, and the channel is held.
    Held,
}

impl ShownState {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored(state) => state.as_str(),
            Self::Held => "held",
        }
    }

    /// The inverse of [`ShownState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        if text == "held" {
            Some(Self::Held)
        } else {
            State::parse(text).map(Self::Stored)
        }
    }
}

/// Which accounts are held at the moment.
#[derive(Debug, Clone, Default)]
pub struct HeldChannels {
    all: bool,
    accounts: Vec<AccountId>,
}

impl HeldChannels {
    /// Reads them.
    pub async fn read(parameters: &dyn Parameters, channels: &dyn Channels) -> Result<Self, Refusal> {
        let all = parameters
            .snapshot()
            .await?
            .values
            .is_on(Parameter::StopOutgoingMail);
        let accounts = channels
            .list()
            .await?
            .into_iter()
            .filter(|channel| channel.hold.is_some());
        Ok(Self {
            all,
            accounts: accounts.map(|channel| channel.account).collect(),
        })
    }

    /// The state to show for a row of an account.
    pub fn shown(&self, account: AccountId, state: State) -> ShownState {
        let held = self.all || self.accounts.contains(&account);
        if held && State::WAITING.contains(&state) {
            ShownState::Held
        } else {
            ShownState::Stored(state)
        }
    }

    fn any(&self) -> bool {
        self.all || !self.accounts.is_empty()
    }
}

/// A delivery with its attempts, for showing.
#[derive(Debug, Clone)]
pub struct ShownDelivery {
    /// The row.
    pub history: DeliveryHistory,
    /// Its state as shown.
    pub state: ShownState,
    /// Its ticket's number.
    pub ticket: Option<TicketNumber>,
}

/// Reads deliveries.
pub struct ReadDeliveries {
    /// Where they are.
    pub outbox: Arc<dyn Outbox>,
    /// For their tickets' numbers.
    pub tickets: Arc<dyn Tickets>,
    /// For 297.
    pub parameters: Arc<dyn Parameters>,
    /// For holds.
    pub channels: Arc<dyn Channels>,
    /// Tells who read a message.
    pub trail: Trail,
}

impl ReadDeliveries {
    /// Deliveries with their attempts, oldest first; the desk may.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &DeliveryQuery,
        page: &PageRequest,
    ) -> Result<Page<ShownDelivery>, Refusal> {
        actor.require(Role::Technician, "reading deliveries")?;
        let empty = Page {
            items: Vec::new(),
            next: None,
        };
        let ticket = match &query.ticket {
            None => None,
            Some(number) => match self.tickets.find(number).await? {
                Some(ticket) => Some(ticket.id),
                None => return Ok(empty),
            },
        };
        let held = self.held().await?;
        let states = match query.state {
            None => Vec::new(),
            Some(ShownState::Held) if held.any() => State::WAITING.to_vec(),
            Some(ShownState::Held) => return Ok(empty),
            Some(ShownState::Stored(state)) => vec![state],
        };
        let filter = DeliveryFilter {
            states,
            ticket,
            account: None,
        };
        let page = self.outbox.list(&filter, page).await?;
        let mut numbers = BTreeMap::new();
        let mut items = Vec::with_capacity(page.items.len());
        for delivery in page.items {
            let state = held.shown(delivery.account, delivery.state);
            if query.state.is_some_and(|wanted| wanted != state) {
                continue;
            }
            let ticket = self.number(delivery.ticket, &mut numbers).await?;
            items.push(ShownDelivery {
                history: self.history(delivery).await?,
                state,
                ticket,
            });
        }
        Ok(Page {
            items,
            next: page.next,
        })
    }

    /// One delivery with its attempts; the desk may.
    pub async fn find(&self, actor: &Actor, id: DeliveryId) -> Result<ShownDelivery, Refusal> {
        let missing = || Refusal::NotFound(format!("delivery {}", id.0));
        actor
            .require(Role::Technician, "reading deliveries")
            .map_err(|_| missing())?;
        let history = self.outbox.find(id).await?.ok_or_else(missing)?;
        let state = self
            .held()
            .await?
            .shown(history.delivery.account, history.delivery.state);
        let ticket = self.number(history.delivery.ticket, &mut BTreeMap::new()).await?;
        Ok(ShownDelivery {
            history,
            state,
            ticket,
        })
    }

    /// A delivery's message, as every attempt sends it; the desk may, and the trail tells who did. It is gone some time
    /// after it was sent. One with a link to sign in is its recipient's alone.
    pub async fn message(&self, actor: &Actor, id: DeliveryId) -> Result<Vec<u8>, Refusal> {
        let missing = || Refusal::NotFound(format!("the message of delivery {}", id.0));
        actor
            .require(Role::Technician, "reading messages")
            .map_err(|_| missing())?;
        let delivery = self.outbox.find(id).await?.ok_or_else(missing)?.delivery;
        if matches!(delivery.cause, Cause::SignIn(_)) {
            return Err(missing());
        }
        let (_, message) = self.outbox.messages(&[id]).await?.pop().ok_or_else(missing)?;
        let told = Change::new(Action::MessageRead, id.0).was(format!("to {}", delivery.recipient));
        self.trail.record(actor, told).await?;
        Ok(message)
    }

    /// Most rows of a list have never been tried, and cost no look-up.
    async fn history(&self, delivery: Delivery) -> Result<DeliveryHistory, Refusal> {
        let tried = if delivery.attempts == 0 {
            None
        } else {
            self.outbox.find(delivery.id).await?
        };
        Ok(tried.unwrap_or(DeliveryHistory {
            delivery,
            attempts: Vec::new(),
        }))
    }

    /// The accounts held at the moment.
    pub async fn held(&self) -> Result<HeldChannels, Refusal> {
        HeldChannels::read(&*self.parameters, &*self.channels).await
    }

    async fn number(
        &self,
        ticket: Option<TicketId>,
        known: &mut BTreeMap<TicketId, Option<TicketNumber>>,
    ) -> Result<Option<TicketNumber>, Refusal> {
        let Some(id) = ticket else { return Ok(None) };
        if let Some(number) = known.get(&id) {
            return Ok(number.clone());
        }
        let number = self.tickets.find_by_id(id).await?.map(|ticket| ticket.number);
        known.insert(id, number.clone());
        Ok(number)
    }
}
