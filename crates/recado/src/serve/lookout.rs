//! Delivery, one connection each: of an account's workers, one keeps a lookout for mails that are due and claims some; it
//! hands the lookout on before it sends them. News of one mail wakes one worker.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use recado_app::deliver_batch::{Batch, DeliverBatch, Line, Look, Next};
use recado_app::stop::Stop;
use recado_ports::events::{Events, Topic};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

/// A bound on a wait for news; the worker's own bound is shorter.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How often a worker that waits for its turn sees to its connection.
const TURN: Duration = Duration::from_secs(10);

/// After a claim that took all that was due: what falls due later announces itself by nothing but the time.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The fewest mails to claim: where little waits, the rest is for the next worker.
const FEW: u16 = 4;

/// What the one that keeps it knows. Workers take turns in the order in which they come.
pub(super) struct Lookout {
    events: Arc<dyn Events>,
    /// Most mails to claim.
    batch: u16,
    watch: Mutex<Watch>,
}

/// What was seen last, handed from worker to worker.
struct Watch {
    /// A wait that began before the last look; while it lasts, nothing has come.
    news: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// When to look whatever comes; `None`: at once.
    look_at: Option<Instant>,
    /// How many mails to claim.
    size: u16,
}

impl Lookout {
    /// A lookout that has seen nothing yet.
    pub(super) fn of(events: Arc<dyn Events>, batch: u16) -> Arc<Self> {
        let watch = Mutex::new(Watch {
            news: None,
            look_at: None,
            size: FEW.min(batch),
        });
        Arc::new(Self { events, batch, watch })
    }

    /// Waits for the worker's turn, and in it for mails to send; `None` when it is time to stop.
    async fn next_batch<'a>(
        &self,
        deliver: &'a DeliverBatch,
        line: &mut Line,
        stop: &Stop,
    ) -> Option<Box<Batch<'a>>> {
        let mut watch = loop {
            tokio::select! {
                biased;
                watch = self.watch.lock() => break watch,
                () = stop.requested() => return None,
                () = sleep(TURN) => deliver.rest(line).await,
            }
        };
        while !stop.is_requested() {
            if let Watch {
                news: Some(news),
                look_at: Some(look_at),
                ..
            } = &mut *watch
            {
                tokio::select! {
                    biased;
                    () = news => {}
                    () = sleep_until(*look_at) => {}
                    () = stop.requested() => return None,
                }
            }
            if let Some(batch) = self.look(&mut watch, deliver, line, stop).await {
                return Some(batch);
            }
        }
        None
    }

    async fn look<'a>(
        &self,
        watch: &mut Watch,
        deliver: &'a DeliverBatch,
        line: &mut Line,
        stop: &Stop,
    ) -> Option<Box<Batch<'a>>> {
        watch.look_at = None;
        // The wait begins before the look: a comment that is accepted in between ends it.
        let events = self.events.clone();
        let mut news: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(async move { events.wait(Topic::Outbox, LONGEST_WAIT).await });
        let changed = poll_fn(|context| Poll::Ready(news.as_mut().poll(context).is_ready())).await;
        watch.news = (!changed).then_some(news);
        match deliver.look(line, watch.size, stop).await {
            Look::Batch(batch) => {
                let is_full = batch.len() >= usize::from(watch.size);
                if is_full {
                    watch.size = watch.size.saturating_mul(2).min(self.batch);
                } else {
                    watch.size = (watch.size / 2).max(FEW).min(self.batch);
                    watch.look_at = Some(Instant::now() + LOOK_AGAIN);
                }
                Some(batch)
            }
            Look::Nothing(Next::AtOnce) => None,
            Look::Nothing(Next::Within(time)) => {
                watch.look_at = Some(Instant::now() + time);
                None
            }
        }
    }
}

