//! The bytes of a connection: whole replies in, whole commands out, every wait and every length bounded.

use recado_domain::reply::Reply;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::borrow::Cow;
use std::future::{Future as _, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Eight times what RFC 5321 §4.5.3.1.5 allows: generous to real servers, and still a bound.
const MAX_LINE: usize = 4_096;

/// The longest EHLO answers of real servers have some twenty lines.
const MAX_LINES: usize = 128;

#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error("nothing was heard within {0:?}")]
    TimedOut(Duration),
    #[error("the server's answer is no SMTP reply: {0}")]
    Garbled(String),
}

impl WireError {
    /// The server had hung up, rather than fallen silent or talked nonsense.
    pub(super) fn is_hang_up(&self) -> bool {
        matches!(self, Self::Closed | Self::Failed(_))
    }

    /// Nothing came within the bound.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }
}

/// A whole reply, its text unbounded but for the bounds on lines.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    /// The lines without codes, joined with `\n`.
    pub(super) text: String,
}

impl Answer {
    pub(super) fn into_reply(self) -> Reply {
        Reply::new(self.code, &self.text)
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) struct Wire {
    stream: Stream,
    /// What was received last.
    input: Vec<u8>,
    /// How much of it was read as replies.
    read: usize,
}

/// A reply of which some lines have come.
#[derive(Default)]
struct Partial {
    answer: Option<Answer>,
    lines: usize,
    /// How many octets of the next line hold no line end.
    searched: usize,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream: Stream::Plain(stream),
            input: Vec::new(),
            read: 0,
        }
    }

    pub(super) fn is_secured(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    pub(super) fn peer_address(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.tcp().local_addr()
    }

    fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the server has said something that nobody asked for.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread().is_empty()
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.read..]
    }

    /// Sets up TLS. Nothing received in the clear survives: it could be anybody's.
    pub(super) async fn secure(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        limit: Duration,
    ) -> Result<Self, WireError> {
        let Stream::Plain(stream) = self.stream else {
            return Err(WireError::Garbled("TLS inside TLS".to_owned()));
        };
        let stream = timeout(limit, TlsConnector::from(config).connect(name, stream))
            .await
            .map_err(|_| WireError::TimedOut(limit))??;
        Ok(Self {
            stream: Stream::Tls(Box::new(stream)),
            input: Vec::new(),
            read: 0,
        })
    }

    /// Writes all of `bytes` within `limit`.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), WireError> {
        let write = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.write_all(bytes).await,
                Stream::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
            }
        };
        Ok(timeout(limit, write)
            .await
            .map_err(|_| WireError::TimedOut(limit))??)
    }

    /// Reads one reply, all its lines within `limit` together.
    pub(super) async fn read(&mut self, limit: Duration) -> Result<Answer, WireError> {
        let mut partial = Partial::default();
        // Answers to commands that were sent together come together: no timer for the second and the third.
        if let Some(answer) = self.take_reply(&mut partial)? {
            return Ok(answer);
        }
        let read = async {
            loop {
                if self.receive().await? == 0 {
                    return Err(match self.unread() {
                        [] => WireError::Closed,
                        rest => WireError::Garbled(format!("{} and no more", shown(rest))),
                    });
                }
                if let Some(answer) = self.take_reply(&mut partial)? {
                    return Ok(answer);
                }
            }
        };
        timeout(limit, read)
            .await
            .map_err(|_| WireError::TimedOut(limit))?
    }

    /// Takes whole lines of what was received; the reply, when its last line is among them.
    fn take_reply(&mut self, partial: &mut Partial) -> Result<Option<Answer>, WireError> {
        loop {
            let unread = &self.input[self.read..];
            let Some(end) = memchr::memchr(b'\n', &unread[partial.searched..]) else {
                partial.searched = unread.len();
                if partial.searched > MAX_LINE {
                    return Err(WireError::Garbled(format!(
                        "a line of more than {MAX_LINE} octets"
                    )));
                }
                return Ok(None);
            };
            let end = partial.searched + end;
            let line = &unread[..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(ReplyLine { code, text, more }) = ReplyLine::parse(line) else {
                return Err(WireError::Garbled(shown(line)));
            };
            match &mut partial.answer {
                None => {
                    let text = text.into_owned();
                    partial.answer = Some(Answer { code, text });
                }
                Some(answer) if answer.code == code => {
                    answer.text.push('\n');
                    answer.text.push_str(&text);
                }
                Some(answer) => {
                    return Err(WireError::Garbled(format!(
                        "{} and {code} in one reply",
                        answer.code
                    )));
                }
            }
            self.read += end + 1;
            partial.searched = 0;
            partial.lines += 1;
            if !more {
                return Ok(partial.answer.take());
            }
            if partial.lines == MAX_LINES {
                return Err(WireError::Garbled(format!("more than {MAX_LINES} lines")));
            }
        }
    }

    /// Takes what has arrived, or waits for something to arrive; 0 at the end. Loses nothing when dropped.
    async fn receive(&mut self) -> io::Result<usize> {
        self.input.drain(..self.read);
        self.read = 0;
        self.input.reserve(MAX_LINE);
        match &mut self.stream {
            Stream::Plain(stream) => stream.read_buf(&mut self.input).await,
            Stream::Tls(stream) => stream.read_buf(&mut self.input).await,
        }
    }

    /// Whether the server is there and has said nothing out of turn, as far as is known without waiting.
    pub(super) async fn is_silent(&mut self) -> bool {
        if self.has_unread() {
            return false;
        }
        // Asked once, not awaited; a timeout of zero would last until the timer's next millisecond, for every mail.
        let mut receive = pin!(self.receive());
        poll_fn(|context| Poll::Ready(receive.as_mut().poll(context).is_pending())).await
    }

    /// Tells the other side that nothing more comes.
    pub(super) async fn close(mut self, limit: Duration) {
        let close = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.shutdown().await,
                Stream::Tls(stream) => stream.shutdown().await,
            }
        };
        // Best effort: the connection is given up in any case.
        drop(timeout(limit, close).await);
    }
}

