//! A service desk in memory, ready to send: ticket 4711, template 1, parameters 10, 14 and 417.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use recado_app::access::Actor;
use recado_app::deliver_batch::{AccountGate, DeliverBatch, Line, Next};
use recado_app::post_comment::{NewComment, PostComment, Posted, PostedComment};
use recado_app::receive_mail::ReceiveMail;
use recado_app::settings::{
    CommentLimits, DeliverySettings, IncomingSettings, MessagingSettings, WayBack, WayOut,
};
use recado_app::stop::{self, Stop, StopSignal};
use recado_app::trail::Trail;
use recado_domain::audit::Action;
use recado_domain::channel::AccountId;
use recado_domain::comment::{Kind, Origin, Visibility};
use recado_domain::locale::Locale;
use recado_domain::outbox::{Delivery, DeliveryId, State};
use recado_domain::parameter::Parameter;
use recado_domain::person::{Party, Role, Standing, User, UserId};
use recado_domain::template::StoredTemplate;
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_domain::token::Keyring;
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::channels::{Channel, Channels, Opening};
use recado_ports::clock::Clock;
use recado_ports::comments::{CommentContext, Comments, ContextQuery, IdempotencyKey, OnTicket};
use recado_ports::mail::Transport;
use recado_ports::outbox::{DeliveryFilter, DeliveryHistory, NewDelivery, Outbox};
use recado_ports::page::{PageLimit, PageRequest};
use recado_ports::parameters::Parameters;
use recado_ports::templates::Templates;
use recado_ports::tickets::{TicketWrite, Tickets};
use recado_test_support::builders::{self, TicketBuilder};
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::{MemoryStore, PlainComposer, PlainRenderer, ScriptedTransport};
use recado_test_support::ids::SequentialIds;

use crate::inbox::ScriptedReader;

/// What every use case is built from.
pub(crate) struct House {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SequentialIds>,
    pub(crate) server: ScriptedTransport,
    pub(crate) messaging: MessagingSettings,
    pub(crate) delivery: DeliverySettings,
    pub(crate) incoming: IncomingSettings,
    pub(crate) reader: ScriptedReader,
    /// What it signs with.
    pub(crate) secret: [u8; 32],
}

impl House {
    /// Ready to send.
    pub(crate) async fn new() -> Self {
        let house = Self::bare();
        house.put_template(&builders::template(1)).await;
        house.put_ticket(builders::ticket("4711")).await;
        house.set(Parameter::FromAddress, Some("desk@example.org")).await;
        house.set(Parameter::SmtpHost, Some("smtp.example.org")).await;
        house.set(Parameter::MessagingTemplate, Some("1")).await;
        house
    }

    /// Nothing stored, nothing configured.
    pub(crate) fn bare() -> Self {
        let clock = Arc::new(ManualClock::new());
        Self {
            store: MemoryStore::with_clock(clock.clone()),
            clock,
            ids: Arc::new(SequentialIds::new()),
            server: ScriptedTransport::new(),
            messaging: MessagingSettings {
                desk: None,
                desk_name: Some("Mesa de ayuda".to_owned()),
                public_host: "recado.example.org".to_owned(),
                public_url: "https://recado.example.org".to_owned(),
                locale: Locale::Es,
                time_zone: TimeZone::UTC,
                hold: Duration::ZERO,
                page_hold: Duration::from_secs(10),
                way_out: WayOut::Smtp,
                limits: CommentLimits::default(),
                way_back: WayBack::default(),
            },
            delivery: DeliverySettings::default(),
            incoming: IncomingSettings::default(),
            reader: ScriptedReader::default(),
            secret: [7; 32],
        }
    }

    pub(crate) async fn set(&self, parameter: Parameter, value: Option<&str>) {
        Parameters::set(&self.store, parameter, value.map(ToOwned::to_owned))
            .await
            .unwrap();
    }

    pub(crate) async fn put_template(&self, template: &StoredTemplate) {
        Templates::put(&self.store, template).await.unwrap();
    }

    pub(crate) async fn put_ticket(&self, ticket: TicketBuilder) -> Ticket {
        self.put(ticket.build()).await
    }

    /// Stores a ticket, in the place of one with the same number.
    pub(crate) async fn put(&self, ticket: Ticket) -> Ticket {
        let stored = self.ticket(ticket.number.as_str()).await;
        let id = stored.as_ref().map_or(ticket.id, |stored| stored.id);
        let number = ticket.number.clone();
        let write = TicketWrite {
            ticket: Ticket { id, ..ticket },
            expected: stored.map(|stored| stored.version),
            cut_off: BTreeSet::new(),
        };
        Tickets::put(&self.store, write).await.unwrap();
        self.ticket(number.as_str())
            .await
            .expect("the ticket was just stored")
    }

