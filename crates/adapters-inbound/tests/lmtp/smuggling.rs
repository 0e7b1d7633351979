//! Attempts to make the server see an end, or commands, where the sender's server saw none.

use crate::harness::Server;

#[tokio::test]
async fn no_false_end_of_a_message_lets_commands_through() {
    let smuggled = "MAIL FROM:<admin@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nforged\r\n.\r\n";
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r\n.\r",
        "\r.\r\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
    ] {
        let server = Server::start().await;
        let mut client = server.greeted().await;
        client.envelope(&["a@example.org"]).await;
        client.ask("DATA").await;
        client
            .send(format!("Subject: a\r\n\r\nb{end}{smuggled}QUIT\r\n"))
            .await;
        assert_eq!(client.codes().await, [250, 221], "{end:?}");
        client.assert_closed().await;
        let [mail] = server.ledger.taken().try_into().unwrap();
        let text = String::from_utf8(mail.raw).unwrap();
        assert!(text.ends_with("DATA\r\nforged\r\n"), "{end:?}: {text:?}");
    }
}

#[tokio::test]
async fn a_command_with_a_bare_line_end_ends_the_connection() {
    for line in [
        "NOOP\nMAIL FROM:<a@example.org>\r\n",
        "NOOP\rRSET\r\n",
        "LHLO c\n",
    ] {
        let server = Server::start().await;
        let mut client = server.connect().await;
        client.send(line).await;
        assert_eq!(
            client.hear().await,
            "500 5.5.2 A bare CR or LF; lines end with CRLF"
        );
        client.assert_closed().await;
    }
}

#[tokio::test]
async fn a_chunk_of_unknown_length_is_not_read_as_commands() {
    let server = Server::start().await;
    let mut client = server.greeted().await;
    client.envelope(&["a@example.org"]).await;
    client
        .send("BDAT 0x10 LAST\r\nMAIL FROM:<admin@example.org>\r\n")
        .await;
    assert_eq!(client.hear().await, "501 5.5.4 Say BDAT size [LAST]");
    client.assert_closed().await;
}

#[tokio::test]
async fn a_chunk_that_nobody_wants_is_read_over_and_not_obeyed() {
    let server = Server::start().await;
    let mut client = server.greeted().await;
    client
        .send("BDAT 31 LAST\r\nMAIL FROM:<admin@example.org>\r\nNOOP\r\n")
        .await;
    assert_eq!(client.codes().await, [503, 250]);
    assert!(
        client.ask("RCPT TO:<a@example.org>").await.starts_with("503"),
        "no mail has begun"
    );
}
