//! The loops beside the HTTP server: delivery, one connection each, and housekeeping.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use recado_app::deliver_batch::{AccountGate, DeliverBatch};
use recado_app::keep_house::{Diary, KeepHouse};
use recado_app::receive_mail::ReceiveMail;
use recado_app::release_held::ReleaseHeld;
use recado_app::stop::Stop;
use recado_domain::channel::AccountId;
use recado_ports::events::Events;
use recado_ports::mail::Transport;
use tokio::task::JoinSet;

use super::lookout::{Lookout, delivery};
use super::releasing::releasing;
use super::watchdog::Pulse;
use crate::wiring::House;

/// Between two rounds of housekeeping.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// After a panic, which is a bug that must not spin.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Starts every loop; each ends by itself when it is told to stop.
pub(super) fn start(
    house: &House,
    transport: &Arc<dyn Transport>,
    receive: &Arc<ReceiveMail>,
    metrics: PrometheusHandle,
    pulse: Pulse,
    stop: &Stop,
) -> JoinSet<()> {
    let settings = &house.configuration.delivery;
    let gate = Arc::new(AccountGate::new(AccountId::DEFAULT, settings));
    let deliver = Arc::new(DeliverBatch {
        outbox: house.database.clone(),
        channels: house.database.clone(),
        parameters: house.database.clone(),
        suppressions: house.database.clone(),
        transport: transport.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        settings: settings.clone(),
        gate: gate.clone(),
    });
    let keep = Arc::new(KeepHouse {
        outbox: house.database.clone(),
        comments: house.database.clone(),
        inbox: house.database.clone(),
        channels: house.database.clone(),
        events: house.database.clone(),
        sessions: house.database.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        settings: settings.clone(),
        keep_messages: house.configuration.keep_messages,
        gate,
        receive: receive.clone(),
        diary: Diary::default(),
    });
    let events: Arc<dyn Events> = house.database.clone();
    let mut loops = JoinSet::new();
    let lookout = Lookout::of(events.clone(), settings.batch);
    for _ in 0..house.configuration.workers {
        let (deliver, lookout, stop) = (deliver.clone(), lookout.clone(), stop.clone());
        loops.spawn(again_after_panic("delivery", stop.clone(), move || {
            delivery(deliver.clone(), lookout.clone(), stop.clone())
        }));
    }
    let release = Arc::new(ReleaseHeld {
        comments: house.database.clone(),
        clock: house.clock.clone(),
    });
    let releasing_stop = stop.clone();
    loops.spawn(again_after_panic("releasing", stop.clone(), move || {
        releasing(release.clone(), events.clone(), releasing_stop.clone())
    }));
    let stop = stop.clone();
    loops.spawn(again_after_panic("housekeeping", stop.clone(), move || {
        housekeeping(keep.clone(), metrics.clone(), pulse.clone(), stop.clone())
    }));
    loops
}

async fn housekeeping(keep: Arc<KeepHouse>, metrics: PrometheusHandle, pulse: Pulse, stop: Stop) {
    while !stop.is_requested() {
        keep.run().await;
        metrics.run_upkeep();
        pulse.beat();
        tokio::select! {
            () = tokio::time::sleep(HOUSEKEEPING) => {}
            () = stop.requested() => {}
        }
    }
}

/// Runs a loop to its end; one that panics begins anew, with an alarm. Its mails go on when their lease runs out.
pub(super) async fn again_after_panic<F>(name: &'static str, stop: Stop, begin: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = tokio::spawn(begin()).await {
        if stop.is_requested() || error.is_cancelled() {
            return;
        }
        tracing::error!(alarm = "panic", task = name, "a task panicked and begins anew");
        metrics::counter!("recado_panics_total", "task" => name).increment(1);
        tokio::time::sleep(AFTER_PANIC).await;
    }
}
