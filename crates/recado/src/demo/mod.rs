//! `recado demo`: the main job, at once, with nothing else installed. Throw-away data, sample people, and a mail catcher
//! inside the process that the daemon delivers to by SMTP. The first mail is answered, and the answer handed back by LMTP.

mod answer;
mod catcher;
mod display;
mod sample;
mod sign_in;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use recado_app::access::Actor;
use recado_app::post_comment::{NewComment, Posted};
use recado_app::read_mails::MailQuery;
use recado_domain::comment::{Kind, Origin, Visibility};
use recado_domain::ledger::Outcome;
use recado_domain::parameter::Parameter;
use recado_domain::ticket::TicketNumber;
use recado_ports::page::{PageLimit, PageRequest};

use crate::cli::{Answer, say};
use crate::config::{Configuration, Sources};
use crate::ids::SystemIds;
use crate::log;
use crate::serve::{Daemon, Signals};
use crate::wiring::House;
use catcher::{Catcher, CaughtMail};

/// How long the first mail may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The port of the HTTP API, when it is free.
const PORT: u16 = 8417;

/// What the demonstration can be told.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Listen on this port; 0: any free one [default: 8417, or any free one]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Keep the data in this directory
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// End after the first mail, or after 30 s without one
    #[arg(long)]
    once: bool,
}

/// Runs until a signal, or with `--once` until the first mail.
pub(crate) fn run(arguments: &DemoArguments, verbose: u8) -> anyhow::Result<Answer> {
    let throw_away = match &arguments.keep {
        None => Some(
            tempfile::Builder::new()
                .prefix("recado-demo-")
                .tempdir()
                .context("a temporary directory")?,
        ),
        Some(_) => None,
    };
    let directory = match (&arguments.keep, &throw_away) {
        (Some(keep), _) => keep.clone(),
        (None, throw_away) => throw_away
            .as_ref()
            .expect("one was made above")
            .path()
            .to_path_buf(),
    };
    let port = arguments
        .port
        .unwrap_or_else(|| if is_free(PORT) { PORT } else { 0 });
    let configuration = Arc::new(configuration(&directory, port)?);
    log::start(&configuration.log, log::Process::Command, verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shown = runtime.block_on(show(configuration, arguments));
    runtime.shutdown_timeout(Duration::from_secs(1));
    // The directory goes last, when nothing writes into it any more.
    drop(throw_away);
    shown.map(|()| Answer::silent())
}

/// The demonstration reads neither file nor environment: it is the same everywhere.
fn configuration(directory: &Path, port: u16) -> anyhow::Result<Configuration> {
    let path = |name: &str| directory.join(name).display().to_string();
    let environment = BTreeMap::from([
        (
            "RECADO_DATABASE__URL".to_owned(),
            format!("sqlite://{}", path("recado.db")),
        ),
        ("RECADO_SECURITY__SECRET_FILE".to_owned(), path("secret")),
        ("RECADO_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}")),
        (
            "RECADO_HTTP__PUBLIC_URL".to_owned(),
            format!("http://127.0.0.1:{port}"),
        ),
        ("RECADO_DESK__NAME".to_owned(), "Mesa de ayuda".to_owned()),
        ("RECADO_INBOUND__LMTP".to_owned(), "127.0.0.1:0".to_owned()),
    ]);
    Ok(Configuration::load(&Sources {
        file: None,
        environment,
    })?)
}

fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

async fn show(configuration: Arc<Configuration>, arguments: &DemoArguments) -> anyhow::Result<()> {
    let mut signals = Signals::install().context("signals")?;
    let keyring = configuration.keyring(&SystemIds::default())?;
    let house = House::open(configuration).await?;
    let mut catcher = Catcher::start().await.context("the mail catcher")?;
    let token = sample::fill(&house, catcher.address).await?;
    let daemon = Daemon::start(house, keyring).await?;
    let url = format!("http://{}", daemon.address);
    // The port may be one that the system picked: links in mails must lead here.
    let system_url = daemon.house.set_parameter();
    system_url
        .run(&Actor::Operator, Parameter::SystemUrl, Some(&url))
        .await
        .context("the sample parameters")?;
    post(&daemon).await?;
    let first = tokio::select! {
        mail = tokio::time::timeout(PATIENCE, catcher.mails.recv()) => mail.ok().flatten(),
        _ = signals.next() => return end(daemon, &mut signals).await,
    };
    match &first {
        Some(mail) => {
            say(&display::shown(1, mail));
            if let Err(error) = answer(&daemon, mail).await {
                eprintln!("recado: demo: the answer did not come back: {error:#}");
            }
        }
        None => eprintln!("recado: demo: no mail arrived within {} s", PATIENCE.as_secs()),
    }
    if !arguments.once {
        let mut count = usize::from(first.is_some());
        let links = sign_in::links(&daemon, &mut catcher, &mut count).await;
        say(&how_to_go_on(
            &daemon,
            &token,
            &links.unwrap_or_else(|error| {
                eprintln!("recado: demo: there are no links to sign in with: {error:#}");
                String::new()
            }),
            arguments.keep.as_deref(),
        ));
        loop {
            tokio::select! {
                Some(mail) = catcher.mails.recv() => {
                    count += 1;
                    say(&display::shown(count, &mail));
                }
                _ = signals.next() => break,
            }
        }
    } else if first.is_none() {
        end(daemon, &mut signals).await?;
        bail!("demo: it ends without a mail");
    }
    end(daemon, &mut signals).await
}

