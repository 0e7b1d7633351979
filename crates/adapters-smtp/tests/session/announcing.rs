//! The next mail's commands behind the last one's dot: every answer stays its own mail's, and a mail that never began is not charged.

use super::*;
use recado_domain::reply::Stage;
use recado_test_support::smtp_server::{Act, DEADLINE, Extension, Rule, SmtpServerBuilder};
use tokio::task::yield_now;

/// Longer than any dialogue here.
const WHOLE: usize = 4_096;

async fn connected(transport: &SmtpTransport, server: &SmtpServer) -> Box<dyn MailSession> {
    transport.connect(&account(server)).await.unwrap()
}

/// Sends a mail of its own, with another one announced behind it.
async fn send_before(session: &mut dyn MailSession, id: &str, next: &str) -> Result<Reply, SendError> {
    session.begin(&envelope(id)).await?;
    session.finish(&message(id), Some(&envelope(next))).await
}

/// How often the server heard a command so far.
fn heard(server: &SmtpServer, command: &str) -> usize {
    let commands = server.commands();
    commands.iter().filter(|(_, line)| line == command).count()
}

/// Waits until the server has heard a command so often.
async fn hears(server: &SmtpServer, command: &str, times: usize) {
    let hearing = async {
        while heard(server, command) < times {
            yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, hearing).await.unwrap();
}

fn taken(server: &SmtpServer) -> Vec<String> {
    server.mails().into_iter().map(|mail| mail.message_id).collect()
}

#[tokio::test]
async fn the_next_mail_is_named_before_it_begins_where_the_server_pipelines() {
    let server = SmtpServer::start().await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    hears(&server, "DATA", 2).await;
    assert!(session.is_usable());
    session.begin(&envelope("b@x")).await.unwrap();
    assert!(!session.is_usable());
    session.finish(&message("b@x"), None).await.unwrap();
    session.quit().await;
    assert_eq!(taken(&server), ["a@x", "b@x"]);
    assert_eq!((heard(&server, "DATA"), heard(&server, "RSET")), (2, 0));
    assert_eq!((heard(&server, "QUIT"), server.connections()), (1, 1));
}

#[tokio::test]
async fn a_server_that_does_not_pipeline_hears_of_the_next_mail_when_it_begins() {
    let server = SmtpServer::builder().without(Extension::Pipelining).start().await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    // Nothing was announced: another mail may begin instead.
    send_before(session.as_mut(), "c@x", "b@x").await.unwrap();
    assert_eq!(heard(&server, "DATA"), 2);
    send(session.as_mut(), "b@x").await.unwrap();
    assert_eq!(taken(&server), ["a@x", "c@x", "b@x"]);
}

#[tokio::test]
async fn many_announced_mails_arrive_byte_for_byte() {
    let server = SmtpServer::start().await;
    let mut session = connected(&transport(), &server).await;
    let large = |id: &str, lines: usize| [message(id), b"line\r\n.\r\n".repeat(lines)].concat();
    let ids: Vec<_> = (0..30).map(|n| format!("{n}@x")).collect();
    for (n, id) in ids.iter().enumerate() {
        let next = ids.get(n + 1).map(|next| envelope(next));
        session.begin(&envelope(id)).await.unwrap();
        session
            .finish(&large(id, n * 1_000), next.as_ref())
            .await
            .unwrap();
    }
    assert_eq!(taken(&server), ids);
    for (n, mail) in server.mails().into_iter().enumerate() {
        assert!(mail.raw == large(&ids[n], n * 1_000), "{n}");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_refused_recipient_behind_an_accepted_mail_spoils_neither_that_nor_the_one_after() {
    let rule = Rule::at(Stage::RcptTo, Act::reply("550 5.1.1 unknown")).to("nobody@example.org");
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = connected(&transport(), &server).await;
    let nobody = envelope_to("nobody@example.org", "b@x");
    session.begin(&envelope("a@x")).await.unwrap();
    session.finish(&message("a@x"), Some(&nobody)).await.unwrap();
    let refused = session.begin(&nobody).await.unwrap_err();
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
    send(session.as_mut(), "c@x").await.unwrap();
    assert_eq!(taken(&server), ["a@x", "c@x"]);
    assert_eq!((server.connections(), heard(&server, "RSET")), (1, 1));
}

#[tokio::test]
async fn a_refused_message_leaves_the_next_mail_its_go_ahead() {
    let rule = Rule::at(Stage::FinalDot, Act::reply("554 5.7.1 looks like spam")).times(1);
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = connected(&transport(), &server).await;
    let refused = send_before(session.as_mut(), "a@x", "b@x").await.unwrap_err();
    assert!(matches!(refused, SendError::Rejected { .. }), "{refused:?}");
    assert!(session.is_usable());
    send(session.as_mut(), "b@x").await.unwrap();
    assert_eq!(taken(&server), ["b@x"]);
    assert_eq!((server.connections(), heard(&server, "RSET")), (1, 0));
}

#[tokio::test]
async fn what_ends_the_connection_at_the_dot_charges_the_announced_mail_nothing() {
    let acts = [
        Act::ReplyThenClose("421 4.3.2 shutting down".to_owned()),
        Act::TakeThenClose,
        Act::Close,
        Act::Bytes(b"2x0 what\r\n".to_vec()),
    ];
    for act in acts {
        let rule = Rule::at(Stage::FinalDot, act.clone());
        let server = SmtpServer::builder().rule(rule).start().await;
        let mut session = connected(&transport(), &server).await;
        send_before(session.as_mut(), "a@x", "b@x").await.unwrap_err();
        assert!(!session.is_usable(), "{act:?}");
        assert_eq!(
            session.begin(&envelope("b@x")).await,
            Err(SendError::Stale),
            "{act:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_the_go_ahead_charges_the_announced_mail_nothing() {
    for act in [
        Act::Close,
        Act::ReplyThenClose("250".to_owned()),
        Act::Bytes(b"\xff\r\n".to_vec()),
    ] {
        for stage in [Stage::MailFrom, Stage::RcptTo, Stage::Data] {
            let rule = Rule::at(stage, act.clone()).after(1);
            let server = SmtpServer::builder().rule(rule).start().await;
            let mut session = connected(&transport(), &server).await;
            send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
            assert_eq!(
                session.begin(&envelope("b@x")).await,
                Err(SendError::Stale),
                "{act:?} at {stage}"
            );
            assert!(!session.is_usable());
            assert_eq!(taken(&server), ["a@x"]);
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_after_its_yes_is_stale_to_the_announced_mail() {
    for last in ["250 2.0.0 Ok", "250 2.0.0 Ok\r\n421 4.4.2 enough for today"] {
        let rule = Rule::at(Stage::FinalDot, Act::ReplyThenClose(last.to_owned()));
        let server = SmtpServer::builder().rule(rule).start().await;
        let mut session = connected(&transport(), &server).await;
        send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
        assert_eq!(session.begin(&envelope("b@x")).await, Err(SendError::Stale));
        assert!(!session.is_usable());
    }
}

#[tokio::test]
async fn a_word_too_many_to_one_mail_is_no_go_ahead_for_the_next() {
    let rule = Rule::at(
        Stage::FinalDot,
        Act::Bytes(b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n".to_vec()),
    );
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    assert_eq!(session.begin(&envelope("b@x")).await, Err(SendError::Stale));
    assert!(!session.is_usable());
    assert_eq!(taken(&server), ["a@x"]);
}

#[tokio::test]
async fn a_yes_to_an_announced_mail_before_its_dot_is_no_yes() {
    let act = Act::Bytes(b"354 go on\r\n250 2.0.0 Ok\r\n".to_vec());
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::Data, act).after(1))
        .start()
        .await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    let error = send(session.as_mut(), "b@x").await.unwrap_err();
    assert!(matches!(error, SendError::Cut { .. }), "{error:?}");
    assert_eq!(taken(&server), ["a@x"]);
}

#[tokio::test]
async fn a_server_that_throws_an_announcement_away_charges_the_mail_nothing_and_hears_no_other() {
    for act in [Act::Forget, Act::ReplyThenClose("250 2.0.0 Ok".to_owned())] {
        let rule = Rule::at(Stage::FinalDot, act.clone()).times(1);
        let server = SmtpServer::builder().rule(rule).start().await;
        // Waits for a minute, and longer, for whatever else a server may be slow at.
        let transport = SmtpTransport::new(SmtpSettings {
            timeouts: Timeouts {
                announcement: SHORT,
                ..Timeouts::default()
            },
            ..SmtpSettings::default()
        });
        let transport = transport.unwrap();
        let mut session = connected(&transport, &server).await;
        let mut beside = connected(&transport, &server).await;
        send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
        assert_eq!(
            session.begin(&envelope("b@x")).await,
            Err(SendError::Stale),
            "{act:?}"
        );
        assert!(!session.is_usable());
        // On a new connection, and on one that was open: what is not announced may begin as another mail.
        let mut session = connected(&transport, &server).await;
        for (session, ids) in [(&mut session, ["b@x", "c@x"]), (&mut beside, ["d@x", "e@x"])] {
            send_before(session.as_mut(), ids[0], "z@x").await.unwrap();
            send(session.as_mut(), ids[1]).await.unwrap();
        }
        assert_eq!(taken(&server), ["a@x", "b@x", "c@x", "d@x", "e@x"], "{act:?}");
    }
}

#[tokio::test]
async fn a_server_that_has_answered_announcements_may_hang_up_and_hears_of_the_next_mail_again() {
    let act = Act::ReplyThenClose("250 2.0.0 Ok".to_owned());
    let rule = Rule::at(Stage::FinalDot, act).after(1).times(1);
    let server = SmtpServer::builder().rule(rule).start().await;
    let transport = transport();
    let mut session = connected(&transport, &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    send_before(session.as_mut(), "b@x", "c@x").await.unwrap();
    assert_eq!(session.begin(&envelope("c@x")).await, Err(SendError::Stale));
    let mut session = connected(&transport, &server).await;
    send_before(session.as_mut(), "c@x", "d@x").await.unwrap();
    hears(&server, "DATA", 4).await;
    assert_eq!(taken(&server), ["a@x", "b@x", "c@x"]);
}

#[tokio::test]
async fn a_slow_go_ahead_delays_no_answer_and_is_bounded() {
    let rule = Rule::at(Stage::Data, Act::Hang).after(1);
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = connected(&impatient(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    let error = session.begin(&envelope("b@x")).await.unwrap_err();
    let is_data = matches!(
        error,
        SendError::Cut {
            stage: Stage::Data,
            ..
        }
    );
    assert!(is_data, "{error:?}");
    assert!(!session.is_usable());
}

#[tokio::test]
async fn a_go_ahead_that_is_no_longer_waited_for_takes_the_connection_with_it() {
    let rule = Rule::at(Stage::Data, Act::Hang).after(1);
    let server = SmtpServer::builder().rule(rule).start().await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    let waiting = tokio::time::timeout(SHORT, session.begin(&envelope("b@x"))).await;
    assert!(waiting.is_err());
    assert!(!session.is_usable());
}

#[tokio::test]
async fn a_mail_that_was_announced_and_is_no_longer_wanted_ends_the_connection_in_silence() {
    let server = SmtpServer::start().await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    session.quit().await;

    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "c@x", "b@x").await.unwrap();
    assert_eq!(session.begin(&envelope("d@x")).await, Err(SendError::Stale));
    assert!(!session.is_usable());
    session.quit().await;

    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "e@x", "b@x").await.unwrap();
    session.begin(&envelope("b@x")).await.unwrap();
    drop(session);
    let ids = ["a@x", "c@x", "e@x"];
    assert_eq!(taken(&server), ids);
    hears(&server, "DATA", 2 * ids.len()).await;
    assert_eq!(heard(&server, "QUIT"), 0);
}

#[tokio::test]
async fn a_go_ahead_is_used_once() {
    let server = SmtpServer::start().await;
    let mut session = connected(&transport(), &server).await;
    send_before(session.as_mut(), "a@x", "b@x").await.unwrap();
    // Without its beginning the announced mail has no go-ahead that was read.
    let error = session.finish(&message("b@x"), None).await.unwrap_err();
    assert!(matches!(error, SendError::Cut { .. }), "{error:?}");
    assert!(!session.is_usable());
    assert_eq!(taken(&server), ["a@x"]);
}

#[tokio::test]
async fn a_mail_that_the_server_cannot_be_sent_is_not_announced() {
    let limit = usize::try_from(envelope("a@x").size).unwrap();
    let server = SmtpServer::builder()
        .size(limit)
        .without(Extension::SmtpUtf8)
        .start()
        .await;
    let mut session = connected(&transport(), &server).await;
    let large = Envelope {
        size: 1_000_000,
        ..envelope("b@x")
    };
    for unfit in [large, envelope_to("peña@example.org", "b@x")] {
        session.begin(&envelope("a@x")).await.unwrap();
        session.finish(&message("a@x"), Some(&unfit)).await.unwrap();
        let error = session.begin(&unfit).await.unwrap_err();
        assert!(
            matches!(error, SendError::TooLarge(_) | SendError::Impossible(_)),
            "{error:?}"
        );
        assert!(session.is_usable());
    }
    assert_eq!(heard(&server, "DATA"), 2);
}

/// What became of a mail, of the one that was announced behind it, and which of them the server took.
type Outcome = (
    Result<Reply, SendError>,
    Option<Result<Reply, SendError>>,
    Vec<String>,
);

/// Sends two mails, the second one announced behind the first, through a server cut at each byte in turn.
async fn every_cut(cut: impl Fn(usize) -> SmtpServerBuilder) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for bytes in 0..WHOLE {
        // What one remembers of a server must not be taken for true of another, at the same port.
        let transport = transport();
        let server = cut(bytes).start().await;
        let mut outcome = (Ok(Reply::new(250, "")), None, Vec::new());
        match transport.connect(&account(&server)).await {
            Err(error) => outcome.0 = Err(error),
            Ok(mut session) => {
                outcome.0 = send_before(session.as_mut(), "a@x", "b@x").await;
                if session.is_usable() {
                    outcome.1 = Some(send(session.as_mut(), "b@x").await);
                }
            }
        }
        outcome.2 = taken(&server);
        let is_whole = matches!(outcome.1, Some(Ok(_)));
        outcomes.push(outcome);
        if is_whole {
            return outcomes;
        }
    }
    panic!("no two mails went through in {WHOLE} cuts");
}

fn assert_reports_are_true(outcomes: &[Outcome]) {
    for (bytes, (first, second, taken)) in outcomes.iter().enumerate() {
        let has = |id: &str| taken.iter().filter(|taken| *taken == id).count();
        assert!(has("a@x") <= 1 && has("b@x") <= 1, "{bytes} bytes: {taken:?}");
        match first {
            Ok(_) => assert_eq!(has("a@x"), 1, "{bytes} bytes: success without a mail"),
            Err(SendError::Unsure(_)) => {}
            Err(SendError::Channel(_) | SendError::Cut { .. }) => assert_eq!(has("a@x"), 0, "{bytes} bytes"),
            Err(other) => panic!("{bytes} bytes: {other:?}"),
        }
        match second {
            None => assert_eq!(has("b@x"), 0, "{bytes} bytes: nothing of it was to leave"),
            Some(Ok(_)) => assert_eq!(has("b@x"), 1, "{bytes} bytes: success without a mail"),
            Some(Err(SendError::Unsure(_))) => {}
            // Before the go-ahead the mail never began; behind it the message was cut.
            Some(Err(
                SendError::Stale
                | SendError::Cut {
                    stage: Stage::FinalDot,
                    ..
                },
            )) => {
                assert_eq!(has("b@x"), 0, "{bytes} bytes");
            }
            Some(Err(other)) => panic!("{bytes} bytes: {other:?}"),
        }
    }
}

#[tokio::test]
async fn two_mails_through_a_server_that_hears_less_and_less_make_no_false_report() {
    let outcomes = every_cut(|bytes| SmtpServer::builder().cut_after_received(bytes)).await;
    assert!(outcomes.len() > 300, "{} cuts", outcomes.len());
    assert_reports_are_true(&outcomes);
    let taken: usize = outcomes.iter().filter(|(.., taken)| taken.len() == 2).count();
    assert_eq!(
        taken, 1,
        "a server that heard less than the last dot took one at most"
    );
}

#[tokio::test]
async fn two_mails_through_a_server_that_says_less_and_less_make_no_false_report() {
    let outcomes = every_cut(|bytes| SmtpServer::builder().cut_after_sent(bytes)).await;
    assert!(outcomes.len() > 250, "{} cuts", outcomes.len());
    assert_reports_are_true(&outcomes);
    let stale = |(_, second, _): &&Outcome| matches!(second, Some(Err(SendError::Stale)));
    assert!(outcomes.iter().filter(stale).count() > 50);
    let unsure = |(_, second, _): &&Outcome| matches!(second, Some(Err(SendError::Unsure(_))));
    assert!(outcomes.iter().filter(unsure).count() > 20);
}
