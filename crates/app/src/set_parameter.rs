//! Setting a parameter; it counts at once, with no restart.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::parameter::{Parameter, ValueKind};
use recado_domain::person::Role;
use recado_domain::template::Situation;
use recado_ports::parameters::{ParameterSnapshot, Parameters};
use recado_ports::templates::Templates;

use crate::access::{Actor, Refusal};
use crate::read_parameters::ParameterState;
use crate::trail::{Change, Trail};

/// Sets a parameter.
pub struct SetParameter {
    /// Where it goes.
    pub parameters: Arc<dyn Parameters>,
    /// For a warning about a template that is not there.
    pub templates: Arc<dyn Templates>,
    /// Tells of it.
    pub trail: Trail,
}

impl SetParameter {
    /// Sets a parameter, or returns it to its default; administrators may. Gives warnings: a template number that
    /// leads nowhere is stored, since the template may come later.
    pub async fn run(
        &self,
        actor: &Actor,
        parameter: Parameter,
        value: Option<&str>,
    ) -> Result<(ParameterState, Vec<String>), Refusal> {
        actor.require(Role::Administrator, "setting a parameter")?;
        let before = self.parameters.snapshot().await?;
        if before.pinned.contains(&parameter) {
            let message = format!(
                "{parameter} is pinned by the configuration file; change it there, or remove it there"
            );
            return Err(Refusal::Conflict(message));
        }
        let value = value.map(|value| parameter.normalize(value)).transpose();
        let value = value.map_err(|error| Refusal::field("value", with_cause(&error)))?;
        let told = |value: Option<&str>| value.map(|value| told(parameter, value));
        let change = Change::new(Action::ParameterSet, parameter.number())
            .was(told(before.values.set_value(parameter)))
            .becomes(told(value.as_deref()));
        self.trail
            .around(actor, change, async {
                self.parameters.set(parameter, value).await.map_err(Refusal::from)
            })
            .await?;
        let after = self.parameters.snapshot().await?;
        let warnings = self.warnings(parameter, &after).await?;
        Ok((ParameterState::of(parameter, &after), warnings))
    }

    async fn warnings(
        &self,
        parameter: Parameter,
        snapshot: &ParameterSnapshot,
    ) -> Result<Vec<String>, Refusal> {
        if parameter.kind() != ValueKind::Template {
            return Ok(Vec::new());
        }
        let Some(id) = snapshot.values.template(parameter) else {
            return Ok(Vec::new());
        };
        Ok(match self.templates.find(id).await? {
            None => vec![format!(
                "template {id} does not exist: nothing is sent until it does"
            )],
            Some(template) if template.situation == Situation::Inactive => {
                vec![format!(
                    "template {id} is inactive: nothing is sent until it is active"
                )]
            }
            Some(_) => Vec::new(),
        })
    }
}

/// A value for the trail; a secret's is not told.
fn told(parameter: Parameter, value: &str) -> String {
    if parameter.is_secret() {
        "(not shown)".to_owned()
    } else {
        value.to_owned()
    }
}

fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
