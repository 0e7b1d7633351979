//! Refusals, silence, endless and garbled answers at every stage: what each asks of the caller.

use super::*;
use recado_domain::channel::HoldReason;
use recado_domain::reply::Stage;
use recado_test_support::smtp_server::{Act, Extension, Rule};
use tokio::task::JoinSet;

/// The stages of a plain dialogue without login.
const STAGES: [Stage; 6] = [
    Stage::Greeting,
    Stage::Ehlo,
    Stage::MailFrom,
    Stage::RcptTo,
    Stage::Data,
    Stage::FinalDot,
];

/// The outcome of one mail with `act` at `stage`, and how many mails the server took.
async fn outcome(stage: Stage, act: Act, extension: Option<Extension>) -> (Result<Reply, SendError>, usize) {
    outcome_over(transport(), stage, act, extension).await
}

async fn outcome_over(
    transport: SmtpTransport,
    stage: Stage,
    act: Act,
    extension: Option<Extension>,
) -> (Result<Reply, SendError>, usize) {
    let mut builder = SmtpServer::builder().rule(Rule::at(stage, act));
    if let Some(extension) = extension {
        builder = builder.without(extension);
    }
    let server = builder.start().await;
    (
        deliver(&transport, &account(&server), "a@x").await,
        server.count(),
    )
}

/// A fault of the line, not of the recipient, that fits its stage.
fn assert_lost(stage: Stage, error: &SendError) {
    let fits = match stage {
        Stage::MailFrom | Stage::RcptTo | Stage::Data => {
            matches!(error, SendError::Cut { stage: at, .. } if *at == stage)
        }
        Stage::FinalDot => matches!(error, SendError::Unsure(_)),
        _ => matches!(error, SendError::Channel(fault) if fault.hold.is_none()),
    };
    assert!(fits, "{error:?} at {stage}");
}

#[tokio::test]
async fn a_421_is_the_channels_fault_at_every_stage() {
    for stage in STAGES {
        for extension in [None, Some(Extension::Pipelining)] {
            let act = Act::ReplyThenClose("421 4.3.2 shutting down".to_owned());
            let (result, taken) = outcome(stage, act, extension).await;
            assert!(
                matches!(&result, Err(SendError::Channel(fault)) if fault.hold.is_none()),
                "{result:?} at {stage}"
            );
            assert_eq!(taken, 0);
        }
    }
}

#[tokio::test]
async fn silence_ends_within_its_bound_at_every_stage() {
    let mut waits = JoinSet::new();
    for stage in STAGES {
        for extension in [None, Some(Extension::Pipelining)] {
            waits.spawn(async move {
                let (result, taken) = outcome_over(impatient(), stage, Act::Hang, extension).await;
                assert_lost(stage, &result.unwrap_err());
                assert_eq!(taken, 0);
            });
        }
    }
    waits.join_all().await;
}

#[tokio::test]
async fn an_endless_answer_is_given_up_at_every_stage() {
    for stage in STAGES {
        for act in [Act::Endless, Act::EndlessLines] {
            let (result, _) = outcome(stage, act, None).await;
            assert_lost(stage, &result.unwrap_err());
        }
    }
}

#[tokio::test]
async fn a_garbled_answer_is_neither_yes_nor_no_at_every_stage() {
    let garbled: [&[u8]; 7] = [
        b"25\r\n",
        b"2x0 Ok\r\n",
        b"250Ok\r\n",
        b"\xff\xfe\xfd\r\n",
        b"\r\n",
        b"250-one\r\n550 two\r\n",
        b"Ok\r\n",
    ];
    for stage in STAGES {
        for bytes in garbled {
            let (result, _) = outcome(stage, Act::Bytes(bytes.to_vec()), None).await;
            assert_lost(stage, &result.unwrap_err());
        }
    }
}

#[tokio::test]
async fn an_answer_that_belongs_to_another_stage_is_not_taken_for_success() {
    for (stage, answer) in [
        (Stage::MailFrom, "354 go on"),
        (Stage::RcptTo, "354 go on"),
        (Stage::Data, "250 2.0.0 Ok"),
        (Stage::FinalDot, "354 go on"),
        (Stage::FinalDot, "150 working"),
        (Stage::FinalDot, "999 what"),
    ] {
        let (result, taken) = outcome(stage, Act::reply(answer), None).await;
        assert_lost(stage, &result.unwrap_err());
        assert_eq!(taken, 0);
    }
}

#[tokio::test]
async fn a_lost_250_is_unsure() {
    for act in [Act::TakeThenClose, Act::TakeThenHang] {
        let (result, taken) = outcome_over(impatient(), Stage::FinalDot, act, None).await;
        assert!(matches!(result, Err(SendError::Unsure(_))), "{result:?}");
        assert_eq!(taken, 1);
    }
}

