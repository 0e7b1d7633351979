//! What taking a comment in depends on, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_domain::audience::eligible;
use recado_ports::channels::Channels;
use recado_ports::comments::{CommentContext, ContextQuery, OnTicket};
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_ports::preferences::Preferences;
use recado_ports::store::StoreError;
use recado_ports::templates::Templates;
use recado_ports::tickets::Tickets;

use crate::fakes::MemoryStore;

pub(super) async fn context(
    store: &MemoryStore,
    query: &ContextQuery,
) -> Result<Option<CommentContext>, StoreError> {
    let ticket = match &query.ticket {
        OnTicket::Numbered(number) => Tickets::find(store, number).await?,
        OnTicket::Given(ticket) => Some((**ticket).clone()),
    };
    let Some(ticket) = ticket else { return Ok(None) };
    let eligible: Vec<_> = eligible(&ticket, query.author.as_ref(), query.desk.as_ref())
        .into_iter()
        .cloned()
        .collect();
    let mut threads = BTreeMap::new();
    for recipient in &eligible {
        let thread = store.thread(ticket.id, recipient, query.thread_length).await?;
        if !thread.is_empty() {
            threads.insert(recipient.clone(), thread);
        }
    }
    let watchers = ticket.watchers.iter().map(|party| &party.email);
    let asked: Vec<_> = query.author.iter().chain(watchers).cloned().collect();
    let parameters = store.snapshot().await?;
    let mut templates = BTreeMap::new();
    for id in parameters.values.comment_templates() {
        if let Some(template) = Templates::find(store, id).await? {
            templates.insert(id, template);
        }
    }
    Ok(Some(CommentContext {
        repeated: store.read(|tables| {
            let stored = tables.idempotency.get(query.idempotency.as_ref()?);
            stored.filter(|record| record.expires_at > query.now).cloned()
        }),
        technicians: store.technicians(&asked).await?,
        unwilling: store.unwilling(ticket.id, &eligible, query.now).await?,
        suppressed: store.read(|tables| {
            let is_suppressed = |email: &_| tables.is_suppressed(email, query.now);
            eligible
                .iter()
                .filter(|email| is_suppressed(email))
                .cloned()
                .collect()
        }),
        threads,
        is_held: Channels::find(store, query.account).await?.hold.is_some(),
        parameters: Arc::new(parameters),
        templates: Arc::new(templates),
        ticket,
    }))
}
