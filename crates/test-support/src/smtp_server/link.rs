//! The bytes of a scripted connection, and their limits.

use super::{SmtpServerBuilder, TestCertificate};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The connection is over: closed by the client, by the script, or by a limit of bytes.
pub(super) struct Over;
pub(super) type Step<T = ()> = Result<T, Over>;

pub(super) struct Link {
    /// `None` only while TLS is being set up.
    stream: Option<Box<dyn Duplex>>,
    input: Vec<u8>,
    output: Vec<u8>,
    may_receive: usize,
    may_send: usize,
}

impl Link {
    pub(super) fn new(stream: TcpStream, settings: &SmtpServerBuilder) -> Self {
        // A test that measures would measure delayed acknowledgements.
        stream.set_nodelay(true).ok();
        Self {
            stream: Some(Box::new(stream)),
            input: Vec::new(),
            output: Vec::new(),
            may_receive: settings.receive_at_most,
            may_send: settings.send_at_most,
        }
    }

    /// Sets up TLS, and forgets what came before.
    pub(super) async fn secure(&mut self, certificate: &TestCertificate) -> Step {
        self.flush().await?;
        self.input.clear();
        let stream = self.stream.take().ok_or(Over)?;
        let secured = certificate.acceptor().accept(stream).await.map_err(|_| Over)?;
        self.stream = Some(Box::new(secured));
        Ok(())
    }

    pub(super) async fn close(mut self) {
        if let Some(stream) = self.stream.as_mut() {
            stream.shutdown().await.ok();
        }
    }

    /// Queues bytes; they go out with the next flush, or before the next wait for the client.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Waits for the client to leave, deaf to what it says.
    pub(super) async fn hang(&mut self) -> Step<std::convert::Infallible> {
        self.flush().await?;
        loop {
            self.fill().await?;
            self.input.clear();
        }
    }

    /// Throws away what came and was not looked at.
    pub(super) fn forget(&mut self) {
        self.input.clear();
    }

    /// Sends these bytes again and again until the client leaves.
    pub(super) async fn repeat(&mut self, bytes: &[u8]) -> Step<std::convert::Infallible> {
        let many = bytes.repeat(500);
        loop {
            self.send(&many);
            self.flush().await?;
        }
    }

    /// One line, without its CRLF.
    pub(super) async fn line(&mut self) -> Step<String> {
        let end = self.find(b"\r\n").await?;
        let line = String::from_utf8_lossy(&self.input[..end]).into_owned();
        self.input.drain(..end + 2);
        Ok(line)
    }

    /// The message up to the final dot, unstuffed.
    pub(super) async fn message(&mut self) -> Step<Vec<u8>> {
        // The dot may be the first line: then the message is empty.
        self.flush().await?;
        while self.input.len() < 3 {
            self.fill().await?;
        }
        if self.input.starts_with(b".\r\n") {
            self.input.drain(..3);
            return Ok(Vec::new());
        }
        let end = self.find(b"\r\n.\r\n").await? + 2;
        let mut raw = Vec::with_capacity(end);
        for line in self.input[..end].split_inclusive(|byte| *byte == b'\n') {
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        self.input.drain(..end + 3);
        Ok(raw)
    }

    /// Reads until `pattern` is in the input, and gives its place. What waits to be sent goes out before a wait.
    async fn find(&mut self, pattern: &[u8]) -> Step<usize> {
        let mut from = 0;
        loop {
            let fresh = self.input.get(from..).unwrap_or_default();
            if let Some(at) = fresh.windows(pattern.len()).position(|window| window == pattern) {
                return Ok(from + at);
            }
            from = self.input.len().saturating_sub(pattern.len() - 1);
            self.flush().await?;
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Step {
        let stream = self.stream.as_mut().ok_or(Over)?;
        self.input.reserve(16 * 1024);
        let read = stream
            .take(self.may_receive as u64)
            .read_buf(&mut self.input)
            .await;
        // Nothing is the end, the client's or the script's.
        let count = read.ok().filter(|count| *count > 0).ok_or(Over)?;
        self.may_receive -= count;
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Step {
        let cut = self.output.len() > self.may_send;
        self.output.truncate(self.may_send);
        self.may_send -= self.output.len();
        let stream = self.stream.as_mut().ok_or(Over)?;
        if !self.output.is_empty() {
            stream.write_all(&self.output).await.map_err(|_| Over)?;
            stream.flush().await.map_err(|_| Over)?;
            self.output.clear();
        }
        if cut { Err(Over) } else { Ok(()) }
    }
}
