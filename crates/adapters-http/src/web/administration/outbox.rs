//! Outgoing mail at a glance: how much waits and why, the accounts, and the addresses that get none.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use recado_app::read_deliveries::ShownState;
use recado_app::read_outbox::{Outlet, Overview};
use recado_domain::channel::AccountId;
use recado_domain::outbox::State as MailState;
use recado_domain::person::EmailAddress;
use recado_ports::channels::{Channel, Hold};
use recado_ports::suppressions::Suppression;
use serde::{Deserialize, Serialize};

use super::progress::AccountFacts;
use super::watch::tone;
use super::{After, Sure, Within};
use crate::api::List;
use crate::web::form::Form;
use crate::web::page::see_other_with;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::SignedInAdministrator;
use crate::web::{Shared, paging};

const HERE: &str = "/administration/outbox";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/outbox", show)
        .post("/administration/outbox/lift", lift)
        .post("/administration/outbox/{account}/pause", pause)
        .post("/administration/outbox/{account}/release", release)
}

#[derive(Serialize)]
struct Page {
    oldest: Option<Timestamp>,
    /// Whether 297 stops all mail.
    is_stopped: bool,
    counts: Vec<InState>,
    channels: Vec<ChannelView>,
    suppressions: Vec<SuppressionView>,
    next: Option<String>,
}

#[derive(Serialize)]
struct InState {
    state: &'static str,
    count: u64,
    tone: &'static str,
}

#[derive(Serialize)]
struct ChannelView {
    account: u32,
    server: Option<String>,
    hold: Option<HoldView>,
    last_fault: Option<String>,
    depth: Vec<InState>,
}

#[derive(Serialize)]
struct HoldView {
    reason: &'static str,
    detail: String,
    since: Timestamp,
    is_probed: bool,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self {
            reason: hold.reason.as_str(),
            is_probed: hold.reason.is_probed(),
            detail: hold.detail,
            since: hold.since,
        }
    }
}

#[derive(Serialize)]
struct SuppressionView {
    address: String,
    reason: String,
    until: Timestamp,
}

impl From<Suppression> for SuppressionView {
    fn from(suppression: Suppression) -> Self {
        Self {
            address: suppression.address.to_string(),
            reason: suppression.reason,
            until: suppression.until,
        }
    }
}

/// The states that a person looks after, those that end well aside. A mail that is leaving has one word for both of its.
const STATES: [&[MailState]; 5] = [
    &[MailState::Ready],
    &[MailState::Sending, MailState::Leased],
    &[MailState::Retry],
    &[MailState::Unsure],
    &[MailState::Dead],
];

fn count(state: MailState, count: u64) -> InState {
    InState {
        state: state.as_str(),
        count,
        tone: if count == 0 {
            ""
        } else {
            tone(ShownState::Stored(state))
        },
    }
}

async fn show(
    State(shared): State<Shared>,
    Query(query): Query<After>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let cases = &shared.pages.administration;
    let overview = cases.read_outbox.overview(visit.actor()).await?;
    let request = paging::request(List::Suppressions, query.after.as_deref())?;
    let suppressions = shared.api.steer_suppression.list(visit.actor(), &request).await?;
    let facts = AccountFacts::read(&shared, &visit).await?;
    let page = Page {
        oldest: overview.oldest_waiting(),
        is_stopped: overview.outlet == Outlet::Stopped,
        counts: STATES
            .map(|states| count(states[0], overview.count(states)))
            .into(),
        channels: overview
            .channels
            .iter()
            .map(|channel| view(channel, &overview, &facts))
            .collect(),
        next: paging::next(List::Suppressions, HERE, &[], suppressions.next.as_deref()),
        suppressions: suppressions.items.into_iter().map(Into::into).collect(),
    };
    Ok(visit.page(
        "administration/outbox.html",
        "outbox-title",
        Within::new("outbox", page),
    ))
}

fn view(channel: &Channel, overview: &Overview, facts: &AccountFacts) -> ChannelView {
    let of_account = overview
        .depth
        .iter()
        .filter(|depth| depth.account == channel.account);
    ChannelView {
        account: channel.account.0,
        // The parameters describe the default account alone.
        server: facts
            .server()
            .filter(|_| channel.account == AccountId::DEFAULT)
            .map(ToOwned::to_owned),
        hold: channel.hold.clone().map(Into::into),
        last_fault: channel.last_fault.clone(),
        depth: of_account
            .filter(|depth| depth.count > 0)
            .map(|depth| count(depth.state, depth.count))
            .collect(),
    }
}

fn account(text: &str) -> Result<AccountId, WebRefusal> {
    text.parse().map(AccountId).map_err(|_| WebRefusal::NotFound)
}

async fn pause(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    Form(visit, _): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let steer = &shared.pages.administration.steer_channel;
    steer.pause(visit.actor(), account(&number)?).await?;
    Ok(see_other_with(HERE, "flash-paused"))
}

async fn release(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    Form(visit, _): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let steer = &shared.pages.administration.steer_channel;
    steer.release(visit.actor(), account(&number)?).await?;
    Ok(see_other_with(HERE, "flash-released"))
}

#[derive(Deserialize)]
struct Lift {
    address: String,
}

async fn lift(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, Lift>,
) -> Result<Response, WebRefusal> {
    let address = EmailAddress::parse(&form.address).map_err(|_| WebRefusal::NotFound)?;
    shared.api.steer_suppression.lift(visit.actor(), &address).await?;
    Ok(see_other_with(
        "/administration/outbox#suppressions",
        "flash-lifted",
    ))
}
