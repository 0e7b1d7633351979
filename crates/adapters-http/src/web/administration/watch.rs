//! A test mail on its way: where it stands, and why it waits.

use jiff::SignedDuration;
use recado_app::read_deliveries::{ShownDelivery, ShownState};
use recado_domain::outbox::{DeliveryId, State};
use serde::Serialize;
use uuid::Uuid;

use crate::web::Shared;
use crate::web::refusal::WebRefusal;
use crate::web::visit::SignedIn;

/// What the page shows of a test mail.
#[derive(Serialize)]
pub(super) struct Watch {
    id: Uuid,
    state: &'static str,
    tone: &'static str,
    recipient: String,
    /// The server's words, or why the account is held.
    said: Option<String>,
    is_final: bool,
    /// The page that shows it.
    here: String,
    /// Whether there is a next step to go to.
    next: bool,
}

impl Watch {
    /// The page that shows it.
    pub(super) fn here(&self) -> &str {
        &self.here
    }
}

/// Looks a delivery up; nothing when the id is none, or nobody's.
pub(super) async fn find(
    shared: &Shared,
    visit: &SignedIn,
    id: Option<&str>,
    place: &str,
) -> Result<Option<Watch>, WebRefusal> {
    let Some(id) = id.and_then(|id| Uuid::parse_str(id).ok()) else {
        return Ok(None);
    };
    let found = shared
        .api
        .read_deliveries
        .find(visit.actor(), DeliveryId(id))
        .await;
    match found {
        Ok(shown) => watch(shared, visit, &shown, place).await.map(Some),
        Err(recado_app::access::Refusal::NotFound(_)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

async fn watch(
    shared: &Shared,
    visit: &SignedIn,
    shown: &ShownDelivery,
    place: &str,
) -> Result<Watch, WebRefusal> {
    let delivery = &shown.history.delivery;
    let said = match delivery.last_reply.clone() {
        None if delivery.state.is_active() => obstacle(shared, visit, shown).await?,
        said => said,
    };
    Ok(Watch {
        id: delivery.id.0,
        state: shown.state.as_str(),
        tone: tone(shown.state),
        recipient: delivery.recipient.to_string(),
        said,
        is_final: !delivery.state.is_active(),
        here: format!("{place}?watch={}", delivery.id.0),
        next: place == "/administration",
    })
}

/// So long a mail that nothing keeps back may take to leave.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(2);

/// Why a mail waits that nobody has tried to send: its account is held, or was in trouble when last used.
async fn obstacle(
    shared: &Shared,
    visit: &SignedIn,
    shown: &ShownDelivery,
) -> Result<Option<String>, WebRefusal> {
    let delivery = &shown.history.delivery;
    let channels = &shared.pages.administration.steer_channel;
    let channels = channels.list(visit.actor()).await?;
    let channel = channels
        .into_iter()
        .find(|channel| channel.account == delivery.account);
    let Some(channel) = channel else { return Ok(None) };
    if let Some(hold) = channel.hold {
        return Ok(Some(hold.detail).filter(|detail| !detail.is_empty()));
    }
    let waits = shared.options.clock.now().duration_since(delivery.created_at) > AT_ONCE;
    Ok(channel.last_fault.filter(|_| waits))
}

/// How a state looks.
pub(in crate::web) fn tone(state: ShownState) -> &'static str {
    match state {
        ShownState::Stored(State::Sent) => "good",
        ShownState::Stored(State::Dead) | ShownState::Held => "bad",
        ShownState::Stored(State::Cancelled) => "",
        ShownState::Stored(_) => "wait",
    }
}
