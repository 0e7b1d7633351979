//! The least that an SMTP client can do: the limit that a daemon is measured against.

use std::net::SocketAddr;
use std::time::Instant;

use memchr::memchr_iter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::flow::as_number;
use crate::processor;
use crate::sink::Sink;

/// What sending came to.
pub(crate) struct Sent {
    /// Mails a second.
    pub(crate) rate: f64,
    /// Milliseconds of the client's processor time a mail.
    pub(crate) cost: f64,
    /// The same for the sink.
    pub(crate) cost_of_sink: f64,
}

/// Sends mails of a size over some connections, with pipelining, as a daemon does: the message goes out after the
/// server's go-ahead, and the next mail's envelope with its dot.
pub(crate) fn measure(sink: &Sink, connections: usize, mails: usize, size: usize) -> Sent {
    let before = sink.used();
    let address = sink.address();
    let send = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs a few descriptors");
        let start = Instant::now();
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for connection in 0..connections {
                let share = (connection..mails).step_by(connections).len();
                tasks.spawn(converse(address, connection, share, size));
            }
            while let Some(done) = tasks.join_next().await {
                done.expect("the sink answers");
            }
        });
        (start.elapsed(), processor::of_this_thread())
    };
    let done = std::thread::scope(|scope| scope.spawn(send).join());
    let (took, used) = done.expect("the client does not panic");
    let count = as_number(mails);
    Sent {
        rate: count / took.as_secs_f64(),
        cost: used.as_secs_f64() * 1000.0 / count,
        cost_of_sink: sink.used().saturating_sub(before).as_secs_f64() * 1000.0 / count,
    }
}

async fn converse(sink: SocketAddr, connection: usize, mails: usize, size: usize) {
    let mut stream = TcpStream::connect(sink).await.expect("the sink listens");
    stream.set_nodelay(true).expect("the socket is open");
    lines(&mut stream, 1).await;
    stream.write_all(b"EHLO bench\r\n").await.expect("the sink reads");
    lines(&mut stream, 4).await;
    let line = "Una línea de texto, tan larga como suelen ser.\r\n";
    let body = line.repeat(size / line.len());
    let envelope = "MAIL FROM:<desk@example.org>\r\nRCPT TO:<tomas@example.com>\r\nDATA\r\n";
    stream
        .write_all(envelope.as_bytes())
        .await
        .expect("the sink reads");
    lines(&mut stream, 3).await;
    for n in 0..mails {
        let is_last = n + 1 == mails;
        let next = if is_last { "" } else { envelope };
        let mail = format!("Message-ID: <{connection}.{n}@bench>\r\nSubject: bench\r\n\r\n{body}.\r\n{next}");
        stream.write_all(mail.as_bytes()).await.expect("the sink reads");
        lines(&mut stream, if is_last { 1 } else { 4 }).await;
    }
}

/// Reads so many lines; each must be a yes.
async fn lines(stream: &mut TcpStream, count: usize) {
    let mut answer = [0; 512];
    let mut length = 0;
    loop {
        let ends = memchr_iter(b'\n', &answer[..length]).count();
        if ends >= count {
            break;
        }
        let read = stream
            .read(&mut answer[length..])
            .await
            .expect("the sink answers");
        assert!(read > 0, "the sink hung up");
        length += read;
    }
    assert!(
        matches!(answer[0], b'2' | b'3'),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}
