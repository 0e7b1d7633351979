//! What taking a comment in depends on.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_domain::audience::eligible;
use recado_domain::person::EmailAddress;
use recado_ports::channels::Channels;
use recado_ports::comments::{CommentContext, ContextQuery, OnTicket};
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_ports::preferences::Preferences;
use recado_ports::store::StoreError;
use recado_ports::templates::Templates;
use recado_ports::tickets::Tickets;

use crate::database::Database;

pub(super) async fn context(
    database: &Database,
    query: &ContextQuery,
) -> Result<Option<CommentContext>, StoreError> {
    let ticket = match &query.ticket {
        OnTicket::Numbered(number) => Tickets::find(database, number).await?,
        OnTicket::Given(ticket) => Some((**ticket).clone()),
    };
    let Some(ticket) = ticket else { return Ok(None) };
    let eligible: Vec<EmailAddress> = eligible(&ticket, query.author.as_ref(), query.desk.as_ref())
        .into_iter()
        .cloned()
        .collect();
    let mut threads = BTreeMap::new();
    for recipient in &eligible {
        let thread = database.thread(ticket.id, recipient, query.thread_length).await?;
        if !thread.is_empty() {
            threads.insert(recipient.clone(), thread);
        }
    }
    let watchers = ticket.watchers.iter().map(|party| &party.email);
    let asked: Vec<_> = query.author.iter().chain(watchers).cloned().collect();
    let parameters = database.snapshot().await?;
    let mut templates = BTreeMap::new();
    for id in parameters.values.comment_templates() {
        if let Some(template) = Templates::find(database, id).await? {
            templates.insert(id, template);
        }
    }
    let repeated = match &query.idempotency {
        Some(key) => super::accept::idempotency(database, key, query.now).await?,
        None => None,
    };
    Ok(Some(CommentContext {
        repeated,
        technicians: database.technicians(&asked).await?,
        unwilling: database.unwilling(ticket.id, &eligible, query.now).await?,
        suppressed: database.suppressed(&eligible, query.now).await?,
        threads,
        is_held: Channels::find(database, query.account).await?.hold.is_some(),
        parameters: Arc::new(parameters),
        templates: Arc::new(templates),
        ticket,
    }))
}
