//! The least that an SMTP client can do: the limit that a daemon is measured against.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Mails a second over some connections, with pipelining; each mail of about the size that the daemon sends.
pub(crate) async fn rate(sink: SocketAddr, connections: usize, mails: usize) -> f64 {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let share = (connection..mails).step_by(connections).len();
        tasks.spawn(send(sink, connection, share));
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("the sink answers");
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of mails")]
    let count = mails as f64;
    count / start.elapsed().as_secs_f64()
}

async fn send(sink: SocketAddr, connection: usize, mails: usize) {
    let stream = TcpStream::connect(sink).await.expect("the sink listens");
    stream.set_nodelay(true).expect("the socket is open");
    let mut stream = BufReader::new(stream);
    answers(&mut stream, 1).await;
    stream.write_all(b"EHLO bench\r\n").await.expect("the sink reads");
    answers(&mut stream, 1).await;
    let body = "Una línea de texto, tan larga como suelen ser.\r\n".repeat(30);
    for n in 0..mails {
        stream
            .write_all(b"MAIL FROM:<desk@example.org>\r\nRCPT TO:<tomas@example.com>\r\nDATA\r\n")
            .await
            .expect("the sink reads");
        answers(&mut stream, 3).await;
        let mail = format!("Message-ID: <{connection}.{n}@bench>\r\nSubject: bench\r\n\r\n{body}.\r\n");
        stream.write_all(mail.as_bytes()).await.expect("the sink reads");
        answers(&mut stream, 1).await;
    }
}

/// Reads so many answers, of one or more lines each; each must be a yes.
async fn answers(stream: &mut BufReader<TcpStream>, count: usize) {
    let mut line = String::new();
    for _ in 0..count {
        loop {
            line.clear();
            stream.read_line(&mut line).await.expect("the sink answers");
            assert!(line.starts_with(['2', '3']), "{line:?}");
            if line.as_bytes().get(3) == Some(&b' ') {
                break;
            }
        }
    }
}
