//! Parameters as stored, configuration's pins laid over them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use recado_domain::parameter::{Parameter, Parameters as Values};

use crate::store::StoreError;

/// The parameters as they count now.
#[derive(Debug, Clone, Default)]
pub struct ParameterSnapshot {
    /// Moves with every write of a parameter, whichever process makes it.
    pub revision: i64,
    /// The values: pinned ones over stored ones over defaults.
    pub values: Values,
    /// Those that the configuration pins; they cannot be set.
    pub pinned: BTreeSet<Parameter>,
}

/// The store of parameters.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Parameters: Send + Sync {
    /// All of them, in one consistent reading, with whatever another process wrote a moment ago.
    async fn snapshot(&self) -> Result<ParameterSnapshot, StoreError>;

    /// Stores a normalized value, or removes it, and wakes whoever waits for a change. Writing a parameter of the
    /// outgoing account nudges its channel in the same transaction, even when the value is the same.
    async fn set(&self, parameter: Parameter, value: Option<String>) -> Result<(), StoreError>;
}