struct ReplyLine<'a> {
    code: u16,
    text: Cow<'a, str>,
    more: bool,
}

impl<'a> ReplyLine<'a> {
    /// `250 text`, `250-text`, or a bare `250` (RFC 5321 §4.2 obliges clients to take it).
    fn parse(line: &'a [u8]) -> Option<Self> {
        let (digits, rest) = line.split_first_chunk::<3>()?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let code = digits
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        let (text, more) = match rest {
            [] => (rest, false),
            [b' ', text @ ..] => (text, false),
            [b'-', text @ ..] => (text, true),
            _ => return None,
        };
        Some(Self {
            code,
            text: String::from_utf8_lossy(text),
            more,
        })
    }
}

/// The beginning of what was received, fit for a log.
fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[u8]) -> Option<(u16, String, bool)> {
        ReplyLine::parse(line).map(|line| (line.code, line.text.into_owned(), line.more))
    }

    #[test]
    fn a_line_is_read_as_bytes() {
        assert_eq!(parse(b"250 Ok"), Some((250, "Ok".to_owned(), false)));
        assert_eq!(parse(b"250-SIZE 1"), Some((250, "SIZE 1".to_owned(), true)));
        assert_eq!(parse(b"250"), Some((250, String::new(), false)));
        assert_eq!(
            parse(b"250 caf\xe9"),
            Some((250, "caf\u{fffd}".to_owned(), false))
        );
    }

    #[test]
    fn what_is_no_reply_is_not_taken_for_one() {
        for line in [
            &b""[..],
            b"25",
            b"2x0 Ok",
            b"250Ok",
            b" 250 Ok",
            b"Ok",
            b"\xff\xff\xff",
            b"+50 Ok",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
