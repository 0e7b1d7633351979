//! A server that answers every comment at once: what the driver can do at most, and what it costs alone.

use std::sync::mpsc;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::driver::{self, Target};
use crate::flow::{CALLERS, as_number};
use crate::report::Row;

const COMMENTS: usize = 20_000;

/// The driver's rate and cost.
pub(crate) fn measure(repetitions: usize) -> [Row; 2] {
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, started) = mpsc::channel();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs a few descriptors");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let address = listener.local_addr().expect("it is bound");
            ready.send(address).expect("the starter waits");
            let listen = async {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream));
                }
            };
            tokio::select! {
                () = listen => {}
                _ = stopped => {}
            }
        });
    });
    let address = started.recv().expect("the server starts");
    let target = Target {
        address,
        token: "x".repeat(43),
    };
    let driven: Vec<_> = (0..repetitions)
        .map(|_| driver::post(std::slice::from_ref(&target), CALLERS, COMMENTS))
        .collect();
    drop(stop);
    server.join().expect("the server does not panic");
    let count = as_number(COMMENTS);
    let rates: Vec<f64> = driven
        .iter()
        .map(|driven| count / driven.took.as_secs_f64())
        .collect();
    let costs: Vec<f64> = driven
        .iter()
        .map(|driven| driven.used.as_secs_f64() * 1000.0 / count)
        .collect();
    [
        Row::of(
            "driver",
            "Driver alone, against a server that answers at once",
            "comments/s",
            &rates,
        ),
        Row::of(
            "driver.cost",
            "Driver alone, processor time a comment",
            "ms",
            &costs,
        ),
    ]
}

async fn answer(mut stream: TcpStream) {
    let body = "x".repeat(700);
    let answer = format!(
        "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut request = Vec::with_capacity(4096);
    let _ = stream.set_nodelay(true);
    while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
        let Some(head) = memmem::find(&request, b"\r\n\r\n") else {
            continue;
        };
        if request.len() < head + 4 + driver::content_length(&request[..head]) {
            continue;
        }
        request.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
