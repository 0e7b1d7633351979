//! A test mail on its way: where it stands, and why it waits.

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
    let mut said = delivery.last_reply.clone();
    if shown.state == ShownState::Held {
        let channels = shared
            .pages
            .administration
            .steer_channel
            .list(visit.actor())
            .await?;
        let channel = channels
            .into_iter()
            .find(|channel| channel.account == delivery.account);
        said = channel
            .and_then(|channel| channel.hold)
            .map(|hold| hold.detail)
            .filter(|detail| !detail.is_empty())
            .or(said);
    }
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

/// How a state looks.
pub(in crate::web) fn tone(state: ShownState) -> &'static str {
    match state {
        ShownState::Stored(State::Sent) => "good",
        ShownState::Stored(State::Dead) | ShownState::Held => "bad",
        ShownState::Stored(State::Cancelled) => "",
        ShownState::Stored(_) => "wait",
    }
}