type Expected = fn(&SendError) -> bool;

#[tokio::test]
async fn refusals_are_told_apart() {
    let retry = |error: &SendError| matches!(error, SendError::Retry(_));
    let throttled = |error: &SendError| matches!(error, SendError::Throttled(_));
    let dead = |error: &SendError| {
        matches!(
            error,
            SendError::Rejected {
                hard_bounce: false,
                ..
            }
        )
    };
    let hard = |error: &SendError| {
        matches!(
            error,
            SendError::Rejected {
                hard_bounce: true,
                ..
            }
        )
    };
    let bug = |error: &SendError| matches!(error, SendError::OurFault(_));
    let large = |error: &SendError| matches!(error, SendError::TooLarge(_));
    let breaker = |error: &SendError| matches!(error, SendError::Channel(fault) if fault.hold.is_none());
    let held = |error: &SendError| matches!(error, SendError::Channel(fault) if fault.hold == Some(HoldReason::AccountRefused));
    let rows: [(Stage, &str, Expected); 15] = [
        (Stage::Greeting, "554 5.7.1 go away", breaker),
        (Stage::MailFrom, "550 5.7.1 sender refused", breaker),
        (Stage::MailFrom, "452 4.3.1 disk full", breaker),
        (Stage::MailFrom, "450 4.7.0 slow down", throttled),
        (Stage::MailFrom, "552 5.3.4 too big", large),
        (Stage::RcptTo, "450 4.2.0 greylisted", retry),
        (Stage::RcptTo, "451 5.1.1 the basic code wins", retry),
        (Stage::RcptTo, "552 too many recipients", retry),
        (Stage::RcptTo, "550 5.1.1 unknown", hard),
        (Stage::RcptTo, "550 5.7.1 policy", dead),
        (Stage::RcptTo, "550 5.4.5 Daily user sending limit exceeded", held),
        (Stage::Data, "503 5.5.1 bad sequence", bug),
        (Stage::FinalDot, "451 4.3.0 try again", retry),
        (Stage::FinalDot, "552 5.3.4 too big", large),
        (Stage::FinalDot, "554 5.2.252 SendAsDenied", held),
    ];
    for (stage, answer, expected) in rows {
        for extension in [None, Some(Extension::Pipelining)] {
            let (result, taken) = outcome(stage, Act::reply(answer), extension).await;
            let error = result.unwrap_err();
            assert!(expected(&error), "{answer:?} at {stage}: {error:?}");
            assert!(error.to_string().contains(answer), "{error}");
            assert_eq!(taken, 0);
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_the_channels_fault() {
    let server = SmtpServer::start().await;
    let account = account(&server);
    drop(server);
    let gone = OutgoingAccount {
        host: "nowhere.invalid".to_owned(),
        ..account.clone()
    };
    for account in [account, gone] {
        let error = transport().connect(&account).await.err().unwrap();
        let named = format!("{}:{}", account.host, account.port);
        assert!(
            matches!(&error, SendError::Channel(fault) if fault.detail.contains(&named)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_speaks_first_at_length_and_refuses_midway_is_heard() {
    // The server answers DATA, then refuses and closes while the message is still being written.
    let act = Act::ReplyThenClose("354 go on\r\n552 5.3.4 stop, too big".to_owned());
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::Data, act))
        .start()
        .await;
    let mut session = transport().connect(&account(&server)).await.unwrap();
    session.begin(&envelope("a@x")).await.unwrap();
    let error = session.finish(&vec![b'a'; 20_000_000], None).await.unwrap_err();
    // A reset may discard the words before they are read; then it is a cut before the dot.
    assert!(
        matches!(error, SendError::TooLarge(_) | SendError::Cut { .. }),
        "{error:?}"
    );
    assert_eq!(server.count(), 0);
}

/// On a clock that jumps to the next thing to happen: ten minutes pass at once.
#[tokio::test(start_paused = true)]
async fn an_answer_to_the_message_is_waited_for_ten_minutes_and_no_longer() {
    for (minutes, arrives) in [(9, true), (11, false)] {
        let act = Act::Delay(Duration::from_mins(minutes));
        let server = SmtpServer::builder()
            .rule(Rule::at(Stage::FinalDot, act))
            .start()
            .await;
        let result = deliver(&transport(), &account(&server), "a@x").await;
        match result {
            Ok(_) => assert!(arrives),
            Err(SendError::Unsure(_)) => assert!(!arrives),
            Err(other) => panic!("{other:?}"),
        }
    }
}
