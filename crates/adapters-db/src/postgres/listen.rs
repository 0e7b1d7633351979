//! News between the daemons of one database: NOTIFY after the commit, coalesced, and a connection that listens.
//!
//! A NOTIFY inside the accepting transaction would make all commits wait in line for one lock of the server's. Sent
//! afterwards, by a task that gathers what came in meanwhile, it costs the commits nothing; one that is lost (the
//! process dies in between) is made good by polling.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use recado_ports::events::Topic;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::pool::{Pool, Server};
use super::statement::statement;
use crate::fault::Fault;
use crate::wakeup::{News, Wakeups};

/// Least time between two notifications of one process.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait before listening is tried again.
const RECONNECT: Duration = Duration::from_secs(1);
const CHANNEL: &str = "recado";

/// Spreads news here and to the other daemons, and listens for theirs. A clone is the same messenger.
#[derive(Clone)]
pub(super) struct Messenger(Arc<Inner>);

struct Inner {
    pool: Arc<Pool>,
    wakeups: Arc<Wakeups>,
    instance: Uuid,
    outgoing: Arc<Outgoing>,
    sender: OnceLock<Ending>,
    listener: OnceLock<Ending>,
}

/// A task that ends with its owner.
struct Ending(JoinHandle<()>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Topics with news that were not sent yet.
struct Outgoing {
    outbox: Notify,
    log: Notify,
}

impl Messenger {
    pub(super) fn new(pool: Arc<Pool>, wakeups: Arc<Wakeups>, instance: Uuid) -> Self {
        let outgoing = Arc::new(Outgoing {
            outbox: Notify::new(),
            log: Notify::new(),
        });
        Self(Arc::new(Inner {
            pool,
            wakeups,
            instance,
            outgoing,
            sender: OnceLock::new(),
            listener: OnceLock::new(),
        }))
    }

    /// Wakes this process at once and the others soon.
    pub(super) fn spread(&self, news: News) {
        self.0.wakeups.spread(news);
        if news == News::Nothing {
            return;
        }
        self.0.sender.get_or_init(|| {
            let inner = Arc::downgrade(&self.0);
            Ending(tokio::spawn(send(Arc::clone(&self.0.outgoing), inner)))
        });
        if news.is_for(Topic::Outbox) {
            self.0.outgoing.outbox.notify_one();
        }
        if news.is_for(Topic::Log) {
            self.0.outgoing.log.notify_one();
        }
    }

    /// Listens from the first call on.
    pub(super) fn listen(&self) {
        self.0.listener.get_or_init(|| {
            let server = self.0.pool.server().clone();
            Ending(tokio::spawn(listen(
                server,
                Arc::clone(&self.0.wakeups),
                self.0.instance,
            )))
        });
    }
}

/// Tells the others, each topic at most once in [`GATHER`]. It ends when the messenger is gone.
async fn send(outgoing: Arc<Outgoing>, messenger: Weak<Inner>) {
    loop {
        let mut news = tokio::select! {
            () = outgoing.outbox.notified() => News::Outbox,
            () = outgoing.log.notified() => News::Log,
        };
        tokio::time::sleep(GATHER).await;
        for (more, kind) in [(&outgoing.outbox, News::Outbox), (&outgoing.log, News::Log)] {
            if futures_util::FutureExt::now_or_never(more.notified()).is_some() {
                news = news.and(kind);
            }
        }
        let Some(inner) = messenger.upgrade() else { return };
        if let Err(fault) = notify(&inner.pool, inner.instance, news).await {
            tracing::debug!(
                ?fault,
                "the other daemons were not told of news; they find them by polling"
            );
        }
    }
}

statement! {
    /// Prepared once, as a query without a type of its own is not.
    Notification<'a> {
        channels: &'a str => Text,
        payloads: &'a str => Text,
    } -> () = "SELECT pg_notify(given.channel, given.payload) FROM unnest(?, ?) AS given (channel, payload)"
}

async fn notify(pool: &Pool, instance: Uuid, news: News) -> Result<(), Fault> {
    let mut lent = pool.lend().await?;
    let payload = payload(instance, news);
    let notify = Notification {
        channels: vec![CHANNEL],
        payloads: vec![&payload],
    };
    let sent = notify
        .execute(lent.connection())
        .await
        .map(|_| ())
        .map_err(Fault::from);
    lent.give_back_after(&sent);
    sent
}

/// Hears the others until the task is aborted. Whatever was said while the connection was down counts as news.
async fn listen(server: Server, wakeups: Arc<Wakeups>, instance: Uuid) {
    loop {
        if let Err(fault) = hear(&server, &wakeups, instance).await {
            tracing::warn!(?fault, "listening for other daemons was cut off; polling goes on");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn hear(server: &Server, wakeups: &Wakeups, instance: Uuid) -> Result<(), Fault> {
    let mut connection = server.connect().await?;
    diesel::sql_query(format!("LISTEN {CHANNEL}"))
        .execute(&mut connection)
        .await?;
    wakeups.spread(News::Both);
    let mut heard = std::pin::pin!(connection.notifications_stream());
    while let Some(notification) = heard.next().await {
        wakeups.spread(understood(&notification?.payload, instance));
    }
    Ok(())
}

fn payload(instance: Uuid, news: News) -> String {
    let topics = match news {
        News::Nothing => "",
        News::Outbox => "outbox",
        News::Log => "log",
        News::Both => "outbox,log",
    };
    format!("{instance} {topics}")
}

/// What a notification is about: nothing when it is our own, both topics when a later version sent it.
fn understood(payload: &str, instance: Uuid) -> News {
    match payload.split_once(' ') {
        Some((sender, _)) if sender == instance.to_string() => News::Nothing,
        Some((_, "outbox")) => News::Outbox,
        Some((_, "log")) => News::Log,
        _ => News::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_understood_by_everybody_but_its_sender() {
        let (here, there) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for news in [News::Outbox, News::Log, News::Both] {
            assert_eq!(understood(&payload(there, news), here), news);
            assert_eq!(understood(&payload(here, news), here), News::Nothing);
        }
        assert_eq!(understood("what?", here), News::Both);
    }
}
