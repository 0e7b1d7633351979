//! The ordinary dialogue, its variants, and many mails on one connection.

use super::*;
use recado_domain::reply::Stage;
use recado_test_support::smtp_server::{Act, Extension, Rule};
use tokio::task::JoinSet;

fn commands(server: &SmtpServer) -> Vec<String> {
    server
        .commands()
        .into_iter()
        .map(|(_, command)| command)
        .collect()
}

#[tokio::test]
async fn a_mail_arrives_byte_for_byte() {
    let server = SmtpServer::start().await;
    let reply = deliver(&transport(), &account(&server), "a@x").await.unwrap();
    assert_eq!(reply.to_string(), "250 2.0.0 Ok: queued as a@x");
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].raw, message("a@x"));
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_str()),
        ("desk@example.org", "ana@example.org")
    );
}

#[tokio::test]
async fn a_mail_of_many_blocks_arrives_byte_for_byte() {
    let server = SmtpServer::start().await;
    for extra in [0, 1, 2, 3, 65_530, 65_533, 65_534, 65_535, 65_536, 1_000_000] {
        let mut big = message("a@x");
        let lines = (0..extra).map(|n| if n % 70 == 69 { b"\r\n".as_slice() } else { b"." });
        big.extend(lines.flatten());
        big.extend_from_slice(b"\r\n");
        let mut session = transport().connect(&account(&server)).await.unwrap();
        session.begin(&envelope("a@x")).await.unwrap();
        session.finish(&big, None).await.unwrap();
        assert!(server.mails().pop().unwrap().raw == big, "{extra}");
    }
}

#[tokio::test]
async fn many_mails_go_over_one_connection_with_and_without_pipelining() {
    for builder in [
        SmtpServer::builder(),
        SmtpServer::builder().without(Extension::Pipelining),
    ] {
        let server = builder.start().await;
        let mut session = transport().connect(&account(&server)).await.unwrap();
        for n in 0..50 {
            assert!(session.is_usable());
            send(session.as_mut(), &format!("{n}@x")).await.unwrap();
        }
        session.quit().await;
        assert_eq!((server.count(), server.connections()), (50, 1));
        assert!(!commands(&server).iter().any(|command| command == "RSET"));
        assert_eq!(commands(&server).last().map(String::as_str), Some("QUIT"));
    }
}

#[tokio::test]
async fn a_refused_recipient_does_not_spoil_the_connection_for_the_next() {
    for builder in [
        SmtpServer::builder(),
        SmtpServer::builder().without(Extension::Pipelining),
    ] {
        let rule = Rule::at(Stage::RcptTo, Act::reply("550 5.1.1 unknown")).to("nobody@example.org");
        let server = builder.rule(rule).start().await;
        let mut session = transport().connect(&account(&server)).await.unwrap();
        for n in 0..3 {
            let refused = session
                .begin(&envelope_to("nobody@example.org", "bad@x"))
                .await
                .unwrap_err();
            assert!(
                matches!(
                    refused,
                    SendError::Rejected {
                        hard_bounce: true,
                        ..
                    }
                ),
                "{refused:?}"
            );
            assert!(session.is_usable());
            send(session.as_mut(), &format!("{n}@x")).await.unwrap();
        }
        assert_eq!((server.count(), server.connections()), (3, 1));
        assert_eq!(
            commands(&server)
                .iter()
                .filter(|command| *command == "RSET")
                .count(),
            3
        );
    }
}

#[tokio::test]
async fn a_refused_message_does_not_spoil_the_connection_for_the_next() {
    let rule = Rule::at(Stage::FinalDot, Act::reply("554 5.7.1 looks like spam")).times(1);
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    let refused = send(session.as_mut(), "a@x").await.unwrap_err();
    assert!(
        matches!(
            refused,
            SendError::Rejected {
                hard_bounce: false,
                ..
            }
        ),
        "{refused:?}"
    );
    send(session.as_mut(), "b@x").await.unwrap();
    assert_eq!(server.mails()[0].message_id, "b@x");
}

#[tokio::test]
async fn a_go_ahead_after_a_refused_recipient_ends_the_connection() {
    let rules = [Rule::at(
        Stage::RcptTo,
        Act::Bytes(b"550 5.1.1 unknown\r\n354 go on\r\n".to_vec()),
    )];
    let server = SmtpServer::builder().rule(rules[0].clone()).start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    let refused = session.begin(&envelope("a@x")).await.unwrap_err();
    assert!(matches!(refused, SendError::Rejected { .. }), "{refused:?}");
    assert!(!session.is_usable());
}

