//! Showing what a template makes of a ticket, without sending anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::person::{Party, Role};
use recado_domain::template::{Rendered, StoredTemplate, TemplateId};
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_ports::clock::Clock;
use recado_ports::renderer::Renderer;
use recado_ports::templates::Templates;
use recado_ports::tickets::Tickets;
use uuid::Uuid;

use crate::access::{Actor, Refusal};
use crate::letter;
use crate::put_template::NewTemplate;
use crate::settings::MessagingSettings;
use crate::view_link::{self, Signer};

/// Previews a template.
pub struct PreviewTemplate {
    /// Where the template is.
    pub templates: Arc<dyn Templates>,
    /// Where the ticket is.
    pub tickets: Arc<dyn Tickets>,
    /// Fills it in.
    pub renderer: Arc<dyn Renderer>,
    /// Dates the comment that is pretended.
    pub clock: Arc<dyn Clock>,
    /// What the configuration decides.
    pub settings: Arc<MessagingSettings>,
}

impl PreviewTemplate {
    /// Renders a template with a ticket's data, or a sample's, and a text as the comment's; administrators may.
    /// The comment's author is the ticket's requester.
    pub async fn run(
        &self,
        actor: &Actor,
        id: TemplateId,
        number: Option<&TicketNumber>,
        text: Option<&str>,
    ) -> Result<Rendered, Refusal> {
        actor.require(Role::Administrator, "previewing a template")?;
        let template = self
            .templates
            .find(id)
            .await?
            .ok_or_else(|| Refusal::NotFound(format!("template {id}")))?;
        self.show(&template, number, text).await
    }

    /// The same for a template that is still being written; nothing of it is stored.
    pub async fn draft(
        &self,
        actor: &Actor,
        new: NewTemplate,
        number: Option<&TicketNumber>,
        text: Option<&str>,
    ) -> Result<Rendered, Refusal> {
        actor.require(Role::Administrator, "previewing a template")?;
        self.show(&new.stored(self.clock.now()), number, text).await
    }

    async fn show(
        &self,
        template: &StoredTemplate,
        number: Option<&TicketNumber>,
        text: Option<&str>,
    ) -> Result<Rendered, Refusal> {
        let now = self.clock.now();
        let ticket = match number {
            None => sample(now),
            Some(number) => {
                let found = self.tickets.find(number).await?;
                found.ok_or_else(|| Refusal::NotFound(format!("ticket {number}")))?
            }
        };
        rendered(
            &*self.renderer,
            template,
            &ticket,
            text.unwrap_or(SAMPLE_TEXT),
            now,
            &self.settings,
        )
    }
}

const SAMPLE_TEXT: &str = "La impresora se atasca otra vez.\nSolo con la bandeja 2.";

/// Renders a template for a look at it: a failure is told, not covered by the built-in one.
pub(crate) fn rendered(
    renderer: &dyn Renderer,
    template: &StoredTemplate,
    ticket: &Ticket,
    text: &str,
    now: Timestamp,
    settings: &MessagingSettings,
) -> Result<Rendered, Refusal> {
    let locale = letter::locale(Some(ticket), template, settings);
    let values = letter::values(ticket, &ticket.requester, text, now, locale, settings);
    let base = &settings.public_url;
    let values = view_link::with_links(values, template, ticket, base, Signer::Nobody, now);
    renderer
        .render(template, &values)
        .map_err(|error| Refusal::field("template", format!("{error}: {}", error.source)))
}

/// A ticket to try templates with.
pub(crate) fn sample(now: Timestamp) -> Ticket {
    let party = |name, email| Party::parse(name, email).expect("the sample is valid");
    Ticket {
        id: TicketId(Uuid::nil()),
        number: TicketNumber::parse("4711").expect("the sample is valid"),
        title: "Impresora atascada".to_owned(),
        requester: party("Ana Peña", "ana@example.com"),
        responsible: Some(party("Tomás Técnico", "tomas@example.com")),
        group: None,
        status: TicketStatus::Open,
        contract: None,
        locale: None,
        watchers: Vec::new(),
        attributes: BTreeMap::new(),
        version: Version(1),
        created_at: now,
        updated_at: now,
        closed_at: None,
        follows: None,
    }
}
