//! A mail server for the demonstration: it speaks SMTP on a loopback port, takes every mail and keeps none.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest command line, with room beyond RFC 5321 §4.5.3.1.4.
const MAX_LINE: u64 = 4096;

/// Largest mail, as announced by SIZE.
const MAX_MAIL: usize = 64 << 20;

/// A mail that arrived.
#[derive(Debug)]
pub(super) struct CaughtMail {
    /// Envelope recipients.
    pub(super) recipients: Vec<String>,
    /// The octets between DATA and the final dot, dots unstuffed.
    pub(super) octets: Vec<u8>,
}

/// A running catcher.
pub(super) struct Catcher {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The mails, in order of arrival.
    pub(super) mails: mpsc::UnboundedReceiver<CaughtMail>,
    task: JoinHandle<()>,
}

impl Drop for Catcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Catcher {
    /// Listens on a free loopback port.
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (sender, mails) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    // A client that breaks off has itself to blame.
                    Ok((stream, _)) => drop(tokio::spawn(converse(stream, sender.clone()))),
                    Err(error) => tracing::warn!(%error, "the mail catcher cannot accept a connection"),
                }
            }
        });
        Ok(Self { address, mails, task })
    }
}

/// One connection, from greeting to QUIT.
async fn converse(stream: TcpStream, mails: mpsc::UnboundedSender<CaughtMail>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 demo.invalid ESMTP mail catcher").await?;
    let mut sender = None;
    let mut recipients = Vec::new();
    while let Some(line) = line(&mut stream).await? {
        let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, &format!("250-demo.invalid\r\n250-PIPELINING\r\n250-SIZE {MAX_MAIL}\r\n250-8BITMIME\r\n250 SMTPUTF8")).await?,
            "HELO" => say(&mut stream, "250 demo.invalid").await?,
            "MAIL" => {
                sender = Some(path(&line));
                recipients.clear();
                say(&mut stream, "250 2.1.0 sender taken").await?;
            }
            "RCPT" if sender.is_some() => {
                recipients.push(path(&line));
                say(&mut stream, "250 2.1.5 recipient taken").await?;
            }
            "DATA" if !recipients.is_empty() => {
                say(&mut stream, "354 end with a dot alone on a line").await?;
                let Some(octets) = message(&mut stream).await? else { return Ok(()) };
                sender = None;
                let caught = CaughtMail { recipients: std::mem::take(&mut recipients), octets };
                match mails.send(caught) {
                    Ok(()) => say(&mut stream, "250 2.0.0 caught").await?,
                    Err(_) => say(&mut stream, "451 4.3.0 the demonstration is over").await?,
                }
            }
            "RCPT" | "DATA" => say(&mut stream, "503 5.5.1 out of turn").await?,
            "RSET" => {
                sender = None;
                recipients.clear();
                say(&mut stream, "250 2.0.0 forgotten").await?;
            }
            "NOOP" => say(&mut stream, "250 2.0.0 fine").await?,
            "QUIT" => return say(&mut stream, "221 2.0.0 bye").await,
            _ => say(&mut stream, "500 5.5.2 not understood").await?,
        }
    }
    Ok(())
}

async fn say(stream: &mut BufReader<TcpStream>, answer: &str) -> io::Result<()> {
    stream.write_all(format!("{answer}\r\n").as_bytes()).await
}

/// The next command without its line end; `None` when the client has gone.
async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut octets = Vec::new();
    stream.take(MAX_LINE).read_until(b'\n', &mut octets).await?;
    match octets.strip_suffix(b"\n") {
        Some(line) => Ok(Some(
            String::from_utf8_lossy(line).trim_end_matches('\r').to_owned(),
        )),
        None if octets.is_empty() => Ok(None),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a command line without an end",
        )),
    }
}

/// What stands between the angle brackets of MAIL and RCPT.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

/// The message up to the dot, with doubled dots made single (RFC 5321 §4.5.2); `None` when the client broke off.
async fn message(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let mut octets = Vec::new();
    loop {
        let start = octets.len();
        let room = (MAX_MAIL - start) as u64;
        if stream.take(room).read_until(b'\n', &mut octets).await? == 0 || !octets.ends_with(b"\n") {
            return Ok(None);
        }
        if octets[start..] == *b".\r\n" {
            octets.truncate(start);
            return Ok(Some(octets));
        }
        if octets[start] == b'.' {
            octets.remove(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says all at once, as a pipelining client does, and gives all answers.
    async fn talk(address: SocketAddr, words: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(words.as_bytes()).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        answers
    }

    #[tokio::test]
    async fn a_mail_arrives_as_it_was_sent() {
        let mut catcher = Catcher::start().await.unwrap();
        let answers = talk(
            catcher.address,
            "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n..x\r\n.\r\nQUIT\r\n",
        )
        .await;
        assert!(
            answers.ends_with("250 2.0.0 caught\r\n221 2.0.0 bye\r\n"),
            "{answers}"
        );
        let mail = catcher.mails.recv().await.unwrap();
        assert_eq!(mail.recipients, ["c@d.example"]);
        assert_eq!(mail.octets, b"Subject: x\r\n\r\n.\r\n.x\r\n");
    }

    #[tokio::test]
    async fn commands_out_of_turn_are_refused() {
        let catcher = Catcher::start().await.unwrap();
        let answers = talk(catcher.address, "DATA\r\nRCPT TO:<a@b>\r\nWHAT\r\nQUIT\r\n").await;
        let codes: Vec<_> = answers.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["220", "503", "503", "500", "221"]);
    }
}
