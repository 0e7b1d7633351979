//! What a peer that keeps to the rules hears.

use recado_domain::ledger::Via;

use crate::harness::Server;
use crate::intake::unavailable;

#[tokio::test]
async fn a_mail_is_taken_as_it_was_sent_with_its_envelope() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let offered = client.ask("LHLO client.test").await;
    assert_eq!(
        offered.lines().collect::<Vec<_>>(),
        [
            "250-mx.recado.test",
            "250-PIPELINING",
            "250-ENHANCEDSTATUSCODES",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250-SIZE 100000",
            "250 CHUNKING"
        ]
    );
    assert_eq!(
        client
            .ask("MAIL FROM:<Ana@Example.org> BODY=8BITMIME SIZE=20")
            .await,
        "250 2.1.0 Ok"
    );
    assert_eq!(client.ask("RCPT TO:<Desk+abc@example.org>").await, "250 2.1.5 Ok");
    assert!(client.ask("DATA").await.starts_with("354 "));
    client.send(b"Subject: a\r\n\r\nol\xe1\r\n..\r\n.\r\n").await;
    assert!(client.hear().await.starts_with("250 2.6.0 Taken as 00000000-"));
    assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye");
    client.assert_closed().await;
    let [mail] = server.ledger.taken().try_into().unwrap();
    assert_eq!(mail.raw, b"Subject: a\r\n\r\nol\xe1\r\n.\r\n");
    assert_eq!((mail.via, mail.source), (Via::Lmtp, None));
    assert_eq!(mail.envelope.from.as_deref(), Some("Ana@Example.org"));
    assert_eq!(mail.envelope.to.unwrap().as_str(), "desk+abc@example.org");
}

#[tokio::test]
async fn each_recipient_has_an_answer_and_a_mail_of_its_own() {
    let server = Server::start().await;
    server.ledger.fail(|mail| {
        let to = mail.envelope.to.as_ref()?;
        (to.as_str() == "two@example.org").then(unavailable)
    });
    let mut client = server.greeted().await;
    client
        .envelope(&["one@example.org", "two@example.org", "three@example.org"])
        .await;
    client.ask("DATA").await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    assert_eq!(client.codes().await, [250, 451, 250]);
    let taken: Vec<_> = server
        .ledger
        .taken()
        .into_iter()
        .map(|mail| mail.envelope.to.unwrap().to_string())
        .collect();
    assert_eq!(taken, ["one@example.org", "three@example.org"]);
    // The next mail on the same connection begins anew.
    client.envelope(&["two@example.org"]).await;
    client.ask("DATA").await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    assert_eq!(client.codes().await, [451]);
}

#[tokio::test]
async fn a_whole_session_may_come_at_once_or_octet_by_octet() {
    let said = "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n\
                S: 1\r\n\r\n.\r\nNOOP\r\nMAIL FROM:<c@example.org>\r\nRCPT TO:<a@example.org>\r\n\
                BDAT 6\r\nS: 2\r\nBDAT 4 LAST\r\n\r\nx\nQUIT\r\n";
    for piece in [said.len(), 7, 1] {
        let server = Server::start().await;
        let mut client = server.connect().await;
        for octets in said.as_bytes().chunks(piece) {
            client.send(octets).await;
        }
        let codes = client.codes().await;
        assert_eq!(
            codes,
            [250, 250, 250, 250, 354, 250, 250, 250, 250, 250, 250, 250, 221]
        );
        client.assert_closed().await;
        let taken = server.ledger.taken();
        let raw: Vec<_> = taken.iter().map(|mail| mail.raw.as_slice()).collect();
        assert_eq!(raw, [&b"S: 1\r\n\r\n"[..], b"S: 1\r\n\r\n", b"S: 2\r\n\r\nx\n"]);
        assert_eq!(taken[0].envelope.from.as_deref(), Some(""), "the null sender");
    }
}

#[tokio::test]
async fn chunks_are_octets_and_no_lines() {
    let server = Server::start().await;
    let mut client = server.greeted().await;
    client.envelope(&["a@example.org", "b@example.org"]).await;
    client.send(b"BDAT 9\r\n\r\n.\r\n\0\xff.\nRSET\r\n").await;
    assert_eq!(client.codes().await, [250, 250]);
    client.envelope(&["a@example.org", "b@example.org"]).await;
    client.send(b"BDAT 9\r\n\r\n.\r\n\0\xff.\nBDAT 0 LAST\r\n").await;
    assert_eq!(client.codes().await, [250, 250, 250]);
    let taken = server.ledger.taken();
    assert_eq!(taken.len(), 2, "what RSET forgot is not taken");
    assert_eq!(taken[0].raw, b"\r\n.\r\n\0\xff.\n");
}

#[tokio::test]
async fn commands_out_of_order_are_told_what_is_missing() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    assert_eq!(
        client.ask("MAIL FROM:<a@example.org>").await,
        "503 5.5.1 Say LHLO first"
    );
    assert!(
        client
            .ask("EHLO client.test")
            .await
            .starts_with("500 5.5.1 This is LMTP")
    );
    client.ask("LHLO client.test").await;
    for line in ["RCPT TO:<a@example.org>", "DATA"] {
        assert_eq!(client.ask(line).await, "503 5.5.1 Say MAIL first");
    }
    client.send("BDAT 5 LAST\r\nQUIT\n").await;
    assert!(client.hear().await.starts_with("503 5.5.1"));
    client.ask("MAIL FROM:<a@example.org>").await;
    assert_eq!(client.ask("DATA").await, "503 5.5.1 There is no recipient");
    assert!(
        client
            .ask("MAIL FROM:<b@example.org>")
            .await
            .starts_with("503 5.5.1 A mail has begun")
    );
    client.ask("RCPT TO:<a@example.org>").await;
    client.send("BDAT 1\r\na").await;
    assert_eq!(client.codes().await, [250]);
    assert!(
        client
            .ask("DATA")
            .await
            .starts_with("503 5.5.1 The message has begun")
    );
    assert!(client.ask("RCPT TO:<b@example.org>").await.starts_with("503"));
    assert_eq!(client.ask("VRFY a").await, "252 2.5.0 Any recipient is accepted");
    client.ask("LHLO again.test").await;
    assert!(
        client.ask("BDAT 0 LAST").await.starts_with("503"),
        "LHLO forgets the mail"
    );
    assert!(server.ledger.taken().is_empty());
}

#[tokio::test]
async fn an_empty_mail_is_refused_for_good_and_a_down_store_for_now() {
    let server = Server::start().await;
    let mut client = server.greeted().await;
    client.envelope(&["a@example.org"]).await;
    client.ask("DATA").await;
    assert_eq!(client.ask(".").await, "554 5.6.0 The mail is empty");
    server.ledger.fail(|_| Some(unavailable()));
    client.envelope(&["a@example.org"]).await;
    client.ask("DATA").await;
    client.send("a\r\n").await;
    assert_eq!(
        client.ask(".").await,
        "451 4.3.0 The mail was not stored; try again later"
    );
}