#[tokio::test]
async fn a_server_without_ehlo_is_greeted_with_helo() {
    let server = SmtpServer::builder().without(Extension::Ehlo).start().await;
    deliver(&transport(), &account(&server), "a@x").await.unwrap();
    assert!(commands(&server)[1].starts_with("HELO [127.0.0.1]"));
    assert_eq!(commands(&server)[2], "MAIL FROM:<desk@example.org>");
}

#[tokio::test]
async fn the_configured_name_is_given_in_ehlo() {
    let server = SmtpServer::start().await;
    let settings = SmtpSettings {
        ehlo_name: Some("desk.example.org".to_owned()),
        ..SmtpSettings::default()
    };
    deliver(&SmtpTransport::new(settings).unwrap(), &account(&server), "a@x")
        .await
        .unwrap();
    assert_eq!(commands(&server)[0], "EHLO desk.example.org");
}

#[tokio::test]
async fn a_mail_larger_than_the_server_takes_is_not_sent() {
    let server = SmtpServer::builder().size(10).start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    let error = session.begin(&envelope("a@x")).await.unwrap_err();
    assert!(matches!(error, SendError::TooLarge(_)), "{error:?}");
    assert!(session.is_usable());
    assert!(
        !commands(&server)
            .iter()
            .any(|command| command.starts_with("MAIL"))
    );
    session
        .begin(&Envelope {
            size: 10,
            ..envelope("a@x")
        })
        .await
        .unwrap();
    assert!(
        commands(&server)
            .iter()
            .any(|command| command == "MAIL FROM:<desk@example.org> SIZE=10")
    );
}

#[tokio::test]
async fn reports_are_asked_for_where_the_server_offers_them() {
    let server = SmtpServer::builder().reports().start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    let with = |reports| Envelope {
        to: "ana+b=c@example.org".parse().unwrap(),
        reports,
        ..envelope("row.mac@x")
    };
    session.begin(&with(Reports::All)).await.unwrap();
    session.finish(&message("row.mac@x"), None).await.unwrap();
    session.begin(&with(Reports::Failure)).await.unwrap();
    let said = commands(&server);
    let said = |wanted: &str| said.iter().any(|command| command == wanted);
    assert!(said("MAIL FROM:<desk@example.org> RET=HDRS ENVID=row.mac"));
    let rcpt = "RCPT TO:<ana+b=c@example.org> NOTIFY";
    let original = "ORCPT=rfc822;ana+2Bb+3Dc@example.org";
    assert!(said(&format!("{rcpt}=SUCCESS,FAILURE,DELAY {original}")));
    assert!(said(&format!("{rcpt}=FAILURE,DELAY {original}")));

    let server = SmtpServer::start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    session.begin(&with(Reports::All)).await.unwrap();
    assert!(
        commands(&server)
            .iter()
            .all(|command| !command.contains("NOTIFY") && !command.contains("ENVID"))
    );
}

#[tokio::test]
async fn an_address_in_utf8_needs_a_server_that_knows_it() {
    let server = SmtpServer::builder().without(Extension::SmtpUtf8).start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    let error = session
        .begin(&envelope_to("peña@example.org", "a@x"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SendError::Impossible(text) if text.contains("SMTPUTF8")),
        "{error:?}"
    );
    assert!(session.is_usable());

    let server = SmtpServer::start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    session
        .begin(&envelope_to("peña@español.example", "a@x"))
        .await
        .unwrap();
    session.finish(&message("a@x"), None).await.unwrap();
    assert_eq!(server.mails()[0].to, "peña@xn--espaol-zwa.example");
    assert!(
        commands(&server)
            .iter()
            .any(|command| command.ends_with("BODY=8BITMIME SMTPUTF8"))
    );
}

#[tokio::test]
async fn bare_and_strange_but_lawful_answers_are_understood() {
    let answers: [&[u8]; 5] = [
        b"250\r\n",
        b"250 \r\n",
        b"250-a\r\n250-\r\n250 b\r\n",
        b"250 caf\xe9 \xff\r\n",
        b"250 lf only\n",
    ];
    for stage in [Stage::Ehlo, Stage::MailFrom, Stage::RcptTo, Stage::FinalDot] {
        for answer in answers {
            let server = SmtpServer::builder()
                .rule(Rule::at(stage, Act::Bytes(answer.to_vec())))
                .start()
                .await;
            deliver(&transport(), &account(&server), "a@x").await.unwrap();
            assert_eq!(server.count(), 1, "{answer:?} at {stage}");
        }
    }
}

