//! Parameters in memory.

use async_trait::async_trait;
use recado_domain::channel::AccountId;
use recado_domain::parameter::{Parameter, Parameters as Values};
use recado_ports::parameters::{ParameterSnapshot, Parameters};
use recado_ports::store::StoreError;

use super::MemoryStore;

impl MemoryStore {
    /// Pins a parameter, as a configuration file does.
    pub fn pin(&self, parameter: Parameter, value: &str) {
        self.write(|tables| {
            tables.parameters_written += 1;
            tables.pinned.insert(parameter, value.to_owned())
        });
    }
}

#[async_trait]
impl Parameters for MemoryStore {
    async fn snapshot(&self) -> Result<ParameterSnapshot, StoreError> {
        self.read(|tables| {
            let mut values = Values::default();
            for (parameter, value) in tables.parameters.iter().chain(&tables.pinned) {
                values
                    .insert(*parameter, value)
                    .map_err(|source| StoreError::Corrupt {
                        what: parameter.to_string(),
                        source: source.into(),
                    })?;
            }
            Ok(ParameterSnapshot {
                revision: tables.parameters_written,
                values,
                pinned: tables.pinned.keys().copied().collect(),
            })
        })
    }

    async fn set(&self, parameter: Parameter, value: Option<String>) -> Result<(), StoreError> {
        self.write(|tables| {
            tables.parameters_written += 1;
            match value {
                Some(value) => tables.parameters.insert(parameter, value),
                None => tables.parameters.remove(&parameter),
            };
            if parameter.belongs_to_outgoing_account() {
                tables.nudge(AccountId::DEFAULT);
            }
            tables.wake_outbox();
        });
        Ok(())
    }
}
