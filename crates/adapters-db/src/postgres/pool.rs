//! Connections to the server, kept open and lent out.

use std::time::Duration;

use deadpool::managed::QueueMode;
use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool as Deadpool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::fault::Fault;

/// Longest time for one TCP connection, its login included.
const CONNECT: Duration = Duration::from_secs(10);

/// Where the database is, and how to get there.
#[derive(Clone)]
pub(crate) struct Server {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// With `tls` set the server must offer TLS, and its certificate must be good.
    pub(crate) fn new(mut config: tokio_postgres::Config, tls: Option<MakeRustlsConnect>) -> Self {
        config
            .application_name("recado")
            .ssl_mode(if tls.is_some() {
                SslMode::Require
            } else {
                SslMode::Disable
            })
            .connect_timeout(CONNECT)
            .keepalives_idle(Duration::from_mins(1))
            .tcp_user_timeout(Duration::from_secs(30));
        Self { config, tls }
    }

    /// Opens a connection and leaves it to a task that ends with it.
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, Fault> {
        let connecting = async {
            if let Some(tls) = &self.tls {
                let (client, connection) = self
                    .config
                    .connect(tls.clone())
                    .await
                    .map_err(Fault::unavailable)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            } else {
                let plain = self.config.connect(tokio_postgres::NoTls).await;
                let (client, connection) = plain.map_err(Fault::unavailable)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            .map_err(Fault::unavailable)
        };
        let connected = tokio::time::timeout(CONNECT, connecting).await;
        connected.unwrap_or_else(|_| Err(Fault::unavailable("the database server does not answer")))
    }
}

/// The pool.
pub(super) struct Pool {
    server: Server,
    pool: Deadpool<AsyncPgConnection>,
}

impl Pool {
    pub(super) fn new(server: Server, connections: usize) -> Self {
        let mut config = ManagerConfig::default();
        // Whether the connection is open and outside a transaction is known without asking the server.
        config.recycling_method = RecyclingMethod::Fast;
        let connector = server.clone();
        config.custom_setup = Box::new(move |_| {
            let server = connector.clone();
            async move {
                let connected = server
                    .connect()
                    .await
                    .map_err(recado_ports::store::StoreError::from);
                connected.map_err(|error| ConnectionError::BadConnection(causes(&error)))
            }
            .boxed()
        });
        // The manager's URL goes to the setup above, which needs none: it could end up in a log.
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        // The last one used is lent first: it has its statements prepared and planned, and its memory is warm.
        let pool = Deadpool::builder(manager)
            .max_size(connections.max(1))
            .queue_mode(QueueMode::Lifo)
            .build();
        Self {
            server,
            pool: pool.expect("a pool without time limits needs no runtime"),
        }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Waits for a connection; the caller bounds the wait.
    pub(super) async fn lend(&self) -> Result<Lent, Fault> {
        self.pool
            .get()
            .await
            .map(|object| Lent(Some(object)))
            .map_err(Fault::unavailable)
    }
}

/// A connection out of the pool. It is closed when it is dropped, unless it was given back.
pub(super) struct Lent(Option<Object<AsyncPgConnection>>);

impl Lent {
    pub(super) fn connection(&mut self) -> &mut AsyncPgConnection {
        self.0
            .as_mut()
            .expect("a lent connection is there until it is given back")
    }

    /// Gives the connection back, unless the failure was its own.
    pub(super) fn give_back_after<T>(mut self, result: &Result<T, Fault>) {
        if result.as_ref().err().is_none_or(Fault::spares_the_connection) {
            drop(self.0.take());
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