#[tokio::test]
async fn an_idle_connection_that_ended_is_told_apart_from_a_cut() {
    for act in [
        Act::Close,
        Act::ReplyThenClose("421 4.4.2 idle for too long".to_owned()),
    ] {
        for extension in [None, Some(Extension::Pipelining)] {
            let mut builder = SmtpServer::builder().rule(Rule::at(Stage::MailFrom, act.clone()).after(1));
            if let Some(extension) = extension {
                builder = builder.without(extension);
            }
            let server = builder.start().await;
            let mut session = transport().connect(&account(&server)).await.unwrap();
            send(session.as_mut(), "a@x").await.unwrap();
            assert_eq!(
                session.begin(&envelope("b@x")).await,
                Err(SendError::Stale),
                "{act:?}"
            );
            assert!(!session.is_usable());
        }
    }
}

#[tokio::test]
async fn what_an_idle_server_said_unasked_is_taken_for_no_answer() {
    let answer = b"250 2.0.0 Ok\r\n421 4.4.2 I am leaving soon\r\n".to_vec();
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::FinalDot, Act::Bytes(answer)))
        .start()
        .await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    send(session.as_mut(), "a@x").await.unwrap();
    assert_eq!(session.begin(&envelope("b@x")).await, Err(SendError::Stale));
    assert!(!session.is_usable());
}

#[tokio::test]
async fn a_yes_before_the_final_dot_is_no_yes() {
    let act = Act::Bytes(b"354 go on\r\n250 2.0.0 Ok\r\n".to_vec());
    for builder in [
        SmtpServer::builder(),
        SmtpServer::builder().without(Extension::Pipelining),
    ] {
        let server = builder.rule(Rule::at(Stage::Data, act.clone())).start().await;
        let error = deliver(&transport(), &account(&server), "a@x").await.unwrap_err();
        assert!(matches!(error, SendError::Cut { .. }), "{error:?}");
        assert_eq!(server.count(), 0);
    }
}

#[tokio::test]
async fn a_server_that_speaks_out_of_turn_before_the_first_mail_is_the_channels_fault() {
    let act = Act::Bytes(b"250 localhost\r\n250 2.1.0 Ok\r\n".to_vec());
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::Ehlo, act))
        .start()
        .await;
    let error = deliver(&transport(), &account(&server), "a@x").await.unwrap_err();
    assert!(matches!(error, SendError::Channel(_)), "{error:?}");
    assert!(
        !commands(&server)
            .iter()
            .any(|command| command.starts_with("MAIL"))
    );
}

#[tokio::test]
async fn a_step_that_is_dropped_takes_the_connection_with_it() {
    let mut waits = JoinSet::new();
    for stage in [Stage::MailFrom, Stage::RcptTo, Stage::Data, Stage::FinalDot] {
        waits.spawn(async move {
            let server = SmtpServer::builder()
                .rule(Rule::at(stage, Act::Hang))
                .start()
                .await;
            let mut session = transport().connect(&account(&server)).await.unwrap();
            let dropped = tokio::time::timeout(SHORT, send(session.as_mut(), "a@x")).await;
            assert!(dropped.is_err());
            assert!(!session.is_usable(), "{stage}");
            assert_eq!(session.begin(&envelope("b@x")).await, Err(SendError::Stale));
        });
    }
    waits.join_all().await;
}

#[tokio::test]
async fn a_message_without_a_go_ahead_is_not_sent() {
    let rule = Rule::at(Stage::RcptTo, Act::reply("450 4.2.0 later")).times(1);
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    session.begin(&envelope("a@x")).await.unwrap_err();
    let error = session.finish(&message("a@x"), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            SendError::Cut {
                stage: Stage::Data,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!session.is_usable());
    session.quit().await;
    assert_eq!((server.count(), commands(&server).len()), (0, 4));
}

#[tokio::test]
async fn a_session_with_a_mail_half_sent_begins_no_other() {
    let server = SmtpServer::start().await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    session.begin(&envelope("a@x")).await.unwrap();
    assert!(!session.is_usable());
    assert_eq!(session.begin(&envelope("b@x")).await, Err(SendError::Stale));
    assert!(matches!(
        session.finish(&message("b@x"), None).await,
        Err(SendError::Cut { .. })
    ));
    assert_eq!(server.count(), 0);
}
