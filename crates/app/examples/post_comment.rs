//! A service desk of one's own posts a comment through Recado's use cases and sees the mail that it becomes.
//!
//! Run it with `cargo run -p recado-app --example post_comment`. Two ports are the desk's own: a [`Renderer`] without a
//! template engine, and a [`Transport`] that hands mails to a gateway instead of an SMTP server. The stores are in
//! memory here; a product takes those of `recado-adapters-db`. `cargo test -p recado-app --example post_comment` runs
//! the tests at the end, which simulate a fault with a mock.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use recado_app::access::Actor;
use recado_app::deliver_batch::{AccountGate, DeliverBatch, Line, Next};
use recado_app::post_comment::{NewComment, PostComment, Posted};
use recado_app::put_ticket::{PutTicket, TicketChange};
use recado_app::settings::{CommentLimits, DeliverySettings, MessagingSettings, WayBack, WayOut};
use recado_app::stop;
use recado_domain::channel::{AccountId, OutgoingAccount};
use recado_domain::comment::{Kind, Origin, Visibility};
use recado_domain::locale::Locale;
use recado_domain::parameter::Parameter;
use recado_domain::person::Party;
use recado_domain::reply::Reply;
use recado_domain::template::{Rendered, StoredTemplate, TemplateKey, TemplateValues};
use recado_domain::ticket::TicketNumber;
use recado_domain::token::Keyring;
use recado_ports::mail::{Envelope, MailSession, SendError, Transport};
use recado_ports::parameters::Parameters;
use recado_ports::renderer::{RenderError, Renderer};
use recado_ports::templates::Templates;
use recado_test_support::builders;
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::{MemoryStore, PlainComposer};
use recado_test_support::ids::SequentialIds;

/// Renders with the domain alone. A template without a text of its own gives the comment's as the mail's text part.
struct DeskRenderer;

impl Renderer for DeskRenderer {
    fn render(&self, template: &StoredTemplate, values: &TemplateValues) -> Result<Rendered, RenderError> {
        let mut rendered = template.source().render(values);
        let comment = values.get(TemplateKey::CommentText).unwrap_or_default();
        rendered.text.get_or_insert_with(|| comment.to_owned());
        Ok(rendered)
    }
}

/// Hands every mail to the company's gateway. An answer other than `Ok` says whose fault it is: see [`SendError`].
struct Gateway;

#[async_trait]
impl Transport for Gateway {
    async fn connect(&self, _: &OutgoingAccount) -> Result<Box<dyn MailSession>, SendError> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl MailSession for Gateway {
    async fn begin(&mut self, envelope: &Envelope) -> Result<(), SendError> {
        println!("the gateway takes {} octets for {}", envelope.size, envelope.to);
        Ok(())
    }

    async fn finish<'a>(&mut self, message: &[u8], _: Option<&'a Envelope>) -> Result<Reply, SendError> {
        println!("--- mail\n{}--- end", String::from_utf8_lossy(message));
        Ok(Reply::new(250, "2.0.0 handed over"))
    }

    fn is_usable(&self) -> bool {
        true
    }

    fn welcome(&self) -> &'static str {
        "the gateway is ready"
    }

    async fn quit(self: Box<Self>) {}
}

/// The desk: what its use cases are made from.
struct ServiceDesk {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    ids: Arc<SequentialIds>,
}

