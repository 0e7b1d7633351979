//! Sending a template to somebody, to see how it arrives.

use std::sync::Arc;

use recado_domain::outbox::{Cause, DeliveryId};
use recado_domain::person::{EmailAddress, Party, PersonName, Role};
use recado_domain::template::TemplateId;
use recado_domain::token::Keyring;
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::mail::{Automatic, Composer};
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::renderer::Renderer;
use recado_ports::templates::{TemplateImages, Templates};

use crate::access::{Actor, Refusal};
use crate::letter::{self, Desk, Letter};
use crate::preview_template::{rendered, sample};
use crate::settings::MessagingSettings;

/// Sends a test of a template.
pub struct TestTemplate {
    /// Where the template is.
    pub templates: Arc<dyn Templates>,
    /// Where its pictures are.
    pub images: Arc<dyn TemplateImages>,
    /// For the sender.
    pub parameters: Arc<dyn Parameters>,
    /// Where the mail goes.
    pub outbox: Arc<dyn Outbox>,
    /// Fills the template in.
    pub renderer: Arc<dyn Renderer>,
    /// Makes the mail.
    pub composer: Arc<dyn Composer>,
    /// Dates it.
    pub clock: Arc<dyn Clock>,
    /// Names it.
    pub ids: Arc<dyn Ids>,
    /// Signs its Message-ID.
    pub keyring: Arc<Keyring>,
    /// What the configuration decides.
    pub settings: Arc<MessagingSettings>,
}

impl TestTemplate {
    /// Queues the template, filled with a sample, to one address; administrators may. Gives the delivery to watch.
    pub async fn run(&self, actor: &Actor, id: TemplateId, to: EmailAddress) -> Result<DeliveryId, Refusal> {
        actor.require(Role::Administrator, "testing a template")?;
        let template = self
            .templates
            .find(id)
            .await?
            .ok_or_else(|| Refusal::NotFound(format!("template {id}")))?;
        let now = self.clock.now();
        let ticket = sample(now);
        let text = "Prueba de la plantilla · Teste do modelo · Template test";
        let rendered = rendered(&*self.renderer, &template, &ticket, text, now, &self.settings)?;
        let letter = Letter {
            cause: Cause::Test(self.ids.next()),
            ticket: None,
            author: None,
            rendered: &rendered,
            images: letter::images(&*self.images, template.id, &rendered).await?,
            attachments: Vec::new(),
            automatic: Automatic::Generated,
            created_at: now,
            due_at: now,
        };
        let parameters = self.parameters.snapshot().await?.values;
        let desk = Desk {
            composer: &*self.composer,
            ids: &*self.ids,
            keyring: &self.keyring,
            parameters: &parameters,
            settings: &self.settings,
        };
        let recipient = Party {
            name: PersonName::parse("").expect("a name may be empty"),
            email: to,
        };
        let delivery = desk.write(&letter, &recipient, &[]).map_err(|error| {
            Refusal::Internal("the test mail cannot be composed".to_owned(), Box::new(error))
        })?;
        let id = delivery.id;
        self.outbox.enqueue(vec![delivery]).await?;
        Ok(id)
    }
}
