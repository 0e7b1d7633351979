//! TLS and login: what is required is had, or nothing is sent and nobody is told a secret.

use super::*;
use recado_domain::channel::HoldReason;
use recado_domain::reply::Stage;
use recado_test_support::smtp_server::{Act, Rule, TestCertificate};

/// A transport that trusts `certificate`, and holds the server to be `localhost`.
fn trusting(certificate: &TestCertificate) -> SmtpTransport {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    let settings = SmtpSettings {
        ca_file: Some(file.path().to_owned()),
        ..SmtpSettings::default()
    };
    SmtpTransport::new(settings).unwrap()
}

fn account_with(server: &SmtpServer, tls: TlsMode) -> OutgoingAccount {
    OutgoingAccount {
        host: "localhost".to_owned(),
        tls,
        ..account(server)
    }
}

async fn hold_of(transport: &SmtpTransport, account: &OutgoingAccount) -> Option<HoldReason> {
    match deliver(transport, account, "a@x").await {
        Err(SendError::Channel(fault)) => fault.hold,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mail_goes_through_starttls_and_through_implicit_tls() {
    let certificate = TestCertificate::for_host("localhost");
    for (builder, tls) in [
        (SmtpServer::builder().starttls(&certificate), TlsMode::StartTls),
        (
            SmtpServer::builder().implicit_tls(&certificate),
            TlsMode::Implicit,
        ),
    ] {
        let server = builder.login("desk", "s3cret pässword").start().await;
        let account = OutgoingAccount {
            credentials: Some(credentials()),
            ..account_with(&server, tls)
        };
        let mut session = trusting(&certificate).connect(&account).await.unwrap();
        for n in 0..3 {
            send(session.as_mut(), &format!("{n}@x")).await.unwrap();
        }
        session.quit().await;
        assert_eq!((server.count(), server.connections()), (3, 1));
    }
}

#[tokio::test]
async fn the_name_of_the_certificate_can_be_given() {
    let certificate = TestCertificate::for_host("mail.example.org");
    let server = SmtpServer::builder().starttls(&certificate).start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    let settings = SmtpSettings {
        ca_file: Some(file.path().to_owned()),
        tls_name: Some("mail.example.org".to_owned()),
        ..SmtpSettings::default()
    };
    let transport = SmtpTransport::new(settings).unwrap();
    deliver(&transport, &account_with(&server, TlsMode::StartTls), "a@x")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_holds_the_channel() {
    let other_host = TestCertificate::for_host("other.example.org");
    let expired = TestCertificate::expired_for_host("localhost");
    let unknown = TestCertificate::for_host("localhost");
    for (served, trusted) in [
        (&other_host, &other_host),
        (&expired, &expired),
        (&unknown, &other_host),
    ] {
        for (builder, tls) in [
            (SmtpServer::builder().starttls(served), TlsMode::StartTls),
            (SmtpServer::builder().implicit_tls(served), TlsMode::Implicit),
        ] {
            let server = builder.start().await;
            let hold = hold_of(&trusting(trusted), &account_with(&server, tls)).await;
            assert_eq!(hold, Some(HoldReason::CertificateRefused));
            assert_eq!(server.count(), 0);
        }
    }
}

#[tokio::test]
async fn starttls_that_was_stripped_holds_the_channel_and_tells_no_password() {
    let server = SmtpServer::builder()
        .login("desk", "s3cret pässword")
        .start()
        .await;
    let account = OutgoingAccount {
        credentials: Some(credentials()),
        ..account_with(&server, TlsMode::StartTls)
    };
    assert_eq!(
        hold_of(&transport(), &account).await,
        Some(HoldReason::TlsMissing)
    );
    assert!(
        server
            .commands()
            .iter()
            .all(|(_, command)| command.starts_with("EHLO"))
    );
}

#[tokio::test]
async fn words_slipped_in_after_starttls_are_not_heard() {
    let certificate = TestCertificate::for_host("localhost");
    let injected = b"220 2.0.0 Ready\r\n250-injected\r\n250 PIPELINING\r\n".to_vec();
    let rule = Rule::at(Stage::StartTls, Act::Bytes(injected));
    let server = SmtpServer::builder()
        .starttls(&certificate)
        .rule(rule)
        .start()
        .await;
    let result = deliver(
        &trusting(&certificate),
        &account_with(&server, TlsMode::StartTls),
        "a@x",
    )
    .await;
    assert!(
        matches!(&result, Err(SendError::Channel(fault)) if fault.detail.contains("in the clear")),
        "{result:?}"
    );
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_server_that_refuses_starttls_is_not_used_in_the_clear() {
    let certificate = TestCertificate::for_host("localhost");
    let refusals = [
        ("454 4.7.0 not now", None),
        ("502 5.5.1 unknown", Some(HoldReason::TlsMissing)),
    ];
    for (answer, hold) in refusals {
        let rule = Rule::at(Stage::StartTls, Act::reply(answer));
        let server = SmtpServer::builder()
            .starttls(&certificate)
            .rule(rule)
            .start()
            .await;
        assert_eq!(
            hold_of(&trusting(&certificate), &account_with(&server, TlsMode::StartTls)).await,
            hold
        );
    }
}

#[tokio::test]
async fn a_server_that_demands_tls_or_a_login_holds_an_account_without() {
    let certificate = TestCertificate::for_host("localhost");
    let server = SmtpServer::builder().starttls(&certificate).start().await;
    assert_eq!(
        hold_of(&transport(), &account(&server)).await,
        Some(HoldReason::TlsMissing)
    );
    let server = SmtpServer::builder().login("desk", "x").start().await;
    assert_eq!(
        hold_of(&transport(), &account(&server)).await,
        Some(HoldReason::AuthMissing)
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_in_tls_is_given_up() {
    // A plain server waits for a command where the client waits for a handshake.
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::Connect, Act::Hang))
        .start()
        .await;
    let error = impatient()
        .connect(&account_with(&server, TlsMode::Implicit))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&error, SendError::Channel(fault) if fault.hold.is_none()),
        "{error:?}"
    );
}

#[tokio::test]
async fn login_goes_by_plain_and_by_login() {
    for mechanisms in ["PLAIN LOGIN", "LOGIN", "XOAUTH2 PLAIN"] {
        let server = SmtpServer::builder()
            .login("desk", "s3cret pässword")
            .mechanisms(mechanisms)
            .start()
            .await;
        let account = OutgoingAccount {
            credentials: Some(credentials()),
            ..account(&server)
        };
        deliver(&transport(), &account, "a@x").await.unwrap();
    }
}

#[tokio::test]
async fn a_session_tells_what_the_server_said_to_the_login_else_its_greeting() {
    let open = SmtpServer::start().await;
    let session = transport().connect(&account(&open)).await.unwrap();
    assert!(session.welcome().starts_with("220 "), "{}", session.welcome());
    session.quit().await;
    let locked = SmtpServer::builder()
        .login("desk", "s3cret pässword")
        .start()
        .await;
    let account = OutgoingAccount {
        credentials: Some(credentials()),
        ..account(&locked)
    };
    let session = transport().connect(&account).await.unwrap();
    assert!(session.welcome().starts_with("235 "), "{}", session.welcome());
    session.quit().await;
}

#[tokio::test]
async fn a_refused_login_holds_the_channel_and_shows_no_password() {
    let server = SmtpServer::builder().login("desk", "changed").start().await;
    let account = OutgoingAccount {
        credentials: Some(credentials()),
        ..account(&server)
    };
    let error = deliver(&transport(), &account, "a@x").await.unwrap_err();
    assert!(
        matches!(&error, SendError::Channel(fault) if fault.hold == Some(HoldReason::LoginRefused)),
        "{error:?}"
    );
    assert!(error.to_string().contains("535 5.7.8") && !format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_server_without_a_login_we_know_holds_an_account_that_has_one() {
    let without = SmtpServer::start().await;
    let foreign = SmtpServer::builder()
        .login("desk", "x")
        .mechanisms("GSSAPI XOAUTH2")
        .start()
        .await;
    for server in [without, foreign] {
        let account = OutgoingAccount {
            credentials: Some(credentials()),
            ..account(&server)
        };
        assert_eq!(
            hold_of(&transport(), &account).await,
            Some(HoldReason::AuthMissing)
        );
    }
}

#[tokio::test]
async fn a_server_that_asks_on_and_on_is_not_answered_for_ever() {
    let rule = Rule::at(Stage::Auth, Act::reply("334 more"));
    let server = SmtpServer::builder()
        .login("desk", "s3cret pässword")
        .rule(rule)
        .start()
        .await;
    let account = OutgoingAccount {
        credentials: Some(credentials()),
        ..account(&server)
    };
    let error = deliver(&transport(), &account, "a@x").await.unwrap_err();
    assert!(matches!(&error, SendError::Channel(_)), "{error:?}");
}