    pub(crate) async fn ticket(&self, text: &str) -> Option<Ticket> {
        Tickets::find(&self.store, &number(text)).await.unwrap()
    }

    pub(crate) fn post_comment(&self) -> PostComment {
        let store = Arc::new(self.store.clone());
        PostComment {
            comments: store.clone(),
            images: store,
            renderer: Arc::new(PlainRenderer),
            composer: Arc::new(PlainComposer),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            keyring: Arc::new(self.keyring()),
            settings: Arc::new(self.messaging.clone()),
        }
    }

    /// Takes mails in as [`ScriptedReader`] reads them.
    pub(crate) fn receive_mail(&self) -> ReceiveMail {
        let store = Arc::new(self.store.clone());
        ReceiveMail {
            ledger: store.clone(),
            reader: Arc::new(self.reader.clone()),
            tickets: store.clone(),
            people: store.clone(),
            comments: store.clone(),
            suppressions: store.clone(),
            outbox: store.clone(),
            parameters: store.clone(),
            images: store,
            renderer: Arc::new(PlainRenderer),
            composer: Arc::new(PlainComposer),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            keyring: Arc::new(self.keyring()),
            messaging: Arc::new(self.messaging.clone()),
            settings: Arc::new(self.incoming.clone()),
        }
    }

    pub(crate) fn trail(&self) -> Trail {
        Trail {
            audit: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }

    /// The trail, newest line first: what was done to what, before and after.
    pub(crate) async fn told(&self) -> Vec<(Action, String, Option<String>, Option<String>)> {
        let page = PageRequest {
            after: None,
            limit: PageLimit::clamp(500),
        };
        let lines = Audit::list(&self.store, &AuditFilter::default(), &page)
            .await
            .unwrap()
            .items;
        let lines = lines.into_iter();
        lines
            .map(|line| (line.action, line.object, line.before, line.after))
            .collect()
    }

    pub(crate) fn keyring(&self) -> Keyring {
        Keyring::new(&self.secret, &[]).unwrap()
    }

    /// What a comment of Tomás's on ticket 4711 depends on, at this time.
    pub(crate) async fn context(&self, key: Option<&IdempotencyKey>, now: Timestamp) -> CommentContext {
        let query = ContextQuery {
            ticket: OnTicket::Numbered(number("4711")),
            author: Some(builders::address("tomas@example.com")),
            desk: None,
            idempotency: key.cloned(),
            account: AccountId::DEFAULT,
            thread_length: 10,
            now,
        };
        let found = self.store.context(&query).await.unwrap();
        found.expect("ticket 4711 is there")
    }

    /// Posts a comment on ticket 4711 that must be taken.
    pub(crate) async fn post(&self, actor: &Actor, new: NewComment) -> PostedComment {
        self.post_on("4711", actor, new).await
    }

    pub(crate) async fn post_on(&self, ticket: &str, actor: &Actor, new: NewComment) -> PostedComment {
        match self
            .post_comment()
            .run(actor, &number(ticket), new, None)
            .await
            .unwrap()
        {
            Posted::New(posted) => *posted,
            Posted::Repeated { answer } => panic!("repeated: {answer}"),
        }
    }

    /// Owes a mail that no comment causes.
    pub(crate) async fn owe(&self, mail: NewDelivery) -> DeliveryId {
        let id = mail.id;
        self.store.enqueue(vec![mail]).await.unwrap();
        id
    }

    /// Owes a mail to an address.
    pub(crate) async fn owe_to(&self, email: &str) -> DeliveryId {
        self.owe(builders::test_delivery().to(email).build()).await
    }

    pub(crate) async fn delivery(&self, id: DeliveryId) -> Delivery {
        self.history(id).await.delivery
    }

    pub(crate) async fn history(&self, id: DeliveryId) -> DeliveryHistory {
        Outbox::find(&self.store, id)
            .await
            .unwrap()
            .expect("the delivery is stored")
    }

    pub(crate) async fn state(&self, id: DeliveryId) -> State {
        self.delivery(id).await.state
    }

    pub(crate) async fn deliveries(&self) -> Vec<Delivery> {
        let page = PageRequest {
            after: None,
            limit: PageLimit::clamp(500),
        };
        Outbox::list(&self.store, &DeliveryFilter::default(), &page)
            .await
            .unwrap()
            .items
    }

    pub(crate) async fn message(&self, id: DeliveryId) -> String {
        let (_, message) = self
            .store
            .messages(&[id])
            .await
            .unwrap()
            .pop()
            .expect("the message is kept");
        String::from_utf8(message).unwrap()
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channels::find(&self.store, AccountId::DEFAULT).await.unwrap()
    }

    /// Whom the server took mails for, in order.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.server
            .sent()
            .into_iter()
            .map(|mail| mail.envelope.to.as_str().to_owned())
            .collect()
    }

