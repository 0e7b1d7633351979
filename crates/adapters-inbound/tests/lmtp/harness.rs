//! A server on a port of its own, and a client that says what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use recado_adapters_inbound::intake::Intake;
use recado_adapters_inbound::lmtp::{LmtpOptions, serve};
use recado_app::stop::{self, StopSignal};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::intake::Recorder;

/// No answer takes longer, or the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Arc<Recorder>,
    pub(crate) signal: StopSignal,
    pub(crate) task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut LmtpOptions)) -> Self {
        let ledger = Arc::new(Recorder::default());
        Self {
            ledger: ledger.clone(),
            ..Self::before(ledger, change).await
        }
    }

    /// A server that hands mails over to `receive`; its own ledger stays empty.
    pub(crate) async fn before(receive: Arc<dyn Intake>, change: impl FnOnce(&mut LmtpOptions)) -> Self {
        let mut options = LmtpOptions::new("mx.recado.test".to_owned(), 100_000);
        change(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (signal, stop) = stop::channel();
        let task = tokio::spawn(serve(listener, receive, options, stop));
        Self {
            address,
            ledger: Arc::default(),
            signal,
            task,
        }
    }

    /// A client that has read the greeting.
    pub(crate) async fn connect(&self) -> Client {
        let mut client = self.call().await;
        assert_eq!(client.hear().await, "220 mx.recado.test LMTP ready");
        client
    }

    /// A client that has said LHLO.
    pub(crate) async fn greeted(&self) -> Client {
        let mut client = self.connect().await;
        assert!(client.ask("LHLO client.test").await.starts_with("250"));
        client
    }

    /// A client that has heard nothing yet.
    pub(crate) async fn call(&self) -> Client {
        Client(BufReader::new(TcpStream::connect(self.address).await.unwrap()))
    }

    /// A client that takes a few answers and no more, for it reads none.
    pub(crate) async fn call_deaf(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Client(BufReader::new(socket.connect(self.address).await.unwrap()))
    }

    /// Waits for the server to end.
    pub(crate) async fn ended(self) {
        timeout(PATIENCE, self.task)
            .await
            .expect("the server stops")
            .unwrap();
    }
}

pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(octets.as_ref()).await.unwrap();
    }

    /// As [`Client::send`]; `false` when the server is gone.
    pub(crate) async fn try_send(&mut self, octets: &[u8]) -> bool {
        self.0.get_mut().write_all(octets).await.is_ok()
    }

    /// No more will be said.
    pub(crate) async fn fall_silent(&mut self) {
        self.0.get_mut().shutdown().await.unwrap();
    }

    /// One whole answer; its lines joined with `\n`.
    pub(crate) async fn hear(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line));
            assert!(
                read.await.expect("the server answers").unwrap() > 0,
                "hung up after {answer:?}"
            );
            let line = line.strip_suffix("\r\n").expect("lines end with CRLF");
            answer.push_str(line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return answer;
            }
            answer.push('\n');
        }
    }

    /// The codes of the next answers.
    pub(crate) async fn codes<const N: usize>(&mut self) -> [u16; N] {
        let mut codes = [0; N];
        for code in &mut codes {
            *code = self.hear().await[..3].parse().unwrap();
        }
        codes
    }

    pub(crate) async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.hear().await
    }

    /// Envelope with these recipients, all of which must be accepted.
    pub(crate) async fn envelope(&mut self, recipients: &[&str]) {
        assert!(self.ask("MAIL FROM:<ana@example.org>").await.starts_with("250"));
        for recipient in recipients {
            assert!(
                self.ask(&format!("RCPT TO:<{recipient}>"))
                    .await
                    .starts_with("250")
            );
        }
    }

    /// The server has nothing more to say and hangs up.
    pub(crate) async fn assert_closed(&mut self) {
        let rest = self.rest().await;
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    /// Everything up to the end of the connection, however it ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut rest));
        // A reset is an end too.
        drop(read.await.expect("the server hangs up"));
        rest
    }
}
