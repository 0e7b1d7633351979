//! Reading parameters. A secret's value is never among what is read.

use std::sync::Arc;

use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_ports::parameters::{ParameterSnapshot, Parameters};

use crate::access::{Actor, Refusal};

/// A parameter, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterState {
    /// Which.
    pub parameter: Parameter,
    /// The value set; `None` when unset, and always for a secret.
    pub value: Option<String>,
    /// Whether a value is set.
    pub is_set: bool,
    /// Whether the configuration pins it.
    pub is_pinned: bool,
}

impl ParameterState {
    pub(crate) fn of(parameter: Parameter, snapshot: &ParameterSnapshot) -> Self {
        let value = snapshot.values.set_value(parameter);
        Self {
            parameter,
            is_set: value.is_some(),
            value: value.filter(|_| !parameter.is_secret()).map(ToOwned::to_owned),
            is_pinned: snapshot.pinned.contains(&parameter),
        }
    }
}

/// Reads parameters.
pub struct ReadParameters {
    /// Where they are.
    pub parameters: Arc<dyn Parameters>,
}

impl ReadParameters {
    /// All of them, by number; administrators may.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<ParameterState>, Refusal> {
        actor.require(Role::Administrator, "reading parameters")?;
        let snapshot = self.parameters.snapshot().await?;
        Ok(Parameter::ALL
            .iter()
            .map(|parameter| ParameterState::of(*parameter, &snapshot))
            .collect())
    }

    /// One of them; administrators may.
    pub async fn find(&self, actor: &Actor, parameter: Parameter) -> Result<ParameterState, Refusal> {
        actor.require(Role::Administrator, "reading parameters")?;
        Ok(ParameterState::of(parameter, &self.parameters.snapshot().await?))
    }
}
