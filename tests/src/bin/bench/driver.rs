//! Posts comments as fast as they are taken: requests made beforehand, connections kept, of the answer its status and
//! its end alone. One thread, so that what it costs is known.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::processor;

/// Tickets that comments are spread over, `T00000` and on.
pub(crate) const TICKETS: usize = 200;

/// Where comments are posted.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// What posting took.
pub(crate) struct Driven {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Processor time of the driver's thread.
    pub(crate) used: Duration,
    pub(crate) started: Instant,
}

/// A request as octets, in which ticket and number are written anew for each comment.
#[derive(Clone)]
pub(crate) struct Request {
    octets: Vec<u8>,
    ticket_at: usize,
    number_at: usize,
}

impl Request {
    /// A comment by the requester; it goes to the responsible technician.
    pub(crate) fn new(target: &Target) -> Self {
        let body = r#"{"text":"La impresora se atasca otra vez con cada tercera hoja, por 00000000.\nSolo con la bandeja 2.","author":{"name":"Ana Peña","email":"ana@example.com"}}"#;
        let octets = format!(
            "POST /api/v1/tickets/T00000/comments HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            target.address,
            target.token,
            body.len(),
        )
        .into_bytes();
        let find = |what: &[u8]| memmem::find(&octets, what).expect("it was just written");
        let (ticket_at, number_at) = (find(b"T00000") + 1, find(b"00000000."));
        Self {
            octets,
            ticket_at,
            number_at,
        }
    }

    /// The octets of one comment.
    pub(crate) fn comment(&mut self, number: usize) -> &[u8] {
        write_digits(
            &mut self.octets[self.ticket_at..self.ticket_at + 5],
            number % TICKETS,
        );
        write_digits(&mut self.octets[self.number_at..self.number_at + 8], number);
        &self.octets
    }
}

fn write_digits(place: &mut [u8], mut number: usize) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
    }
}

/// Posts so many comments over so many connections, which are shared out among the targets.
///
/// # Panics
/// An answer is anything but 201.
pub(crate) fn post(targets: &[Target], connections: usize, comments: usize) -> Driven {
    let drive = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs a few descriptors");
        let started = Instant::now();
        runtime.block_on(async {
            let mut callers = tokio::task::JoinSet::new();
            for caller in 0..connections {
                let target = &targets[caller % targets.len()];
                let request = Request::new(target);
                callers.spawn(call(target.address, request, caller, connections, comments));
            }
            while let Some(done) = callers.join_next().await {
                done.expect("every comment is taken");
            }
        });
        Driven {
            took: started.elapsed(),
            used: processor::of_this_thread(),
            started,
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("driver".to_owned());
        let thread = thread.spawn_scoped(scope, drive).expect("a thread can be had");
        thread.join().expect("the driver does not panic")
    })
}

async fn call(address: SocketAddr, mut request: Request, first: usize, step: usize, comments: usize) {
    let mut stream = TcpStream::connect(address).await.expect("the daemon listens");
    stream.set_nodelay(true).expect("the socket is open");
    let mut answer = Vec::with_capacity(4096);
    for number in (first..comments).step_by(step) {
        stream
            .write_all(request.comment(number))
            .await
            .expect("the daemon reads");
        answer.clear();
        while !is_whole(&answer) {
            let read = stream.read_buf(&mut answer).await.expect("the daemon answers");
            assert!(
                read > 0,
                "the daemon hung up: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        assert_created(&answer);
    }
}

/// Fails on any answer but 201.
pub(crate) fn assert_created(answer: &[u8]) {
    assert!(
        answer.starts_with(b"HTTP/1.1 201"),
        "{}",
        String::from_utf8_lossy(answer)
    );
}

/// Whether an answer has come to its end. It has a length: the API never answers in chunks.
pub(crate) fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = memmem::find(answer, b"\r\n\r\n") else {
        return false;
    };
    answer.len() - head - 4 >= content_length(&answer[..head])
}

/// The value of `Content-Length`, in the spelling of hyper and of the bench itself.
pub(crate) fn content_length(head: &[u8]) -> usize {
    let spellings = [b"\r\ncontent-length: ", b"\r\nContent-Length: "];
    let at = spellings.iter().find_map(|name| memmem::find(head, *name));
    let value = &head[at.expect("a body has a length") + spellings[0].len()..];
    let digits = value.iter().take_while(|octet| octet.is_ascii_digit());
    digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
}
