//! What is too much, too long or too slow.

use std::time::Duration;

use crate::harness::Server;

const TOO_LARGE: &str = "552 5.3.4 The mail is too large; at most 1000 octets are taken ([limits] mail)";

#[tokio::test]
async fn a_mail_that_is_announced_too_large_is_refused_before_it_is_sent() {
    let server = Server::with(|options| options.largest_mail = 1_000).await;
    let mut client = server.greeted().await;
    for size in ["1001", "18446744073709551615"] {
        assert_eq!(
            client
                .ask(&format!("MAIL FROM:<a@example.org> SIZE={size}"))
                .await,
            TOO_LARGE
        );
    }
    assert!(
        client
            .ask("MAIL FROM:<a@example.org> SIZE=1000")
            .await
            .starts_with("250")
    );
}

#[tokio::test]
async fn a_mail_that_turns_out_too_large_is_read_to_its_end_and_refused() {
    let server = Server::with(|options| options.largest_mail = 1_000).await;
    let mut client = server.greeted().await;
    for (size, code) in [(998, 250), (999, 552), (3_000_000, 552)] {
        client.envelope(&["a@example.org", "b@example.org"]).await;
        client.ask("DATA").await;
        client.send("x".repeat(size)).await;
        client.send("\r\n.\r\n").await;
        assert_eq!(client.codes().await, [code, code], "{size}");
    }
    assert_eq!(server.ledger.taken().len(), 2);
}

#[tokio::test]
async fn chunks_that_are_too_large_together_are_refused_and_so_is_what_follows() {
    let server = Server::with(|options| options.largest_mail = 1_000).await;
    let mut client = server.greeted().await;
    client.envelope(&["a@example.org"]).await;
    for (size, code) in [(600, 250), (401, 552), (1, 552)] {
        client.send(format!("BDAT {size}\r\n{}", "x".repeat(size))).await;
        assert_eq!(client.codes().await, [code], "{size}");
    }
    assert_eq!(client.ask("BDAT 0 LAST").await, TOO_LARGE);
    client.envelope(&["a@example.org"]).await;
    client
        .send(format!("BDAT 1000 LAST\r\n{}", "x".repeat(1_000)))
        .await;
    assert_eq!(client.codes().await, [250]);
    assert_eq!(server.ledger.taken().len(), 1);
}

#[tokio::test]
async fn more_recipients_than_fit_are_left_for_another_mail() {
    let server = Server::with(|options| options.recipients = 2).await;
    let mut client = server.greeted().await;
    client.envelope(&["a@example.org", "b@example.org"]).await;
    for _ in 0..200 {
        assert!(
            client
                .ask("RCPT TO:<c@example.org>")
                .await
                .starts_with("452 4.5.3")
        );
    }
    client.ask("DATA").await;
    client.send("a\r\n.\r\n").await;
    assert_eq!(client.codes().await, [250, 250]);
}

#[tokio::test]
async fn a_connection_too_many_is_turned_away_and_the_place_is_free_again_afterwards() {
    let server = Server::with(|options| options.connections = 1).await;
    let first = server.connect().await;
    let mut second = server.call().await;
    assert!(second.hear().await.starts_with("421 4.3.2 Too many connections"));
    second.assert_closed().await;
    drop(first);
    loop {
        let mut next = server.call().await;
        if next.hear().await.starts_with("220") {
            break;
        }
    }
}

#[tokio::test]
async fn no_more_large_mails_are_held_at_a_time_than_there_is_room_for() {
    let server = Server::with(|options| {
        options.largest_mail = 10_000_000;
        options.large_mails = 1;
        options.timeouts.block = Duration::from_secs(1);
        options.timeouts.message = Duration::from_mins(1);
    })
    .await;
    server.ledger.close();
    let large = "x".repeat(400_000);
    let mut first = server.greeted().await;
    first.envelope(&["a@example.org"]).await;
    first.send(format!("BDAT {} LAST\r\n{large}", large.len())).await;
    // Only when the first mail stands before the ledger is its place surely taken.
    server.ledger.wait_for_knock().await;
    let mut second = server.greeted().await;
    second.envelope(&["a@example.org"]).await;
    second.send(format!("BDAT {} LAST\r\n{large}", large.len())).await;
    assert!(second.hear().await.starts_with("452 4.3.1 Too many large mails"));
    server.ledger.open();
    assert_eq!(first.codes().await, [250]);
    second.envelope(&["a@example.org"]).await;
    second.send(format!("BDAT {} LAST\r\n{large}", large.len())).await;
    assert_eq!(second.codes().await, [250]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_and_one_without_end_ends_the_connection() {
    let server = Server::start().await;
    let mut client = server.greeted().await;
    assert_eq!(
        client.ask(&format!("NOOP {}", "x".repeat(5_000))).await,
        "500 5.5.2 The line is too long"
    );
    assert_eq!(client.ask("NOOP").await, "250 2.0.0 Ok");
    let endless = "x".repeat(100_000);
    while client.try_send(endless.as_bytes()).await {}
    client.assert_closed().await;
}

#[tokio::test]
async fn a_peer_that_says_nothing_but_nonsense_is_let_go() {
    let server = Server::start().await;
    let mut client = server.greeted().await;
    for _ in 0..100 {
        assert!(client.ask("GET / HTTP/1.1").await.starts_with("500"));
    }
    assert!(client.ask("Host: localhost").await.starts_with("421 4.7.0"));
    client.assert_closed().await;
}

#[tokio::test]
async fn a_peer_that_trickles_is_let_go_at_every_stage() {
    let server = Server::with(|options| {
        options.timeouts.command = Duration::from_millis(100);
        options.timeouts.block = Duration::from_secs(30);
        options.timeouts.message = Duration::from_millis(100);
    })
    .await;
    // Each octet comes well in time; the whole does not.
    for opening in [
        "",
        "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n",
        "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 9999 LAST\r\n",
    ] {
        let mut client = server.call().await;
        client.send(opening).await;
        let mut trickle = tokio::time::interval(Duration::from_millis(5));
        let mut sent = 0;
        while client.try_send(b"x").await {
            trickle.tick().await;
            sent += 1;
            assert!(sent < 4_000, "still listening after {opening:?}");
        }
        assert!(
            String::from_utf8_lossy(&client.rest().await).contains("\r\n421 4.4.2 "),
            "{opening:?}"
        );
    }
    assert!(server.ledger.taken().is_empty());
}

#[tokio::test]
async fn a_peer_that_does_not_listen_is_let_go() {
    let server = Server::with(|options| options.timeouts.command = Duration::from_millis(200)).await;
    let mut client = server.call_deaf().await;
    // Each has the longest answer that there is.
    let commands = "LHLO c\r\n".repeat(1_000);
    // Until the answers fill every buffer on the way, and then its time is up.
    let talk = async { while client.try_send(commands.as_bytes()).await {} };
    let hung_up = tokio::time::timeout(Duration::from_secs(20), talk);
    hung_up.await.expect("the server hangs up");
}
