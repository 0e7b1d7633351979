//! `recado serve`: the daemon, from its start to its orderly end.

mod administration;
mod api;
mod inbound;
mod lookout;
mod pages;
mod releasing;
mod signals;
mod starts;
mod watchdog;
mod workers;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, bail};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use recado_adapters_db::StartError;
use recado_adapters_http::ServerLimits;
use recado_app::post_comment::PostComment;
use recado_app::sign_in::SignIn;
use recado_app::stop::{self, StopSignal};
use recado_domain::channel::HoldReason;
use recado_domain::token::Keyring;
use recado_ports::channels::{Channels as _, Hold};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::cli::say;
use crate::config::{Configuration, ConfigurationFault};
use crate::ids::SystemIds;
use crate::wiring::House;
use inbound::LmtpDoor;
pub(crate) use signals::Signals;
use starts::StartsFile;
use watchdog::{Pulse, notify};

/// What the end may take beyond `[delivery] shutdown`, which the workers keep by themselves: writing down what became of
/// the mails.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(configuration: Arc<Configuration>) -> anyhow::Result<()> {
    let mut signals = Signals::install().context("signals")?;
    // First, so that a missing secret is told whether or not the database answers.
    let keyring = configuration.keyring(&SystemIds::default())?;
    let daemon = Daemon::start(House::open(configuration).await?, keyring).await?;
    let url = format!("http://{}", daemon.address);
    say(&format!("listening on {url}\n"));
    if let Some(address) = daemon.lmtp {
        say(&format!("listening on lmtp://{address}\n"));
    }
    if let Some(url) = daemon.set_up_url().await? {
        tracing::warn!(
            url,
            "there is no administrator yet: whoever opens this page becomes the first"
        );
        say(&format!("set up the service at {url}\n"));
    }
    notify(&[
        NotifyState::Ready,
        NotifyState::Status(&format!("serving on {url}")),
    ]);
    let signal = signals.next().await;
    tracing::info!(signal, "stopping");
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status("finishing what is in flight"),
    ]);
    tokio::select! {
        () = daemon.stop() => tracing::info!("stopped"),
        signal = signals.next() => bail!("{signal} came twice: left before all in flight had ended"),
    }
    Ok(())
}

/// A running daemon.
pub(crate) struct Daemon {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where it takes mail by LMTP, when it does.
    pub(crate) lmtp: Option<SocketAddr>,
    /// What it works with.
    pub(crate) house: House,
    keyring: Arc<Keyring>,
    http: JoinHandle<()>,
    loops: JoinSet<()>,
    watchdog: JoinHandle<()>,
    signal: StopSignal,
    shutdown: CancellationToken,
}

impl Daemon {
    /// Takes the database over and starts listening and delivering.
    pub(crate) async fn start(house: House, keyring: Arc<Keyring>) -> anyhow::Result<Self> {
        let transport = house.transport()?;
        let receive = house.receive_mail(&keyring);
        let mailbox = house.mailbox_reader(receive.clone())?;
        // Before the database is taken over: a daemon that cannot listen changes nothing.
        let listen = &house.configuration.http.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("http.listen: {listen} cannot be listened on"))?;
        let address = listener.local_addr().context("http.listen")?;
        let door = LmtpDoor::open(&house.configuration).await?;
        let lmtp = door.as_ref().map(|door| door.address);
        take_over(&house, &keyring).await?;

        let metrics = recorder();
        let shutdown = CancellationToken::new();
        let router = recado_adapters_http::router(
            api::api(&house, &keyring, &receive),
            pages::pages(&house, &keyring, &receive)?,
            api::options(&house, metrics.clone(), shutdown.clone()),
        );
        let limits = ServerLimits {
            shutdown: house.configuration.delivery.shutdown,
            ..ServerLimits::default()
        };
        let http = tokio::spawn(recado_adapters_http::serve(
            listener,
            router,
            limits,
            shutdown.clone(),
        ));