async fn end(daemon: Daemon, signals: &mut Signals) -> anyhow::Result<()> {
    tokio::select! {
        () = daemon.stop() => {}
        _ = signals.next() => {}
    }
    Ok(())
}

/// The requester writes, so the technician is told.
async fn post(daemon: &Daemon) -> anyhow::Result<()> {
    let comment = NewComment {
        text: sample::COMMENT.to_owned(),
        author: Some(sample::requester()),
        visibility: Visibility::Public,
        kind: Kind::Message,
        origin: Origin::Api,
        attachments: Vec::new(),
    };
    let number = TicketNumber::parse(sample::TICKET).expect("the sample is valid");
    match daemon
        .post_comment()
        .run(&Actor::Operator, &number, comment, None)
        .await
        .context("the sample comment")?
    {
        Posted::New(posted) => {
            say(&format!(
                "{} wrote on ticket {}; notification: {}\n",
                posted.comment.author.name,
                posted.ticket,
                posted.notification.as_str()
            ));
        }
        Posted::Repeated { .. } => unreachable!("no idempotency key was given"),
    }
    Ok(())
}

/// The technician answers the mail in a mail program; what comes of it is shown.
async fn answer(daemon: &Daemon, mail: &CaughtMail) -> anyhow::Result<()> {
    let house = &daemon.house;
    let lmtp = daemon.lmtp.context("the daemon takes no mail")?;
    let (now, id) = (house.clock.now(), house.ids.next());
    answer::Answer::to_mail(mail, &sample::technician(), sample::ANSWER, now, id)?
        .deliver(lmtp)
        .await?;
    let newest = PageRequest {
        after: None,
        limit: PageLimit::clamp(1),
    };
    let mails = house
        .read_mails()
        .list(&Actor::Operator, &MailQuery::default(), &newest)
        .await?;
    let shown = mails.items.into_iter().next().context("the ledger is empty")?;
    let (Some(number), Some(comment)) = (&shown.ticket, shown.entry.comment) else {
        bail!(
            "it is {}: {}",
            shown.entry.outcome.map_or("pending", Outcome::as_str),
            shown.entry.reason.unwrap_or_default()
        );
    };
    let (_, found) = house
        .read_comments()
        .find(&Actor::Operator, number, comment)
        .await?;
    say(&answer::shown(&found.comment, number.as_str()));
    Ok(())
}

fn how_to_go_on(daemon: &Daemon, token: &str, links: &str, keep: Option<&Path>) -> String {
    let url = format!("http://{}", daemon.address);
    let lmtp = daemon
        .lmtp
        .map(|address| format!("Mail comes in at lmtp://{address}.\n"))
        .unwrap_or_default();
    let data = match keep {
        Some(directory) => format!("The data stays in {}.", directory.display()),
        None => "The data goes when this ends (Ctrl-C).".to_owned(),
    };
    format!(
        "
Sign in at {url}/sign-in; the password of each account is {password}.
{links}
The API is at {url}/api/v1, its description at {url}/api/v1/openapi.json.
{lmtp}An administrator's token: {token}
Write for the technician, and see the mail arrive here:

  curl -sS {url}/api/v1/tickets/{ticket}/comments \\
    -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\
    -d '{{\"text\": \"Voy ahora mismo.\", \"author\": {{\"name\": \"Tomás Técnico\", \"email\": \"tomas@demo.example\"}}}}'

{data}
",
        ticket = sample::TICKET,
        password = sample::PASSWORD,
    )
}
