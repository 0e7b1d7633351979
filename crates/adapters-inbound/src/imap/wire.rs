//! The octets of a connection: whole responses in, commands out, every wait and every length bounded.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::response::{Part, Response, literal_length};

/// Octets read at once.
const BLOCK: usize = 64 << 10;

/// Literals in one response; a FETCH that we ask for has one.
const MAX_PARTS: usize = 64;

/// What one response may hold at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Octets outside literals.
    pub(super) line: usize,
    /// Octets of literals; more are read over.
    pub(super) literals: usize,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the server closed the connection")]
    Closed,
    #[error("the server ended the session: {0}")]
    Bye(String),
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error("nothing was heard within {0:?}")]
    Silent(Duration),
    #[error("no end was heard within {0:?}")]
    Endless(Duration),
    #[error("the server's words are no IMAP: {0}")]
    Garbled(String),
    #[error("it is time to stop")]
    Stopped,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) struct Wire {
    stream: Stream,
    /// Received and not yet read as a response.
    input: BytesMut,
    /// The longest silence.
    silence: Duration,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, silence: Duration) -> Self {
        Self {
            stream: Stream::Plain(stream),
            input: BytesMut::new(),
            silence,
        }
    }

    pub(super) fn is_secured(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    pub(super) fn peer_address(&self) -> io::Result<SocketAddr> {
        match &self.stream {
            Stream::Plain(stream) => stream.peer_addr(),
            Stream::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }

    /// Whether the server has said something that was not read yet.
    pub(super) fn has_unread(&self) -> bool {
        !self.input.is_empty()
    }

    /// Sets up TLS. Nothing received in the clear survives: it could be anybody's.
    pub(super) async fn secure(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, WireError> {
        let Stream::Plain(stream) = self.stream else {
            return Err(WireError::Garbled("TLS inside TLS".to_owned()));
        };
        let stream = timeout(self.silence, TlsConnector::from(config).connect(name, stream))
            .await
            .map_err(|_| WireError::Silent(self.silence))??;
        Ok(Self {
            stream: Stream::Tls(Box::new(stream)),
            input: BytesMut::new(),
            silence: self.silence,
        })
    }

    pub(super) async fn write(&mut self, octets: &[u8]) -> Result<(), WireError> {
        let write = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.write_all(octets).await,
                Stream::Tls(stream) => {
                    stream.write_all(octets).await?;
                    stream.flush().await
                }
            }
        };
        Ok(timeout(self.silence, write)
            .await
            .map_err(|_| WireError::Silent(self.silence))??)
    }

    /// Reads one response. What was read of it is lost when the future is dropped, so that the connection must be too.
    pub(super) async fn response(&mut self, bounds: Bounds) -> Result<Response, WireError> {
        let (mut line_left, mut literals_left) = (bounds.line, bounds.literals);
        let mut parts = Vec::new();
        while parts.len() < MAX_PARTS {
            let line = self.line(line_left).await?;
            line_left -= line.len();
            let length = match parts.first() {
                // Free text may end as it likes.
                None if Response::is_status(&line) => None,
                _ => literal_length(&line),
            };
            parts.push(Part::Text(line));
            let Some(length) = length else {
                return Ok(Response::new(parts));
            };
            let fits = usize::try_from(length)
                .ok()
                .filter(|length| *length <= literals_left);
            parts.push(if let Some(length) = fits {
                literals_left -= length;
                Part::Literal(self.literal(length).await?)
            } else {
                self.skip(length).await?;
                Part::Oversized(length)
            });
        }
        Err(WireError::Garbled(format!(
            "more than {MAX_PARTS} parts in one response"
        )))
    }

    /// Waits until the server says something. Loses nothing when dropped.
    pub(super) async fn stirs(&mut self) -> Result<(), WireError> {
        if self.input.is_empty() && self.receive().await? == 0 {
            return Err(WireError::Closed);
        }
        Ok(())
    }

    /// One line without its end. A bare LF ends one too: some servers write it.
    async fn line(&mut self, most: usize) -> Result<Vec<u8>, WireError> {
        let mut searched = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.input[searched..]) {
                let mut line = self.input.split_to(searched + end + 1).to_vec();
                line.pop();
                line.pop_if(|last| *last == b'\r');
                if line.len() > most {
                    return Err(WireError::Garbled(format!("a line of more than {most} octets")));
                }
                return Ok(line);
            }
            searched = self.input.len();
            if searched > most {
                return Err(WireError::Garbled(format!("a line of more than {most} octets")));
            }
            self.fill().await?;
        }
    }

    /// The next octets. Memory grows with what comes, not with what is announced.
    async fn literal(&mut self, length: usize) -> Result<Vec<u8>, WireError> {
        let mut literal = Vec::with_capacity(length.min(BLOCK));
        while literal.len() < length {
            if self.input.is_empty() {
                self.fill().await?;
            }
            let taken = self.input.len().min(length - literal.len());
            literal.extend_from_slice(&self.input.split_to(taken));
        }
        Ok(literal)
    }

    async fn skip(&mut self, length: u64) -> Result<(), WireError> {
        let mut left = length;
        while left > 0 {
            if self.input.is_empty() {
                self.fill().await?;
            }
            let taken = usize::try_from(left).map_or(self.input.len(), |left| left.min(self.input.len()));
            drop(self.input.split_to(taken));
            left -= taken as u64;
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), WireError> {
        let silence = self.silence;
        match timeout(silence, self.receive()).await {
            Ok(Ok(0)) => Err(WireError::Closed),
            Ok(received) => {
                received?;
                Ok(())
            }
            Err(_) => Err(WireError::Silent(silence)),
        }
    }

    async fn receive(&mut self) -> io::Result<usize> {
        self.input.reserve(BLOCK);
        match &mut self.stream {
            Stream::Plain(stream) => stream.read_buf(&mut self.input).await,
            Stream::Tls(stream) => stream.read_buf(&mut self.input).await,
        }
    }
}
