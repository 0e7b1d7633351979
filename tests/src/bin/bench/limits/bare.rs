//! The least that request to mail can take: a program that reads a comment's request, commits the rows to SQLite, answers,
//! and hands a mail over, on one thread and on connections that are open.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use memchr::memchr_iter;

use super::sqlite::Rows;
use crate::driver::{self, Target};
use crate::sink::Sink;
use crate::stage::Stage;

/// Octets of a mail.
const MAIL: usize = 2000;

/// The program; it takes one connection, and ends when that is closed.
pub(crate) struct Bare<'a> {
    stage: Stage<'a>,
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl<'a> Bare<'a> {
    /// Starts it in place of a daemon on SQLite.
    pub(crate) fn start(mut stage: Stage<'a>) -> Self {
        stage.stop();
        let mut rows = Rows::open(&stage.file());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mut server = Line::open(stage.sink.address());
        let thread = std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().expect("the caller connects");
            caller.set_nodelay(true).expect("the socket is open");
            let body = "x".repeat(700);
            let answer = format!(
                "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            while is_called(&mut caller) {
                rows.write(1);
                caller.write_all(answer.as_bytes()).expect("the caller reads");
                server.hand_over();
            }
        });
        Self {
            stage,
            address,
            thread,
        }
    }

    /// Where it is called.
    pub(crate) fn target(&self) -> Target {
        Target {
            address: self.address,
            token: "x".repeat(43),
        }
    }

    /// Where its mails arrive.
    pub(crate) fn sink(&self) -> &Sink {
        &self.stage.sink
    }

    /// Waits for its end: its caller has hung up.
    pub(crate) fn join(self) {
        self.thread.join().expect("the bare program does not panic");
    }
}

/// Reads one request.
fn is_called(caller: &mut TcpStream) -> bool {
    let mut request = Vec::with_capacity(4096);
    let mut buffer = [0; 4096];
    while !driver::is_whole(&request) {
        let read = caller.read(&mut buffer).expect("the caller writes");
        if read == 0 {
            return false;
        }
        request.extend_from_slice(&buffer[..read]);
    }
    true
}

/// A connection to the sink.
struct Line {
    stream: TcpStream,
    mails: usize,
}

impl Line {
    fn open(sink: SocketAddr) -> Self {
        let stream = TcpStream::connect(sink).expect("the sink listens");
        stream.set_nodelay(true).expect("the socket is open");
        let mut line = Self { stream, mails: 0 };
        line.hear(1);
        line.say("EHLO bench\r\n", 4);
        line
    }

    fn hand_over(&mut self) {
        self.mails += 1;
        self.say(
            "MAIL FROM:<desk@example.org>\r\nRCPT TO:<tomas@example.com>\r\nDATA\r\n",
            3,
        );
        let body = "x".repeat(MAIL);
        let mail = format!(
            "Message-ID: <{}@bench>\r\nSubject: bench\r\n\r\n{body}\r\n.\r\n",
            self.mails
        );
        self.say(&mail, 1);
    }

    fn say(&mut self, text: &str, answers: usize) {
        self.stream.write_all(text.as_bytes()).expect("the sink reads");
        self.hear(answers);
    }

    /// Reads so many lines.
    fn hear(&mut self, lines: usize) {
        let mut answer = [0; 512];
        let mut heard = 0;
        while heard < lines {
            let read = self.stream.read(&mut answer).expect("the sink answers");
            assert!(read > 0, "the sink hung up");
            assert!(
                matches!(answer[0], b'2' | b'3'),
                "{}",
                String::from_utf8_lossy(&answer)
            );
            heard += memchr_iter(b'\n', &answer[..read]).count();
        }
    }
}
