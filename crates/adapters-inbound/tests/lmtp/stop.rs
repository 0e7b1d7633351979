//! The end of the daemon.

use std::time::Duration;

use crate::harness::Server;

#[tokio::test]
async fn an_idle_peer_is_told_and_a_mail_under_way_is_finished_and_answered() {
    let server = Server::start().await;
    let mut idle = server.greeted().await;
    let mut in_data = server.greeted().await;
    in_data.envelope(&["a@example.org"]).await;
    in_data.ask("DATA").await;
    in_data.send("Subject: a\r\n").await;
    let mut in_chunks = server.greeted().await;
    in_chunks.envelope(&["b@example.org"]).await;
    in_chunks.send("BDAT 2\r\nS:").await;
    assert_eq!(in_chunks.codes().await, [250]);
    server.signal.stop();
    assert_eq!(idle.hear().await, "421 4.3.2 The server is shutting down");
    idle.assert_closed().await;
    in_data.send("\r\nb\r\n.\r\n").await;
    assert_eq!(in_data.codes().await, [250, 421]);
    in_chunks.send("BDAT 1 LAST\r\n\n").await;
    assert_eq!(in_chunks.codes().await, [250, 421]);
    let ledger = server.ledger.clone();
    drop((idle, in_data, in_chunks));
    server.ended().await;
    assert_eq!(ledger.taken().len(), 2);
}

#[tokio::test]
async fn a_mail_that_does_not_end_is_cut_off_after_the_grace() {
    let server = Server::with(|options| options.grace = Duration::from_millis(50)).await;
    let mut client = server.greeted().await;
    client.envelope(&["a@example.org"]).await;
    client.ask("DATA").await;
    client.send("Subject: a\r\n").await;
    server.signal.stop();
    client.assert_closed().await;
    let ledger = server.ledger.clone();
    server.ended().await;
    assert!(ledger.taken().is_empty());
}
