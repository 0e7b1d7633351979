//! A daemon with its database and a mail server of its own, configured, with tickets to comment on.

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use recado_tests::api::Api;
use recado_tests::daemon::{Daemon, Installation, Store};
use recado_tests::servers::Postgres;

use crate::driver::{TICKETS, Target};
use crate::processor::Processes;
use crate::report::Row;
use crate::sink::Sink;

/// Connections to the mail server, the daemon's and the bare client's.
pub(crate) const CONNECTIONS: usize = 4;

/// How long mails may take to come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// A database that is measured.
pub(crate) struct Kind<'a> {
    /// Its name in keys.
    pub(crate) key: &'static str,
    /// Its name in words.
    pub(crate) name: &'static str,
    /// The server, where there is one.
    pub(crate) postgres: Option<&'a Postgres>,
}

impl Kind<'_> {
    pub(crate) fn is_sqlite(&self) -> bool {
        self.postgres.is_none()
    }

    /// A figure of it.
    pub(crate) fn row(&self, what: &str, label: &str, unit: &'static str, repetitions: &[f64]) -> Row {
        Row::of(
            &format!("{}.{what}", self.key),
            &format!("{}: {label}", self.name),
            unit,
            repetitions,
        )
    }

    /// A fresh, empty database.
    pub(crate) fn store(&self) -> Store {
        match self.postgres {
            None => Store::Sqlite,
            Some(postgres) => Store::Postgres(postgres.database("bench")),
        }
    }
}

/// A daemon, all that it needs, and the mail server that it sends to.
pub(crate) struct Stage<'a> {
    pub(crate) kind: &'a Kind<'a>,
    pub(crate) store: Store,
    pub(crate) installation: Installation,
    pub(crate) sink: Sink,
    token: String,
    daemon: Option<Daemon>,
}

impl<'a> Stage<'a> {
    /// Sets one up and starts it.
    pub(crate) async fn set_up(kind: &'a Kind<'a>) -> Self {
        let sink = Sink::start();
        let store = kind.store();
        let installation = Installation::new(&store, &sections());
        let token = installation.administrator();
        let daemon = installation.serve();
        let api = daemon.api(&token);
        api.configure(sink.address().port()).await;
        let mut puts = tokio::task::JoinSet::new();
        for n in 0..TICKETS {
            let api = api.clone();
            puts.spawn(async move { api.ticket(&format!("T{n:05}")).await });
        }
        puts.join_all().await;
        Self {
            kind,
            store,
            installation,
            sink,
            token,
            daemon: Some(daemon),
        }
    }

    /// The running daemon.
    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("it runs")
    }

    /// A client of the running daemon, as an administrator.
    pub(crate) fn api(&self) -> Api {
        self.daemon().api(&self.token)
    }

    /// SQLite's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.installation.path().join("recado.db")
    }

    /// Runs SQL on its database.
    pub(crate) fn execute(&self, sql: &str) {
        if let (Store::Postgres(url), Some(postgres)) = (&self.store, self.kind.postgres) {
            postgres.query(url, sql).expect("the statements are valid");
        } else {
            let file = self.file();
            let path = file.to_str().expect("the folder's name is UTF-8");
            let mut connection = SqliteConnection::establish(path).expect("it opens");
            connection.batch_execute(sql).expect("the statements are valid");
        }
    }

    /// Where comments are posted.
    pub(crate) fn target(&self) -> Target {
        self.target_of(self.daemon())
    }

    /// The same at another daemon on the same database.
    pub(crate) fn target_of(&self, daemon: &Daemon) -> Target {
        let address = daemon.base().trim_start_matches("http://");
        Target {
            address: address.parse().expect("an address and a port"),
            token: self.token.clone(),
        }
    }

    /// The processes that a mail costs time in.
    pub(crate) fn processes(&self) -> Processes {
        Processes::new(&self.daemon, self.kind.postgres)
    }

    /// Stops the daemon.
    pub(crate) fn stop(&mut self) {
        let daemon = self.daemon.take().expect("it runs");
        assert!(daemon.stop().success(), "the daemon stops in order");
    }

    /// Starts the daemon again.
    pub(crate) fn serve(&mut self) {
        self.daemon = Some(self.installation.serve());
    }
}

/// What the configuration says besides what every installation's does.
pub(crate) fn sections() -> String {
    format!("[mail]\nconnections = {CONNECTIONS}\n")
}
