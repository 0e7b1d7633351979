//! The connection cut after every octet of the dialogue.

use crate::harness::Server;

const SESSIONS: [&str; 2] = [
    "LHLO c\r\nMAIL FROM:<c@example.org>\r\nRCPT TO:<a@example.org>\r\nDATA\r\nSubject: a\r\n\r\nb\r\n.\r\n",
    "LHLO c\r\nMAIL FROM:<c@example.org>\r\nRCPT TO:<a@example.org>\r\nBDAT 8\r\nSubject:BDAT 5 LAST\r\n a\r\n\n",
];

#[tokio::test]
async fn nothing_is_taken_before_the_last_octet_came() {
    for session in SESSIONS {
        let server = Server::start().await;
        for length in 0..session.len() {
            let mut client = server.call().await;
            client.send(&session[..length]).await;
            client.fall_silent().await;
            client.rest().await;
            assert_eq!(server.ledger.taken().len(), 0, "{:?}", &session[..length]);
        }
        let mut client = server.call().await;
        client.send(session).await;
        assert_eq!(server.ledger.wait_for(1).await.len(), 1);
    }
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_handed_over_again_octet_by_octet_the_same() {
    // The ledger knows such a copy by its fingerprint; all it takes is that nothing here differs.
    for session in SESSIONS {
        let server = Server::start().await;
        server.ledger.close();
        let mut client = server.call().await;
        client.send(session).await;
        drop(client);
        server.ledger.open();
        server.ledger.wait_for(1).await;
        let mut client = server.call().await;
        client.send(session).await;
        client.send("QUIT\r\n").await;
        let rest = String::from_utf8(client.rest().await).unwrap();
        assert!(rest.contains("\r\n250 2.6.0 Taken"), "{rest}");
        let [first, second] = server.ledger.taken().try_into().unwrap();
        assert_eq!((first.raw, first.envelope), (second.raw, second.envelope));
    }
}
