//! Every port in memory: a store that keeps the ports' whole contract, a scripted mail server, a plain composer and renderer.
//!
//! [`MemoryStore`] implements all store ports. It passes the same [`crate::contract`] as the databases, so a use case
//! tested against it meets the same answers. Faults of a database are for the mocks of `recado_ports` to simulate.
//!
//! ```
//! use recado_ports::tickets::Tickets;
//! use recado_test_support::builders;
//! use recado_test_support::fakes::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), recado_ports::store::StoreError> {
//! let store = MemoryStore::new();
//! store.put(builders::ticket("4711").write()).await?;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod audit;
mod channels;
mod comments;
mod events;
mod inbox;
mod ledger;
mod mail;
mod outbox;
mod parameters;
mod people;
mod preferences;
mod renderer;
mod sessions;
mod suppressions;
mod templates;
mod tickets;

pub use mail::{PlainComposer, ScriptedTransport, SentMail};
pub use renderer::PlainRenderer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use recado_domain::audit::Entry;
use recado_domain::channel::AccountId;
use recado_domain::comment::{Attachment, AttachmentId, CommentId};
use recado_domain::ledger::MailId;
use recado_domain::outbox::DeliveryId;
use recado_domain::parameter::Parameter;
use recado_domain::person::{EmailAddress, Group, User, UserId};
use recado_domain::preference::Preference;
use recado_domain::template::{StoredTemplate, TemplateId};
use recado_domain::ticket::{Ticket, TicketId};
use recado_ports::clock::Clock;
use recado_ports::comments::{IdempotencyKey, IdempotencyRecord};
use recado_ports::events::{Event, EventKind, Topic};
use recado_ports::ledger::{MailboxFolder, MailboxPosition};
use recado_ports::page::{Page, PageRequest};
use recado_ports::people::{NewToken, TokenHash};
use recado_ports::sessions::{NewLink, NewSession, SecretHash};
use recado_ports::templates::TemplateImage;
use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::ManualClock;

/// A store in memory. Clones share what is stored.
#[derive(Clone)]
pub struct MemoryStore(Arc<Shared>);

struct Shared {
    tables: Mutex<Tables>,
    clock: Arc<dyn Clock>,
    outbox_changes: watch::Sender<u64>,
    log_changes: watch::Sender<u64>,
}

/// Everything that is stored, behind one lock: whoever holds it is a transaction.
#[derive(Default)]
struct Tables {
    tickets: BTreeMap<TicketId, Ticket>,
    comments: BTreeMap<CommentId, comments::Row>,
    attachments: HashMap<(CommentId, AttachmentId), Attachment>,
    contents: HashMap<String, Vec<u8>>,
    idempotency: HashMap<IdempotencyKey, IdempotencyRecord>,
    outbox: BTreeMap<DeliveryId, outbox::Row>,
    channels: BTreeMap<AccountId, channels::Row>,
    templates: BTreeMap<TemplateId, StoredTemplate>,
    template_images: BTreeMap<(TemplateId, String), TemplateImage>,
    parameters: BTreeMap<Parameter, String>,
    parameters_written: i64,
    pinned: BTreeMap<Parameter, String>,
    users: BTreeMap<EmailAddress, (User, Option<String>)>,
    tokens: HashMap<TokenHash, NewToken>,
    groups: BTreeMap<EmailAddress, Group>,
    sessions: HashMap<Uuid, NewSession>,
    links: HashMap<SecretHash, NewLink>,
    /// When a session of the account was last opened.
    signed_in: HashMap<UserId, Timestamp>,
    preferences: HashMap<EmailAddress, Preference>,
    muted: BTreeSet<(TicketId, EmailAddress)>,
    open_pages: HashMap<Uuid, preferences::OpenPage>,
    trail: BTreeMap<Uuid, Entry>,
    bounces: BTreeMap<EmailAddress, suppressions::Row>,
    mails: BTreeMap<MailId, ledger::Row>,
    /// Each with a person whose answers come from there.
    accepted: BTreeSet<(EmailAddress, EmailAddress)>,
    /// Up to when people have read their tickets.
    read_marks: HashMap<(EmailAddress, TicketId), Timestamp>,
    positions: HashMap<MailboxFolder, MailboxPosition>,
    log: Vec<Event>,
    logged: u64,
    changed: BTreeSet<Change>,
}

/// What a transaction changed that somebody may wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Outbox,
    Log,
}

impl MemoryStore {
    /// An empty store whose leases are measured by a clock of its own, which never moves.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(ManualClock::new()))
    }

    /// An empty store whose leases are measured by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            tables: Mutex::default(),
            clock,
            outbox_changes: watch::Sender::new(0),
            log_changes: watch::Sender::new(0),
        }))
    }

    /// Runs a transaction, then wakes those who wait for what it changed.
    fn write<T>(&self, transaction: impl FnOnce(&mut Tables) -> T) -> T {
        let mut tables = self.tables();
        let result = transaction(&mut tables);
        let news = std::mem::take(&mut tables.changed);
        drop(tables);
        for change in news {
            let watched = match change {
                Change::Outbox => &self.0.outbox_changes,
                Change::Log => &self.0.log_changes,
            };
            watched.send_modify(|count| *count += 1);
        }
        result
    }

    fn read<T>(&self, query: impl FnOnce(&Tables) -> T) -> T {
        query(&self.tables())
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().expect("no transaction panics")
    }

    fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        match topic {
            Topic::Outbox => self.0.outbox_changes.subscribe(),
            Topic::Log => self.0.log_changes.subscribe(),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Tables {
    fn log(&mut self, kind: EventKind, ticket: Option<TicketId>, subject: Uuid, at: Timestamp) {
        self.logged += 1;
        self.log.push(Event {
            cursor: format!("{:020}", self.logged),
            kind,
            ticket,
            subject,
            at,
        });
        self.changed.insert(Change::Log);
    }

    fn wake_outbox(&mut self) {
        self.changed.insert(Change::Outbox);
    }
}

/// A text as the databases store it: PostgreSQL keeps no NUL, and what comes from outside by mail may hold one.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// Cuts a page out of items that come in the list's order, each with its cursor.
///
/// `is_after` tells whether a cursor lies behind the one that the page before ended with.
fn page<T>(
    items: impl Iterator<Item = (String, T)>,
    request: &PageRequest,
    is_after: impl Fn(&str, &str) -> bool,
) -> Page<T> {
    let limit = usize::from(request.limit.get());
    let mut rest = items.filter(|(cursor, _)| {
        request
            .after
            .as_deref()
            .is_none_or(|after| is_after(cursor, after))
    });
    let mut page = Page {
        items: Vec::new(),
        next: None,
    };
    let mut last = None;
    for (cursor, item) in rest.by_ref().take(limit) {
        page.items.push(item);
        last = Some(cursor);
    }
    if rest.next().is_some() {
        page.next = last;
    }
    page
}
