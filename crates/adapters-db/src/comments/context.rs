//! What taking a comment in depends on: read for all who ask at the same time together.

mod postgres;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use recado_domain::person::EmailAddress;
use recado_domain::ticket::Ticket;
use recado_domain::token::MessageId;
use recado_ports::comments::{CommentContext, ContextQuery, IdempotencyRecord};
use recado_ports::preferences::Unwilling;
use recado_ports::store::StoreError;

use crate::database::{Backend, Database};
use crate::gather::{Bounds, Gatherer};
use crate::operation::run;

/// Most comments whose contexts are read together.
const GROUP: usize = 64;
/// Readings under way at a time: one is evaluated while another one is on its way.
const READINGS: usize = 2;

/// A [`CommentContext`], settings aside.
#[derive(Debug)]
pub(crate) struct Facts {
    ticket: Ticket,
    repeated: Option<IdempotencyRecord>,
    technicians: BTreeSet<EmailAddress>,
    muted: BTreeSet<EmailAddress>,
    looking: BTreeSet<EmailAddress>,
    suppressed: BTreeSet<EmailAddress>,
    threads: BTreeMap<EmailAddress, Vec<MessageId>>,
    is_held: bool,
    /// The counter of settings' writes.
    settings: i64,
}

/// Whose role is asked for.
fn possible_technicians<'a>(
    query: &'a ContextQuery,
    ticket: &'a Ticket,
) -> impl Iterator<Item = &'a EmailAddress> {
    let watchers = ticket.watchers.iter().map(|party| &party.email);
    query.author.iter().chain(watchers)
}

pub(crate) fn gatherer(backend: &Arc<Backend>) -> Gatherer<ContextQuery, Option<Facts>> {
    let bounds = Bounds {
        runs: READINGS,
        inputs: GROUP,
        weight: GROUP,
        weigh: |_: &ContextQuery| 1,
    };
    let backend = Arc::clone(backend);
    Gatherer::new(bounds, move |inputs| {
        let backend = Arc::clone(&backend);
        Box::pin(async move { run!(backend.read(), facts, inputs) })
    })
}

pub(super) async fn context(
    database: &Database,
    query: &ContextQuery,
) -> Result<Option<CommentContext>, StoreError> {
    let Some(facts) = database.asking.answer(query.clone()).await? else {
        return Ok(None);
    };
    let settings = database.settings_at(facts.settings).await?;
    Ok(Some(CommentContext {
        ticket: facts.ticket,
        repeated: facts.repeated,
        technicians: facts.technicians,
        unwilling: Unwilling {
            muted: facts.muted.into_iter().collect(),
            looking: facts.looking.into_iter().collect(),
        },
        suppressed: facts.suppressed,
        threads: facts.threads,
        is_held: facts.is_held,
        parameters: Arc::clone(&settings.parameters),
        templates: Arc::clone(&settings.templates),
    }))
}
