//! What a comment would do before it is written: who would be told, and as what it may be written. So that nobody
//! writes to people that they do not know of.

use std::sync::Arc;

use recado_domain::audience;
use recado_domain::comment::Visibility;
use recado_domain::parameter::Parameter;
use recado_domain::person::{Party, Role};
use recado_domain::ticket::Ticket;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;

use crate::access::{Actor, Refusal};
use crate::letter;
use crate::settings::MessagingSettings;

/// What a comment would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foresight {
    /// Whom a public comment goes to, muting and suppression aside: empty while the
    /// service is off (417 unset, or 299 = N).
    pub public: Vec<Party>,
    /// Whom an internal one goes to; `None` for whoever may not write one.
    pub internal: Option<Vec<Party>>,
    /// Whether a note on the request may be written beside a message: where a template of its own makes it something
    /// else (253 for requesters, while 252 is Y; 251 for the desk).
    pub notes: bool,
}

/// Foresees what a comment would do.
pub struct ForeseeComment {
    /// For the parameters that decide.
    pub parameters: Arc<dyn Parameters>,
    /// For who is a technician.
    pub people: Arc<dyn People>,
    /// For the desk's own address.
    pub settings: Arc<MessagingSettings>,
}

impl ForeseeComment {
    /// What a comment by this actor on this ticket would do.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a ticket that the actor does not see.
    pub async fn run(&self, actor: &Actor, ticket: &Ticket) -> Result<Foresight, Refusal> {
        let author = actor
            .party()
            .filter(|_| actor.sees(ticket))
            .map(|party| &party.email)
            .ok_or_else(|| Refusal::NotFound(format!("ticket {}", ticket.number)))?;
        let values = self.parameters.snapshot().await?.values;
        let is_on = values.is_on(Parameter::MessageExchange)
            && values.template(Parameter::MessagingTemplate).is_some();
        let mut asked = letter::addresses(&ticket.watchers);
        asked.push(author.clone());
        let technicians = self.people.technicians(&asked).await?;
        let desk = self.settings.desk.as_ref();
        let told = |visibility| {
            if is_on {
                audience::recipients(ticket, author, visibility, &technicians, desk)
            } else {
                Vec::new()
            }
        };
        let is_requester = actor.role() < Role::Technician;
        Ok(Foresight {
            public: told(Visibility::Public),
            internal: actor.sees_internal(ticket).then(|| told(Visibility::Internal)),
            notes: if is_requester {
                values.is_on(Parameter::RequesterNotes)
                    && values.template(Parameter::RequesterNoteTemplate).is_some()
            } else {
                values.template(Parameter::DeskNoteTemplate).is_some()
            },
        })
    }
}
