//! Whose token it is: asked at every call of the API, for all that come at the same time together, and never from memory. A
//! token that was revoked, or an account that was disabled, is so for the very next call.

mod postgres;
mod sqlite;

use std::sync::Arc;

use recado_ports::people::{TokenHash, TokenOwner};

use crate::column::Key;
use crate::database::Backend;
use crate::fault::Fault;
use crate::gather::{Bounds, Gatherer};
use crate::operation::run;
use crate::rows::{UserRow, addresses};

/// Most tokens that are looked up together.
const GROUP: usize = 64;
/// Look-ups under way at a time.
const READINGS: usize = 2;

pub(crate) fn gatherer(backend: &Arc<Backend>) -> Gatherer<TokenHash, Option<TokenOwner>> {
    let bounds = Bounds {
        runs: READINGS,
        inputs: GROUP,
        weight: GROUP,
        weigh: |_: &TokenHash| 1,
    };
    let backend = Arc::clone(backend);
    Gatherer::new(bounds, move |inputs| {
        let backend = Arc::clone(&backend);
        Box::pin(async move { run!(backend.read(), owners, inputs) })
    })
}

fn owner(token: Key, user: UserRow, groups: &[String]) -> Result<TokenOwner, Fault> {
    Ok(TokenOwner {
        token: token.0,
        user: user.try_into_domain()?,
        groups: addresses(groups)?,
    })
}