impl ServiceDesk {
    /// A desk whose messaging is switched on: sender, template 1 and parameter 417.
    async fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(MemoryStore::with_clock(clock.clone()));
        Templates::put(&*store, &builders::template(1)).await?;
        for (parameter, value) in [
            (Parameter::FromAddress, "desk@example.org"),
            (Parameter::MessagingTemplate, "1"),
        ] {
            store.set(parameter, Some(parameter.normalize(value)?)).await?;
        }
        let desk = Self {
            store,
            clock,
            ids: Arc::new(SequentialIds::new()),
        };
        let put = PutTicket {
            tickets: desk.store.clone(),
            clock: desk.clock.clone(),
            ids: desk.ids.clone(),
            desk: None,
        };
        let ticket = TicketChange {
            title: Some("Impresora atascada".to_owned()),
            requester: Some(Party::parse("Ana Peña", "ana@example.com")?),
            responsible: Some(Some(Party::parse("Tomás Técnico", "tomas@example.com")?)),
            ..TicketChange::default()
        };
        put.run(&Actor::Operator, &TicketNumber::parse("4711")?, ticket)
            .await?;
        Ok(desk)
    }

    fn post_comment(&self) -> PostComment {
        PostComment {
            comments: self.store.clone(),
            images: self.store.clone(),
            renderer: Arc::new(DeskRenderer),
            composer: Arc::new(PlainComposer),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            keyring: Arc::new(
                Keyring::new(b"a secret of 32 octets, or longer", &[]).expect("it is long enough"),
            ),
            settings: Arc::new(MessagingSettings {
                desk: None,
                desk_name: Some("Mesa de ayuda".to_owned()),
                public_host: "desk.example.org".to_owned(),
                public_url: "https://recado.example.org".to_owned(),
                locale: Locale::Es,
                time_zone: jiff::tz::TimeZone::UTC,
                hold: Duration::ZERO,
                page_hold: Duration::from_secs(10),
                way_out: WayOut::Files,
                limits: CommentLimits::default(),
                way_back: WayBack::default(),
            }),
        }
    }

    fn deliver_batch(&self) -> DeliverBatch {
        let settings = DeliverySettings {
            way_out: WayOut::Files,
            ..DeliverySettings::default()
        };
        DeliverBatch {
            outbox: self.store.clone(),
            channels: self.store.clone(),
            parameters: self.store.clone(),
            suppressions: self.store.clone(),
            transport: Arc::new(Gateway),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            gate: Arc::new(AccountGate::new(AccountId::DEFAULT, &settings)),
            settings: Arc::new(settings),
        }
    }
}

/// Ana's words, brought in by the desk's own system.
fn anas_comment() -> NewComment {
    NewComment {
        text: "¿Hay novedades?\nSigue <atascada>.".to_owned(),
        author: Some(Party::parse("Ana Peña", "ana@example.com").expect("name and address are sound")),
        visibility: Visibility::Public,
        kind: Kind::Message,
        origin: Origin::Api,
        attachments: Vec::new(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let desk = ServiceDesk::open().await?;
    let number = TicketNumber::parse("4711")?;
    // Without an idempotency key every call stores a comment.
    if let Posted::New(posted) = desk
        .post_comment()
        .run(&Actor::Operator, &number, anas_comment(), None)
        .await?
    {
        println!(
            "comment {}: {}",
            posted.comment.id.0,
            posted.notification.as_str()
        );
    }
    // The comment and its mail are stored by now. A daemon does this in a loop, for as long as the signal is silent.
    let (_signal, stop) = stop::channel();
    let (worker, mut line) = (desk.deliver_batch(), Line::default());
    while worker.run(&mut line, &stop).await == Next::AtOnce {}
    worker.hang_up(line).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use recado_ports::clock::Clock;
    use recado_ports::comments::{Comments, ContextQuery, MockComments, OnTicket};
    use recado_ports::store::StoreError;

    use super::*;

    #[tokio::test]
    async fn a_database_that_is_down_acknowledges_nothing() {
        let desk = ServiceDesk::open().await.unwrap();
        let number = TicketNumber::parse("4711").unwrap();
        let asked = ContextQuery {
            ticket: OnTicket::Numbered(number.clone()),
            author: anas_comment().author.map(|author| author.email),
            desk: None,
            idempotency: None,
            account: AccountId::DEFAULT,
            thread_length: 0,
            now: desk.clock.now(),
        };
        let context = desk.store.context(&asked).await.unwrap();
        let mut comments = MockComments::new();
        comments.expect_context().returning(move |_| Ok(context.clone()));
        comments
            .expect_accept()
            .withf(|accept| accept.deliveries.len() == 1)
            .times(1)
            .returning(|_| Err(StoreError::Unavailable("connection refused".into()).into()));
        let post = PostComment {
            comments: Arc::new(comments),
            ..desk.post_comment()
        };
        let refused = post
            .run(&Actor::Operator, &number, anas_comment(), None)
            .await
            .unwrap_err();
        assert_eq!(refused.to_string(), "the database is unavailable");
    }
}
