//! First figures of speed: mails a second end to end and coming in, processor time per mail, and whether a large
//! database changes either, beside what a bare SMTP client reaches against the same sink in the same run.
//!
//! Run by `cargo xtask bench`, which builds the release binary. Figures are of this machine and this minute; the
//! ratios are what to compare.

mod bare_client;
mod incoming;
mod load;
mod processor;

use std::time::{Duration, Instant};

use recado_test_support::smtp_server::{Keep, SmtpServer};
use recado_tests::api::Api;
use recado_tests::daemon::{Daemon, Installation, Store};
use recado_tests::servers::Postgres;
use serde_json::json;

/// Connections to the mail server, the daemon's and the bare client's.
const CONNECTIONS: usize = 4;

/// Callers that post comments at once.
const CALLERS: usize = 32;

/// Tickets that the comments are spread over.
const TICKETS: usize = 200;

/// Comments that are posted one after the other to measure a single one.
const SINGLES: usize = 200;

/// What a queue that does not move must not slow down.
const STORED_COMMENTS: u32 = 1_000_000;
const QUEUED_MAILS: u32 = 200_000;

const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::main]
async fn main() {
    let mails = std::env::args()
        .nth(1)
        .map_or(10_000, |number| number.parse().expect("the number of mails"));
    let ways = std::env::args().nth(2);
    let is_wanted = |way: &str| ways.as_deref().is_none_or(|wanted| wanted == way);
    let sink = SmtpServer::builder().keep(Keep::Digests).start().await;
    let bare = bare_client::rate(sink.address(), CONNECTIONS, mails).await;
    println!("bare SMTP client, {CONNECTIONS} connections, pipelining: {bare:.0} mails/s");
    drop(sink);
    let postgres = Postgres::for_this_test();
    let mut stores = vec![("SQLite", Store::Sqlite)];
    if let Some(postgres) = &postgres {
        stores.push(("PostgreSQL", Store::Postgres(postgres.database("bench"))));
    } else {
        println!("PostgreSQL is not installed: it is left out");
    }
    for (name, store) in &stores {
        if is_wanted("out") {
            measure(name, store, mails, bare, postgres.as_ref()).await;
        }
        if !is_wanted("in") {
            continue;
        }
        let store = match &postgres {
            Some(postgres) if *store != Store::Sqlite => Store::Postgres(postgres.database("bench_in")),
            _ => Store::Sqlite,
        };
        incoming::measure(name, &store, postgres.as_ref()).await;
    }
}

async fn measure(name: &str, store: &Store, mails: usize, bare: f64, postgres: Option<&Postgres>) {
    let sink = SmtpServer::builder().keep(Keep::Digests).start().await;
    let sections = format!("[mail]\nconnections = {CONNECTIONS}\n");
    let installation = Installation::new(store, &sections);
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(sink.port()).await;
    for n in 0..TICKETS {
        api.ticket(&format!("T{n}")).await;
    }

    let before = processor::used(&daemon, postgres.filter(|_| *store != Store::Sqlite));
    let start = Instant::now();
    post(&api, mails).await;
    let accepted = start.elapsed().as_secs_f64();
    sink.wait_for_count(mails, PATIENCE).await;
    let took = start.elapsed().as_secs_f64();
    let used = processor::used(&daemon, postgres.filter(|_| *store != Store::Sqlite)).saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "a count of mails")]
    let count = mails as f64;
    let rate = count / took;
    println!(
        "{name}: {rate:.0} mails/s end to end ({:.2} of the bare client), {:.0} comments/s accepted, \
         {:.3} ms of processor time a mail, {} MiB resident",
        rate / bare,
        count / accepted,
        used.as_secs_f64() * 1000.0 / count,
        processor::resident_mib(&daemon),
    );

    let empty = singles(&api, &sink).await;
    // The load goes in while no daemon runs, and no daemon may send it: its mails are due in a year.
    assert!(daemon.stop().success());
    let loading = Instant::now();
    load::fill(store, &installation, postgres, STORED_COMMENTS, QUEUED_MAILS);
    println!(
        "{name}: loaded {STORED_COMMENTS} comments and {QUEUED_MAILS} queued mails in {:.0?}",
        loading.elapsed()
    );
    let daemon: Daemon = installation.serve();
    let full = singles(&daemon.api(&token), &sink).await;
    for (what, empty, full) in [
        ("accept one", empty.0, full.0),
        ("accept and deliver one", empty.1, full.1),
    ] {
        println!(
            "{name}: to {what}: {:.2} ms before, {:.2} ms with them, ratio {:.2}",
            empty.as_secs_f64() * 1000.0,
            full.as_secs_f64() * 1000.0,
            full.as_secs_f64() / empty.as_secs_f64(),
        );
    }
    println!(
        "{name}: {} MiB resident with them",
        processor::resident_mib(&daemon)
    );
    assert!(daemon.stop().success());
}

/// Posts comments from many callers at once.
async fn post(api: &Api, mails: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let api = api.clone();
        tasks.spawn(async move {
            for n in (caller..mails).step_by(CALLERS) {
                comment(&api, n).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("posting does not panic");
    }
}

async fn comment(api: &Api, n: usize) {
    let body = json!({
        "text": "La impresora se atasca otra vez con cada tercera hoja.\nSolo con la bandeja 2.",
        "author": { "name": "Ana Peña", "email": "ana@example.com" },
    });
    api.post(&format!("/tickets/T{}/comments", n % TICKETS), body)
        .await;
}

/// The median times to accept one comment, and until its mail is at the sink.
async fn singles(api: &Api, sink: &SmtpServer) -> (Duration, Duration) {
    let (mut accepts, mut deliveries) = (Vec::new(), Vec::new());
    for n in 0..SINGLES {
        let already = sink.count();
        let start = Instant::now();
        comment(api, n).await;
        accepts.push(start.elapsed());
        sink.wait_for_count(already + 1, PATIENCE).await;
        deliveries.push(start.elapsed());
    }
    (median(accepts), median(deliveries))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
