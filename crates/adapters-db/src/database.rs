//! The database behind all store ports.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use recado_domain::parameter::Parameter;
use recado_ports::clock::Clock;
use recado_ports::comments::ContextQuery;
use recado_ports::ids::Ids;
use recado_ports::people::{TokenHash, TokenOwner};
use recado_ports::store::StoreError;

use crate::column::{Key, micros, span};
use crate::comments::accept::{self, Accept, Accepted};
use crate::comments::context::{self, Facts};
use crate::gather::Gatherer;
use crate::migrations::{self, Direction};
use crate::outbox::marks::{self, Mark};
use crate::people::owner;
use crate::postgres::{self, PostgresStore, TlsError};
use crate::settings::SettingsCache;
use crate::sqlite::{DaemonLock, LockError, SqliteStore};
use crate::url::{DatabaseUrl, Protection, UrlError};
use crate::wakeup::News;

/// What a database needs to know besides its URL.
#[derive(Clone)]
pub struct Options {
    /// Most connections to PostgreSQL, or readers of a SQLite file, at a time.
    pub connections: usize,
    /// Certificates (PEM) that a PostgreSQL server's may be signed with; unset, those that the system trusts.
    pub trusted_certificates: Option<PathBuf>,
    /// Normalized values that the configuration pins: they win over stored ones, and cannot be set.
    pub pinned: BTreeMap<Parameter, String>,
    /// Measures leases on SQLite.
    pub clock: Arc<dyn Clock>,
    /// Names this process among the daemons of one PostgreSQL.
    pub ids: Arc<dyn Ids>,
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is wrong.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// TLS is wanted and cannot be had.
    #[error("the connection to the database cannot be protected")]
    Tls(#[from] TlsError),
    /// The file's folder cannot be made.
    #[error("the database file {} cannot be created", .path.display())]
    File {
        /// As the URL names it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be reached, or its schema not be brought up to date.
    #[error("the database cannot be migrated")]
    Migrate(#[source] StoreError),
}

/// Why a daemon may not use a database.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another one does; SQLite serves one.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The daemons of one database share one secret, or one would refuse what another signed.
    #[error(
        "the secret file is not the one that this database is used with: give every daemon a copy of the first one's"
    )]
    OtherSecret,
    /// As every store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often daemons were started on a database. A copy kept elsewhere that is ahead of `previous` tells that the
/// database is a restored one, older than what was sent already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartCounter {
    /// Before this start.
    pub previous: u64,
    /// This start included.
    pub current: u64,
}

/// All store ports, on SQLite or PostgreSQL. Share it by `Arc`.
pub struct Database {
    pub(crate) backend: Arc<Backend>,
    pub(crate) accepting: Gatherer<Accept, Accepted>,
    pub(crate) owners: Gatherer<TokenHash, Option<TokenOwner>>,
    pub(crate) asking: Gatherer<ContextQuery, Option<Facts>>,
    pub(crate) settings_cache: SettingsCache,
    pub(crate) marking: Gatherer<Mark, Vec<Key>>,
    pub(crate) options: Options,
    daemon: Mutex<Option<DaemonLock>>,
}

/// The two kinds.
pub(crate) enum Backend {
    /// A file.
    Sqlite(SqliteStore),
    /// A server.
    Postgres(PostgresStore),
}

impl Database {
    /// Opens a database, creates it where it is a file that is not there, and migrates it. Needs a tokio runtime.
    ///
    /// ```no_run
    /// # async fn example(options: recado_adapters_db::Options) -> Result<(), recado_adapters_db::OpenError> {
    /// use recado_adapters_db::Database;
    /// let database = Database::open("sqlite://var/recado.db", options).await?;
    /// # Ok(()) }
    /// ```
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        let backend = match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite(path) => {
                create(&path).map_err(|source| OpenError::File {
                    path: path.clone(),
                    source,
                })?;
                let file = path.clone();
                let migrating =
                    tokio::task::spawn_blocking(move || migrations::migrate_sqlite(&file, Direction::Up));
                let migrated = migrating.await.expect("migrating does not panic");
                migrated.map_err(|fault| OpenError::Migrate(fault.into()))?;
                Backend::Sqlite(SqliteStore::new(
                    path,
                    options.connections.min(readers()),
                    Arc::clone(&options.clock),
                ))
            }
            DatabaseUrl::Postgres(config, protection) => {
                let tls = match protection {
                    Protection::None => None,
                    Protection::Tls => Some(postgres::connector(options.trusted_certificates.as_deref())?),
                };
                let server = postgres::Server::new(*config, tls);
                let migrate = async {
                    let connection = server.connect().await?;
                    migrations::migrate_postgres(connection, Direction::Up).await
                };
                migrate.await.map_err(|fault| OpenError::Migrate(fault.into()))?;
                Backend::Postgres(PostgresStore::new(
                    server,
                    options.connections,
                    options.ids.random(),
                ))
            }
        };
        let backend = Arc::new(backend);
        Ok(Self {
            accepting: accept::gatherer(&backend),
            owners: owner::gatherer(&backend),
            asking: context::gatherer(&backend),
            settings_cache: SettingsCache::default(),
            marking: marks::gatherer(&backend),
            backend,
            options,
            daemon: Mutex::new(None),
        })
    }

    /// What a daemon does first: takes the file's lock (SQLite), compares the secret's fingerprint with the one stored
    /// at the first start (PostgreSQL), ends the leases of the daemon before it (SQLite), makes accounts of an older
    /// version searchable, counts the start.
    ///
    /// The lock is held until the database is dropped.
    pub async fn start_daemon(&self, secret_fingerprint: &str) -> Result<StartCounter, StartError> {
        match &*self.backend {
            Backend::Sqlite(store) => {
                let lock = DaemonLock::acquire(store.path())?;
                *self.daemon.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
                let ended = self.end_all_leases(self.options.clock.now()).await?;
                if ended > 0 {
                    tracing::info!(ended, "ended the leases of the daemon before this one");
                }
            }
            Backend::Postgres(_) => {
                self.check_secret(secret_fingerprint).await?;
                self.reseat_log().await?;
            }
        }
        self.fill_search_texts().await?;
        Ok(self.next_start().await?)
    }

    /// The clock's reading that leases are reckoned from, in microseconds: nothing on PostgreSQL, whose own clock counts.
    pub(crate) fn lease_offset(&self, lease: Duration) -> i64 {
        match &*self.backend {
            Backend::Sqlite(store) => span(store.lease_base()).saturating_add(span(lease)),
            Backend::Postgres(_) => span(lease),
        }
    }

    /// Wakes those who wait, when a commit turned out to be news.
    pub(crate) fn spread(&self, news: News) {
        match &*self.backend {
            Backend::Sqlite(store) => store.spread(news),
            Backend::Postgres(store) => store.spread(news),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        micros(self.now_timestamp())
    }

    fn now_timestamp(&self) -> Timestamp {
        self.options.clock.now()
    }
}

impl AsRef<Backend> for Database {
    fn as_ref(&self) -> &Backend {
        &self.backend
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match *self.backend {
            Backend::Sqlite(_) => "SQLite",
            Backend::Postgres(_) => "PostgreSQL",
        };
        write!(f, "Database({kind})")
    }
}

/// How many readers of a file are worth their memory: one a processor, and not so few that a few searches keep all others
/// waiting.
fn readers() -> usize {
    std::thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .max(6)
}

/// Makes the file, readable by its owner alone: it holds the mail server's password.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_file| ())
}