/// One worker: takes its turn at the lookout, sends what it claimed, and comes back.
pub(super) async fn delivery(deliver: Arc<DeliverBatch>, lookout: Arc<Lookout>, stop: Stop) {
    let mut line = Line::default();
    while let Some(batch) = lookout.next_batch(&deliver, &mut line, &stop).await {
        match deliver.work(*batch, &mut line, &stop).await {
            Next::AtOnce => tokio::task::yield_now().await,
            Next::Within(time) => tokio::select! {
                () = sleep(time) => {}
                () = stop.requested() => {}
            },
        }
    }
    deliver.hang_up(line).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use recado_app::deliver_batch::AccountGate;
    use recado_app::settings::DeliverySettings;
    use recado_app::stop::{self, StopSignal};
    use recado_domain::channel::AccountId;
    use recado_domain::parameter::Parameter;
    use recado_ports::outbox::Outbox as _;
    use recado_ports::parameters::Parameters as _;
    use recado_test_support::builders;
    use recado_test_support::fakes::{MemoryStore, ScriptedTransport};
    use recado_test_support::ids::SequentialIds;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    const DEADLINE: Duration = Duration::from_secs(20);

    struct Crew {
        store: MemoryStore,
        server: ScriptedTransport,
        workers: JoinSet<()>,
        signal: StopSignal,
    }

    impl Crew {
        async fn of(workers: usize) -> Self {
            let clock = Arc::new(SystemClock);
            let store = MemoryStore::with_clock(clock.clone());
            for (parameter, value) in [
                (Parameter::FromAddress, "desk@example.org"),
                (Parameter::SmtpHost, "smtp.example.org"),
            ] {
                store.set(parameter, Some(value.to_owned())).await.unwrap();
            }
            let (port, server) = (Arc::new(store.clone()), ScriptedTransport::new());
            let settings = Arc::new(DeliverySettings::default());
            let lookout = Lookout::of(port.clone(), settings.batch);
            let deliver = Arc::new(DeliverBatch {
                outbox: port.clone(),
                channels: port.clone(),
                parameters: port.clone(),
                suppressions: port,
                transport: Arc::new(server.clone()),
                clock,
                ids: Arc::new(SequentialIds::new()),
                gate: Arc::new(AccountGate::new(AccountId::DEFAULT, &settings)),
                settings,
            });
            let (signal, stop) = stop::channel();
            let mut crew = JoinSet::new();
            for _ in 0..workers {
                crew.spawn(delivery(deliver.clone(), lookout.clone(), stop.clone()));
            }
            Self {
                store,
                server,
                workers: crew,
                signal,
            }
        }

        async fn owe(&self, count: usize) {
            let mails = (0..count).map(|n| {
                let mail = builders::test_delivery().to(&format!("person{n}@example.com"));
                mail.build()
            });
            self.store.enqueue(mails.collect()).await.unwrap();
        }

        async fn arrived(&self, mails: usize) {
            timeout(DEADLINE, self.server.arrived(mails))
                .await
                .unwrap_or_else(|_| panic!("{} of {mails}", self.server.sent().len()));
        }

        async fn stop(mut self) {
            self.signal.stop();
            timeout(DEADLINE, async {
                while self.workers.join_next().await.is_some() {}
            })
            .await
            .expect("workers stop when they are told to");
        }
    }

    #[tokio::test]
    async fn mails_leave_as_they_come_by_workers_in_turn() {
        let crew = Crew::of(3).await;
        for mails in 1..=20 {
            crew.owe(1).await;
            crew.arrived(mails).await;
        }
        assert!(crew.server.connections() <= 3);
        assert_eq!(crew.server.sent().len(), 20);
        crew.stop().await;
    }

    #[tokio::test]
    async fn a_worker_whose_server_does_not_answer_holds_up_its_own_few_mails_alone() {
        let crew = Crew::of(2).await;
        crew.server.hang_on_finish();
        crew.owe(1).await;
        crew.arrived(1).await;
        crew.owe(100).await;
        crew.arrived(101).await;
        assert_eq!(crew.server.sent().len(), 100);
        crew.signal.stop();
    }

    #[tokio::test]
    async fn what_waits_at_the_start_is_shared_out() {
        let crew = Crew::of(4).await;
        crew.owe(200).await;
        crew.arrived(200).await;
        let mut recipients: Vec<_> = crew
            .server
            .sent()
            .into_iter()
            .map(|mail| mail.envelope.to)
            .collect();
        recipients.sort();
        recipients.dedup();
        assert_eq!(recipients.len(), 200);
        assert!(crew.server.connections() > 1);
        crew.stop().await;
    }
}