    pub(crate) fn worker(&self) -> Worker {
        self.worker_on(Arc::new(self.store.clone()), Arc::new(self.server.clone()))
    }

    /// A worker whose outbox or server a test has tampered with.
    pub(crate) fn worker_on(&self, outbox: Arc<dyn Outbox>, transport: Arc<dyn Transport>) -> Worker {
        let gate = Arc::new(AccountGate::new(AccountId::DEFAULT, &self.delivery));
        self.worker_beside(outbox, transport, gate)
    }

    /// A worker that shares its account's gate with others.
    pub(crate) fn worker_beside(
        &self,
        outbox: Arc<dyn Outbox>,
        transport: Arc<dyn Transport>,
        gate: Arc<AccountGate>,
    ) -> Worker {
        let store = Arc::new(self.store.clone());
        let (signal, stop) = stop::channel();
        let deliver = DeliverBatch {
            outbox,
            channels: store.clone(),
            parameters: store.clone(),
            suppressions: store,
            transport,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            settings: Arc::new(self.delivery.clone()),
            gate,
        };
        Worker {
            deliver,
            line: Line::default(),
            stop,
            signal,
            clock: self.clock.clone(),
        }
    }
}

/// A delivery worker with its connection.
pub(crate) struct Worker {
    pub(crate) deliver: DeliverBatch,
    pub(crate) line: Line,
    pub(crate) stop: Stop,
    pub(crate) signal: StopSignal,
    clock: Arc<ManualClock>,
}

impl Worker {
    /// What expiry would count of this moment.
    pub(crate) fn opening(&self) -> Opening {
        self.deliver.gate.opening(self.clock.elapsed())
    }

    /// One batch.
    pub(crate) async fn batch(&mut self) -> Next {
        self.deliver.run(&mut self.line, &self.stop).await
    }

    /// Batches until nothing is left to do at this moment; gives how long the worker would wait.
    pub(crate) async fn drain(&mut self) -> Duration {
        for _ in 0..100 {
            if let Next::Within(wait) = self.batch().await {
                return wait;
            }
        }
        panic!("the worker never rests: it would spin");
    }

    /// Lets time pass as the worker's waits ask, and drains after each; as the daemon's loop does.
    pub(crate) async fn work_for(&mut self, time: Duration) {
        let mut left = time;
        loop {
            let wait = self.drain().await.min(left);
            if left.is_zero() {
                return;
            }
            self.clock.advance(wait);
            left -= wait;
        }
    }
}

pub(crate) fn number(text: &str) -> TicketNumber {
    TicketNumber::parse(text).unwrap()
}

/// An account that asks by one of its tokens.
pub(crate) fn person(party: Party, role: Role) -> Actor {
    let user = User {
        id: UserId(builders::id()),
        party,
        role,
        standing: Standing::Active,
    };
    Actor::Person {
        user,
        groups: Vec::new(),
        token: builders::id(),
    }
}

/// The requester of the tickets.
pub(crate) fn ana() -> Actor {
    person(builders::ana(), Role::Requester)
}

/// The technician responsible for the tickets.
pub(crate) fn tomas() -> Actor {
    person(builders::tomas(), Role::Technician)
}

/// An administrator, such as another system's account.
pub(crate) fn administrator() -> Actor {
    person(
        builders::party("Sistema", "system@example.org"),
        Role::Administrator,
    )
}

/// A public message.
pub(crate) fn comment(text: &str) -> NewComment {
    NewComment {
        text: text.to_owned(),
        author: None,
        visibility: Visibility::Public,
        kind: Kind::Message,
        origin: Origin::Api,
        attachments: Vec::new(),
    }
}

/// A public note.
pub(crate) fn note(text: &str) -> NewComment {
    NewComment {
        kind: Kind::Note,
        ..comment(text)
    }
}
