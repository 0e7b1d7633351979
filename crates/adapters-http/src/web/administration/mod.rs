//! The administration: what an operator sets up and looks after, in the browser.
//!
//! One module per page. What a visitor may do is the use cases' decision; whoever is no administrator finds nothing
//! here. A change that cannot be undone asks first, on a page of its own, so that it does without scripts too.

mod progress;
mod values;
mod watch;

mod overview;

mod accounts;
mod parameters;
mod templates;

mod mails;
mod outbox;

mod groups;
mod people;
mod tokens;

mod audit;

use axum::response::Response;
use recado_app::add_user::AddUser;
use recado_app::create_token::CreateToken;
use recado_app::diagnose::Diagnose;
use recado_app::manage_people::ManagePeople;
use recado_app::manage_template_images::ManageTemplateImages;
use recado_app::read_audit::ReadAudit;
use recado_app::read_outbox::ReadOutbox;
use recado_app::show_mail::ShowMail;
use recado_app::steer_channel::SteerChannel;
use recado_app::try_accounts::TryAccounts;
use serde::{Deserialize, Serialize};

use super::routes::Routes;
use super::visit::Visit;
pub(super) use watch::tone;

/// The use cases of the administration, and of the desk's quarantine and deliveries, beside the API's.
#[expect(missing_docs, reason = "each field is the use case that its type documents")]
pub struct Administration {
    pub diagnose: Diagnose,
    pub try_accounts: TryAccounts,
    pub read_outbox: ReadOutbox,
    pub steer_channel: SteerChannel,
    pub show_mail: ShowMail,
    pub template_images: ManageTemplateImages,
    pub manage_people: ManagePeople,
    pub add_user: AddUser,
    pub create_token: CreateToken,
    pub read_audit: ReadAudit,
}

/// Every route below `/administration`.
pub(super) fn routes() -> Routes {
    Routes::new()
        .with(overview::routes())
        .with(accounts::routes())
        .with(parameters::routes())
        .with(templates::routes())
        .with(outbox::routes())
        .with(mails::routes())
        .with(people::routes())
        .with(groups::routes())
        .with(tokens::routes())
        .with(audit::routes())
}

/// A page, and the section of the administration that it belongs to.
#[derive(Serialize)]
struct Within<T> {
    section: &'static str,
    #[serde(flatten)]
    page: T,
}

impl<T> Within<T> {
    fn new(section: &'static str, page: T) -> Self {
        Self { section, page }
    }
}

/// The cursor in a query.
#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

/// A form with nothing in it but a button, and the answer to "sure?" when it was asked.
#[derive(Deserialize)]
pub(super) struct Sure {
    sure: Option<String>,
}

impl Sure {
    /// Whether the question was put and answered.
    pub(super) fn is_sure(&self) -> bool {
        self.sure.as_deref() == Some("Y")
    }
}

/// The question before a change that cannot be undone. The strings' keys are `ask-`, `why-`, `do-` with `question`.
#[derive(Serialize)]
struct Confirmation<'a> {
    question: &'static str,
    /// What it is about.
    name: &'a str,
    /// Where a yes goes.
    action: &'a str,
    /// Where a no goes.
    back: &'a str,
}

impl Confirmation<'_> {
    fn ask(self, visit: &Visit, section: &'static str, title: &'static str) -> Response {
        visit.page("administration/confirm.html", title, Within::new(section, self))
    }
}
