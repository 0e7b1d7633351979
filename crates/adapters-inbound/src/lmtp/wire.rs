//! The octets of a connection: lines and blocks in, answers out.
//!
//! Answers are gathered and leave before the next wait for input, so that pipelined commands get theirs in one
//! segment (RFC 2920). Waits for input are bounded by the caller.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// Longest command, without its line end: the 512 octets of RFC 5321 §4.5.3.1.4, and what its extensions add.
pub(super) const MAX_LINE: usize = 1_000;

/// How much of a longer one is thrown away before the connection is.
const MAX_SKIPPED: usize = 64 << 10;

/// Octets read at once.
const BLOCK: usize = 64 << 10;

/// Octets of answers that are gathered at most.
const MAX_GATHERED: usize = 4 << 10;

/// How long a connection that is closed from here may go on talking.
const FAREWELL: Duration = Duration::from_secs(1);

/// A line of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its CRLF.
    Whole(Vec<u8>),
    /// Longer than [`MAX_LINE`]; it was thrown away.
    TooLong,
    /// It holds a CR or LF that is not part of a CRLF: whoever wrote it may see other lines than we do.
    Bare,
}

/// A connection.
pub(super) struct Wire<S> {
    stream: S,
    /// How long the peer may take to take what is said to it.
    patience: Duration,
    input: BytesMut,
    output: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            input: BytesMut::new(),
            output: Vec::new(),
        }
    }

    /// Adds a line to the answers.
    pub(super) async fn say(&mut self, line: &str) -> io::Result<()> {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        if self.output.len() > MAX_GATHERED {
            self.flush().await?;
        }
        Ok(())
    }

    /// Sends the answers.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let write = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        timeout(self.patience, write).await??;
        self.output.clear();
        Ok(())
    }

    /// The next line.
    pub(super) async fn line(&mut self) -> io::Result<Line> {
        let (mut searched, mut skipped) = (0, 0);
        loop {
            if let Some(end) = self.input[searched..].iter().position(|octet| *octet == b'\n') {
                let mut line = self.input.split_to(searched + end + 1).to_vec();
                line.pop();
                let ended_well = line.pop_if(|last| *last == b'\r').is_some();
                return Ok(if !ended_well || line.contains(&b'\r') {
                    Line::Bare
                } else if skipped > 0 || line.len() > MAX_LINE {
                    Line::TooLong
                } else {
                    Line::Whole(line)
                });
            }
            searched = self.input.len();
            // With its CR, a line of the greatest length still fits.
            if searched > MAX_LINE + 1 {
                skipped += searched;
                if skipped > MAX_SKIPPED {
                    return Err(io::Error::other("a command line without end"));
                }
                // The last octet may be the CR of the line's end.
                searched = 0;
                self.input = self.input.split_off(self.input.len() - 1);
            }
            self.fill().await?;
        }
    }

    /// What has come, waiting for something when nothing has; never empty.
    pub(super) async fn block(&mut self) -> io::Result<&[u8]> {
        if self.input.is_empty() {
            self.fill().await?;
        }
        Ok(&self.input)
    }

    /// Throws away what was made use of.
    pub(super) fn consume(&mut self, octets: usize) {
        drop(self.input.split_to(octets));
    }

    /// Sends what is left to say, and closes so that the peer can read it: a socket closed on unread input takes its
    /// last words back.
    pub(super) async fn close(mut self) -> io::Result<()> {
        let farewell = async {
            self.flush().await?;
            self.stream.shutdown().await?;
            self.input.clear();
            let mut skipped = 0;
            while skipped < MAX_SKIPPED {
                match self.stream.read_buf(&mut self.input).await? {
                    0 => break,
                    octets => skipped += octets,
                }
                self.input.clear();
            }
            Ok(())
        };
        timeout(FAREWELL, farewell).await.unwrap_or(Ok(()))
    }

    async fn fill(&mut self) -> io::Result<()> {
        if !self.output.is_empty() {
            self.flush().await?;
        }
        self.input.reserve(BLOCK);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(sent: &[u8]) -> (Vec<Line>, io::Error) {
        let mut wire = Wire::new(tokio::io::join(sent, tokio::io::sink()), Duration::from_secs(1));
        let mut lines = Vec::new();
        loop {
            match wire.line().await {
                Ok(line) => lines.push(line),
                Err(error) => return (lines, error),
            }
        }
    }

    #[tokio::test]
    async fn a_line_ends_with_crlf_alone() {
        let (found, _) = lines(b"NOOP\r\n\r\nA\nB\r\nC\rD\r\n").await;
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(
            found,
            [whole("NOOP"), whole(""), Line::Bare, whole("B"), Line::Bare]
        );
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_thrown_away_whole() {
        for length in [MAX_LINE + 1, MAX_LINE + 2, 10_000] {
            let sent = format!("{}\r\nQUIT\r\n", "x".repeat(length));
            let (found, _) = lines(sent.as_bytes()).await;
            assert_eq!(found, [Line::TooLong, Line::Whole(b"QUIT".to_vec())], "{length}");
        }
        let longest = "x".repeat(MAX_LINE);
        let (found, _) = lines(format!("{longest}\r\n").as_bytes()).await;
        assert_eq!(found, [Line::Whole(longest.into_bytes())]);
    }

    #[tokio::test]
    async fn a_line_without_end_ends_the_connection() {
        let (found, error) = lines(&vec![b'x'; 1 << 20]).await;
        assert!(found.is_empty());
        assert_eq!(error.to_string(), "a command line without end");
    }
}
