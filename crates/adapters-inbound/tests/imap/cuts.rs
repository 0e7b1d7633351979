//! The connection cut after every octet that the server says.

use std::collections::BTreeSet;

use crate::harness::{Desk, mail};
use crate::server::Server;

#[tokio::test]
async fn a_mail_is_taken_once_and_marked_wherever_the_connection_was_cut() {
    let mut cut = 0;
    loop {
        let server = Server::start().await;
        server.change(|state| state.cuts = vec![cut]);
        let uids = [server.append(&mail("one")), server.append(&mail("two"))];
        let desk = Desk::of(&server).await;
        let running = desk.start();
        server.until_flagged(&uids, "\\Seen").await;
        let waits = server
            .until("waiting", |state| {
                state.log.last().is_some_and(|line| line == "IDLE")
            })
            .await;
        running.stop().await;
        let sources: BTreeSet<_> = desk.ledger.taken().into_iter().map(|mail| mail.source).collect();
        assert_eq!(
            (desk.ledger.taken().len(), sources.len()),
            (2, 2),
            "cut after {cut} octets"
        );
        if waits.connections == 1 {
            break;
        }
        cut += 1;
    }
    assert!(cut > 700, "{cut} cuts");
}
