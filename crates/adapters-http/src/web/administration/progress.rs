//! How far an installation has come on its way to the first mail: account, test, template, 417, done.

use recado_app::read_deliveries::{DeliveryQuery, ShownState};
use recado_app::read_parameters::ParameterState;
use recado_app::settings::WayOut;
use recado_domain::outbox::{Cause, State};
use recado_domain::parameter::Parameter;
use recado_domain::template::{Severity, Situation, StoredTemplate, TemplateId};
use recado_ports::page::PageRequest;
use serde::Serialize;

use crate::web::Shared;
use crate::web::refusal::WebRefusal;
use crate::web::visit::SignedIn;

/// A step, and whether it is done.
#[derive(Serialize)]
pub(super) struct Step {
    name: &'static str,
    /// `done`, `now` for the first that is not, `later` for the rest.
    state: &'static str,
}

/// Where mail comes from and goes through.
#[derive(Serialize)]
pub(super) struct AccountFacts {
    address: Option<String>,
    /// None when mail is written to files.
    server: Option<String>,
}

impl AccountFacts {
    /// Reads them alone.
    pub(super) async fn read(shared: &Shared, visit: &SignedIn) -> Result<Self, WebRefusal> {
        let states = shared.api.read_parameters.list(visit.actor()).await?;
        Ok(Self::of(shared, &states))
    }

    fn of(shared: &Shared, states: &[ParameterState]) -> Self {
        let is_files = shared.pages.settings.way_out == WayOut::Files;
        Self {
            address: value(states, Parameter::FromAddress),
            server: value(states, Parameter::SmtpHost).filter(|_| !is_files),
        }
    }

    /// The server's name.
    pub(super) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }
}

/// How far it has come.
pub(super) struct Progress {
    pub(super) steps: Vec<Step>,
    pub(super) account: AccountFacts,
    /// Those that could serve.
    pub(super) templates: Vec<StoredTemplate>,
    /// 417's, when it could serve.
    pub(super) in_use: Option<TemplateId>,
}

impl Progress {
    /// Looks.
    pub(super) async fn read(shared: &Shared, visit: &SignedIn) -> Result<Self, WebRefusal> {
        let states = shared.api.read_parameters.list(visit.actor()).await?;
        let is_files = shared.pages.settings.way_out == WayOut::Files;
        let account = AccountFacts::of(shared, &states);
        let mut templates = shared.api.read_templates.list(visit.actor()).await?;
        templates.retain(can_serve);
        let in_use = value(&states, Parameter::MessagingTemplate)
            .and_then(|id| TemplateId::parse(&id).ok())
            .filter(|id| templates.iter().any(|template| template.id == *id));
        let sent = Sent::read(shared, visit).await?;
        let done = [
            (
                "account",
                account.address.is_some() && (is_files || account.server.is_some()),
            ),
            ("test", sent.any),
            ("template", !templates.is_empty()),
            ("switch", in_use.is_some()),
            ("mail", sent.message),
        ];
        let now = done.iter().position(|(_, done)| !done);
        let state = |at: usize, done| match now {
            _ if done => "done",
            Some(now) if now == at => "now",
            _ => "later",
        };
        let steps = done
            .into_iter()
            .enumerate()
            .map(|(at, (name, done))| Step {
                name,
                state: state(at, done),
            })
            .collect();
        Ok(Self {
            steps,
            account,
            templates,
            in_use,
        })
    }

    /// Whether nothing is left to do.
    pub(super) fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.state == "done")
    }
}

fn value(states: &[ParameterState], parameter: Parameter) -> Option<String> {
    let state = states.iter().find(|state| state.parameter == parameter)?;
    state.value.clone()
}

fn can_serve(template: &StoredTemplate) -> bool {
    let faults = template.source().check();
    template.situation == Situation::Active && faults.iter().all(|fault| fault.severity < Severity::Error)
}

/// What servers have taken.
struct Sent {
    /// Any mail: the account works.
    any: bool,
    /// A mail about a ticket, or a second test: the first one tried the account, without a template.
    message: bool,
}

impl Sent {
    async fn read(shared: &Shared, visit: &SignedIn) -> Result<Self, WebRefusal> {
        let query = DeliveryQuery {
            state: Some(ShownState::Stored(State::Sent)),
            ticket: None,
        };
        let reading = &shared.api.read_deliveries;
        let first = reading
            .list(visit.actor(), &query, &PageRequest::default())
            .await?;
        let causes: Vec<_> = first
            .items
            .iter()
            .map(|shown| shown.history.delivery.cause)
            .collect();
        let tests = causes.iter().filter(|cause| matches!(cause, Cause::Test(_)));
        Ok(Self {
            any: !causes.is_empty(),
            message: tests.count() > 1
                || causes
                    .iter()
                    .any(|cause| matches!(cause, Cause::Comment(_) | Cause::Acknowledgement(_))),
        })
    }
}
