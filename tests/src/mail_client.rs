//! Handing a finished mail to a server by SMTP or LMTP, each command waiting for its answer.
//!
//! It is no client of the daemon's own make: a test must be able to send what the daemon never would.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may think over one answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The sender of bounces and other reports (RFC 5321 §4.5.5).
pub const NOBODY: &str = "";

/// A connection to a server, after its greeting.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// An answer, all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply(pub String);

impl Reply {
    /// The code, as in RFC 5321 §4.2.
    ///
    /// # Panics
    /// The server gave no code.
    pub fn code(&self) -> u16 {
        let code = self.0.get(..3).and_then(|code| code.parse().ok());
        code.unwrap_or_else(|| panic!("{:?} begins with no code", self.0))
    }

    /// Whether the server said yes.
    pub fn is_positive(&self) -> bool {
        self.code() < 400
    }
}

impl Connection {
    /// Connects and reads the greeting.
    ///
    /// # Panics
    /// Nobody listens there, or the server says no.
    pub fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        // A body and the dot after it are two writes.
        stream.set_nodelay(true).expect("the delay can be switched off");
        let mut connection = Self {
            stream: BufReader::new(stream),
        };
        let greeting = connection.reply();
        assert_eq!(greeting.code(), 220, "{greeting:?}");
        connection
    }

    /// Says a line, and gives the answer.
    ///
    /// # Panics
    /// The server hangs up.
    pub fn say(&mut self, line: &str) -> Reply {
        self.write(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    /// The server has hung up.
    pub fn write(&mut self, bytes: &[u8]) {
        self.stream
            .get_mut()
            .write_all(bytes)
            .expect("the server takes what is written");
    }

    /// Reads an answer.
    ///
    /// # Panics
    /// The server hangs up, or takes too long.
    pub fn reply(&mut self) -> Reply {
        let mut answer = String::new();
        loop {
            let start = answer.len();
            let read = self
                .stream
                .read_line(&mut answer)
                .expect("the server answers in time");
            assert!(read > 0, "the server hung up after {answer:?}");
            if answer.as_bytes()[start..].get(3) != Some(&b'-') {
                return Reply(answer);
            }
        }
    }
}

/// Sends a mail by SMTP. Its lines may end with LF or CRLF.
///
/// # Panics
/// The server refuses the mail or one of its recipients.
pub fn submit(server: SocketAddr, from: &str, to: &[&str], mail: &[u8]) {
    let mut connection = Connection::open(server);
    let mut expect = |line: &str, code: u16| {
        let reply = connection.say(line);
        assert_eq!(reply.code(), code, "{line}: {reply:?}");
    };
    expect("EHLO client.recado.test", 250);
    expect(&format!("MAIL FROM:<{from}>"), 250);
    for recipient in to {
        expect(&format!("RCPT TO:<{recipient}>"), 250);
    }
    expect("DATA", 354);
    connection.write(&on_the_wire(mail));
    let reply = connection.say(".");
    assert_eq!(reply.code(), 250, "the mail: {reply:?}");
    connection.say("QUIT");
}

/// Sends a mail by LMTP; gives what the server says in the end about each recipient: the refusal of the address, or the
/// answer after the mail (RFC 2033 §4.2). Its lines may end with LF or CRLF.
///
/// # Panics
/// The server refuses the sender.
pub fn deliver(server: SocketAddr, from: &str, to: &[&str], mail: &[u8]) -> Vec<Reply> {
    let mut connection = Connection::open(server);
    for line in ["LHLO client.recado.test", &format!("MAIL FROM:<{from}>")] {
        let reply = connection.say(line);
        assert_eq!(reply.code(), 250, "{line}: {reply:?}");
    }
    let mut replies: Vec<Reply> = to
        .iter()
        .map(|recipient| connection.say(&format!("RCPT TO:<{recipient}>")))
        .collect();
    if replies.iter().any(Reply::is_positive) {
        let reply = connection.say("DATA");
        assert_eq!(reply.code(), 354, "{reply:?}");
        connection.write(&on_the_wire(mail));
        connection.write(b".\r\n");
        for reply in replies.iter_mut().filter(|reply| reply.is_positive()) {
            *reply = connection.reply();
        }
    }
    connection.say("QUIT");
    replies
}

/// The mail with CRLF at the end of each line, and with the dots that DATA needs (RFC 5321 §4.5.2).
pub fn on_the_wire(mail: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mail.len() + mail.len() / 16);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        wire.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_with_crlf_and_a_leading_dot_is_doubled() {
        assert_eq!(on_the_wire(b"a\n.\r\n..b\nc"), b"a\r\n..\r\n...b\r\nc\r\n");
    }
}