        let pulse = Pulse::new(house.clock.clone());
        let (signal, stop) = stop::channel();
        let mut loops = workers::start(&house, &transport, &receive, metrics, pulse.clone(), &stop);
        inbound::start(&house, &receive, mailbox, door, &stop, &mut loops);
        let watchdog = tokio::spawn(watchdog::ping(pulse));
        tracing::info!(%address, lmtp = ?lmtp, workers = house.configuration.workers, version = env!("CARGO_PKG_VERSION"), "serving");
        Ok(Self {
            address,
            lmtp,
            house,
            keyring,
            http,
            loops,
            watchdog,
            signal,
            shutdown,
        })
    }

    /// Takes comments in, as the API does.
    pub(crate) fn post_comment(&self) -> PostComment {
        api::post_comment(&self.house, &self.keyring)
    }

    /// Lets people in, as the pages do.
    pub(crate) fn sign_in(&self) -> SignIn {
        pages::sign_in(&self.house, &self.keyring)
    }

    /// Where the first administrator is made, while there is none. The address is the configuration's: parameter 33 is
    /// an administrator's to set.
    async fn set_up_url(&self) -> anyhow::Result<Option<String>> {
        let set_up = pages::set_up(&self.house, &self.keyring);
        let is_open = set_up.is_open().await.context("looking for an administrator")?;
        let base = &self.house.configuration.messaging.public_url;
        Ok(is_open.then(|| format!("{base}/setup/{}", set_up.token())))
    }

    /// Stops taking in and claiming, and waits for what is in flight, within `[delivery] shutdown`. A mail that is
    /// taken in meanwhile is stored; what it owes is delivered after the next start.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        self.signal.stop();
        let limit = self.house.configuration.delivery.shutdown + GRACE;
        let ended = tokio::time::timeout(limit, async {
            while self.loops.join_next().await.is_some() {}
            // Whether the server's task panicked does not matter any more.
            drop((&mut self.http).await);
        });
        if ended.await.is_err() {
            tracing::warn!("mails were still under way; their leases end them");
        }
        self.watchdog.abort();
    }
}

/// Makes this process the database's daemon, and looks whether the database was restored from a backup.
async fn take_over(house: &House, keyring: &Keyring) -> anyhow::Result<()> {
    let starts = StartsFile::beside(&house.configuration.secret_file);
    // Read before the start is counted: another daemon's start between the two must not look like a restore.
    let copy = starts.read()?;
    let fingerprint = keyring.fingerprint();
    let adopted = house
        .database
        .adopt_secret(&fingerprint, &keyring.older_fingerprints())
        .await;
    adopted.context("the database cannot be served")?;
    let counter = match house.database.start_daemon(&fingerprint).await {
        Ok(counter) => counter,
        Err(error @ StartError::OtherSecret) => {
            let message = "does not fit the database";
            return Err(ConfigurationFault::new("security.secret_file", message)
                .because(error)
                .into());
        }
        Err(error) => return Err(anyhow::Error::from(error).context("the database cannot be served")),
    };
    if copy > counter.previous {
        let detail = format!(
            "the database counts {} starts, the file beside the secret {copy}: it is an older copy, and may hold mails \
             that were sent since",
            counter.previous
        );
        tracing::error!(
            alarm = "restored",
            detail,
            "every channel is held: recado channel release 0 when all is well"
        );
        let hold = Hold {
            reason: HoldReason::Restored,
            detail,
            since: house.clock.now(),
        };
        house
            .database
            .hold_all(&hold)
            .await
            .context("holding the channels of a restored database")?;
    }
    // Only now: a crash before this line finds the restore again.
    starts.write(counter.current)
}

/// Bounds that tell a read (a millisecond), a flushed commit (some milliseconds) and a wait (a second) apart; no request
/// takes longer than the last.
const REQUEST_SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// The process's metrics; there is one recorder to a process.
fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let requests = Matcher::Full("recado_http_request_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets(&[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0])
            .and_then(|builder| builder.set_buckets_for_metric(requests, &REQUEST_SECONDS))
            .expect("the buckets are not empty");
        builder
            .install_recorder()
            .expect("this is the only recorder of the process")
    };
    RECORDER.get_or_init(install).clone()
}
