//! Signing in by link and by password; sessions and their ends; setting up.

use std::sync::Arc;
use std::time::Duration;

use recado_app::access::{Actor, Refusal};
use recado_app::authenticate::Authenticate;
use recado_app::passwords::{self, NewPassword};
use recado_app::read_deliveries::ReadDeliveries;
use recado_app::read_mails::ReadMails;
use recado_app::set_up::SetUp;
use recado_app::sign_in::{OpenedSession, SignIn};
use recado_domain::audit::{Action, Who};
use recado_domain::bounce::{Action as ReportAction, DeliveryReport, RecipientReport};
use recado_domain::ledger::Outcome;
use recado_domain::locale::Locale;
use recado_domain::outbox::{Cause, Delivery, State};
use recado_domain::parameter::Parameter;
use recado_domain::person::{Role, Standing, User};
use recado_domain::preference::{Preference, TimeZoneName};
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::page::PageRequest;
use recado_ports::people::People;
use recado_ports::preferences::Preferences;
use recado_test_support::builders::{self, address};
use recado_test_support::fakes::PlainComposer;
use secrecy::{ExposeSecret, SecretString};

use crate::house::{House, administrator, comment, tomas};
use crate::inbox::from;

const ANA: &str = "ana@example.com";
const DAY: Duration = Duration::from_hours(24);

fn signing_in(house: &House) -> SignIn {
    let store = Arc::new(house.store.clone());
    SignIn {
        people: store.clone(),
        accounts: store.clone(),
        sessions: store.clone(),
        preferences: store.clone(),
        parameters: store.clone(),
        outbox: store,
        composer: Arc::new(PlainComposer),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        keyring: Arc::new(house.keyring()),
        settings: Arc::new(house.messaging.clone()),
    }
}

fn authenticate(house: &House) -> Authenticate {
    Authenticate {
        people: Arc::new(house.store.clone()),
        sessions: Arc::new(house.store.clone()),
        clock: house.clock.clone(),
    }
}

fn setting_up(house: &House) -> SetUp {
    let store = Arc::new(house.store.clone());
    SetUp {
        accounts: store.clone(),
        sessions: store,
        keyring: Arc::new(house.keyring()),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    }
}

/// An account; with a password when there is one.
pub(crate) async fn account(house: &House, email: &str, role: Role, password: Option<&str>) -> User {
    let user = builders::user(email, role);
    put_account(house, &user, password).await;
    user
}

async fn put_account(house: &House, user: &User, password: Option<&str>) {
    let hash = match password {
        None => None,
        Some(password) => {
            let password = NewPassword::parse(SecretString::from(password)).unwrap();
            Some(passwords::hash(password, &*house.ids).await.unwrap())
        }
    };
    house.store.add_user(user, hash).await.unwrap();
}

/// The sign-in mails that are owed, oldest first.
async fn links(house: &House) -> Vec<Delivery> {
    let all = house.deliveries().await.into_iter();
    all.filter(|delivery| matches!(delivery.cause, Cause::SignIn(_)))
        .collect()
}

/// Asks for a link, and takes the secret out of the mail.
async fn asked(house: &House, email: &str, target: Option<&str>) -> String {
    signing_in(house)
        .send_link(&address(email), Locale::Es, target)
        .await
        .unwrap();
    let mail = links(house).await.pop().expect("a mail is owed");
    assert_eq!(mail.recipient, address(email));
    let message = house.message(mail.id).await;
    let (_, rest) = message
        .split_once("https://recado.example.org/sign-in/")
        .expect("the mail has a link");
    rest.lines().next().unwrap().to_owned()
}

async fn by_link(house: &House, secret: &str) -> Option<OpenedSession> {
    signing_in(house).by_link(secret, "Browser").await.unwrap()
}

async fn by_password(house: &House, email: &str, password: &str) -> Option<OpenedSession> {
    signing_in(house)
        .by_password(&address(email), SecretString::from(password), "Browser")
        .await
        .unwrap()
}

async fn is_open(house: &House, session: &OpenedSession) -> bool {
    let secret = session.secret.expose_secret();
    authenticate(house).session(secret).await.unwrap().is_some()
}

#[tokio::test]
async fn a_link_in_a_mail_signs_in_once_and_looking_at_it_does_not_use_it_up() {
    let house = House::new().await;
    let ana = account(&house, ANA, Role::Requester, None).await;
    let secret = asked(&house, ANA, None).await;
    let sign_in = signing_in(&house);
    for _ in 0..2 {
        assert_eq!(sign_in.link_owner(&secret).await.unwrap(), Some(address(ANA)));
    }
    let opened = by_link(&house, &secret).await.expect("the link is good");
    assert_eq!((opened.user, opened.target), (ana.clone(), None));
    let visitor = authenticate(&house)
        .session(opened.secret.expose_secret())
        .await
        .unwrap()
        .expect("the session is open");
    let Actor::Person { user, token, .. } = visitor.actor else {
        panic!("a session is a person's")
    };
    assert_eq!((user, token), (ana, visitor.session));
    assert!(by_link(&house, &secret).await.is_none());
    assert_eq!(sign_in.link_owner(&secret).await.unwrap(), None);
}

#[tokio::test]
async fn a_link_is_good_for_fifteen_minutes() {
    let house = House::new().await;
    account(&house, ANA, Role::Requester, None).await;
    let (early, late) = (asked(&house, ANA, None).await, asked(&house, ANA, None).await);
    house.clock.advance(Duration::from_secs(15 * 60 - 1));
    assert!(by_link(&house, &early).await.is_some());
    house.clock.advance(Duration::from_secs(1));
    assert!(by_link(&house, &late).await.is_none());
}

#[tokio::test]
async fn who_is_not_known_or_not_one_person_gets_no_link_and_the_same_answer() {
    let house = House::new().await;
    let disabled = User {
        standing: Standing::Disabled,
        ..builders::user("gone@example.com", Role::Administrator)
    };
    put_account(&house, &disabled, None).await;
    house
        .store
        .put_group(&builders::group("desk@example.com", &["eva@example.com"]))
        .await
        .unwrap();
    // A ticket that names the group as its requester makes no person of it.
    house
        .put_ticket(builders::ticket("4712").requested_by("desk@example.com"))
        .await;
    for email in ["zoe@example.com", "gone@example.com", "desk@example.com"] {
        let asked = signing_in(&house)
            .send_link(&address(email), Locale::En, None)
            .await;
        assert!(asked.is_ok(), "{email}");
    }
    assert_eq!(links(&house).await, []);
    asked(&house, "eva@example.com", None).await;
    assert_eq!(links(&house).await.len(), 1, "a member is a person");
}

#[tokio::test]
async fn somebody_named_on_a_ticket_has_an_account_once_they_used_a_link() {
    let house = House::new().await;
    let secrets = [asked(&house, ANA, None).await, asked(&house, ANA, None).await];
    assert_eq!(house.store.find_user(&address(ANA)).await.unwrap(), None);
    for secret in secrets {
        let opened = by_link(&house, &secret).await.expect("the link is good");
        assert_eq!(
            (opened.user.party, opened.user.role),
            (builders::ana(), Role::Requester)
        );
    }
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_after_signing_in() {
    let house = House::new().await;
    for (target, kept) in [
        (Some("/tickets/4711"), Some("/tickets/4711")),
        (Some("//evil.example"), None),
        (Some("https://evil.example"), None),
        (None, None),
    ] {
        let secret = asked(&house, ANA, target).await;
        let opened = by_link(&house, &secret).await.unwrap();
        assert_eq!(opened.target.as_deref(), kept, "{target:?}");
    }
}

#[tokio::test]
async fn a_sign_in_mail_is_written_in_three_languages() {
    for locale in Locale::ALL {
        let house = House::new().await;
        signing_in(&house)
            .send_link(&address(ANA), locale, None)
            .await
            .unwrap();
        let mail = links(&house).await.pop().unwrap();
        assert_eq!(mail.ticket, None);
        let message = house.message(mail.id).await.replace("\r\n", "\n");
        insta::with_settings!({ filters => vec![(r"(Message-ID: <)[^>]+", "$1…")] }, {
            insta::assert_snapshot!(
                format!("sign_in_{locale}"),
                message
            );
        });
    }
}

#[tokio::test]
async fn a_person_is_written_to_in_the_language_and_the_time_that_they_chose() {
    let house = House::new().await;
    let chosen = Preference {
        language: Some(Locale::Pt),
        time_zone: Some(TimeZoneName::parse("America/Sao_Paulo").unwrap()),
        ..Preference::default()
    };
    Preferences::put(&house.store, &address(ANA), &chosen)
        .await
        .unwrap();
    asked(&house, ANA, None).await;
    let mail = links(&house).await.pop().unwrap();
    let message = house.message(mail.id).await;
    assert!(
        message.contains("Seu link") && message.contains("(America/Sao_Paulo)"),
        "{message}"
    );
}

#[tokio::test]
async fn who_waits_at_the_door_goes_before_what_is_dammed_up_and_is_not_held() {
    let mut house = House::new().await;
    house.messaging.hold = Duration::from_mins(10);
    house.delivery.batch = 1;
    for n in 0..3 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    house.clock.advance(DAY * 5);
    asked(&house, ANA, None).await;
    house.worker().batch().await;
    assert_eq!(house.recipients(), [ANA]);
}

#[tokio::test]
async fn a_link_that_expired_before_its_mail_could_leave_is_not_sent() {
    let house = House::new().await;
    house.set(Parameter::StopOutgoingMail, Some("Y")).await;
    asked(&house, ANA, None).await;
    house.owe_to("eva@example.com").await;
    let stale = links(&house).await.pop().unwrap();
    house.clock.advance(Duration::from_mins(15));
    asked(&house, ANA, None).await;
    house.set(Parameter::StopOutgoingMail, None).await;
    house.worker().drain().await;
    assert_eq!(house.state(stale.id).await, State::Dead);
    let mut told = house.recipients();
    told.sort();
    assert_eq!(told, [ANA, "eva@example.com"]);
}

#[tokio::test]
async fn the_mail_with_a_link_is_its_recipients_alone() {
    let house = House::new().await;
    asked(&house, ANA, None).await;
    let mail = links(&house).await.pop().unwrap();
    let store = Arc::new(house.store.clone());
    let read = ReadDeliveries {
        outbox: store.clone(),
        tickets: store.clone(),
        parameters: store.clone(),
        channels: store,
        trail: house.trail(),
    };
    for actor in [administrator(), tomas(), Actor::Operator] {
        let refused = read.message(&actor, mail.id).await;
        assert!(matches!(refused, Err(Refusal::NotFound(_))), "{refused:?}");
        assert_eq!(read.find(&actor, mail.id).await.unwrap().ticket, None);
    }
    assert_eq!(house.told().await, []);
}

#[tokio::test]
async fn a_report_that_brings_a_link_back_is_nobodys_to_read() {
    let house = House::with_inbox().await;
    asked(&house, ANA, None).await;
    house.worker().drain().await;
    let link = links(&house).await.pop().unwrap();
    assert_eq!(link.state, State::Sent);
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, ANA).await;
    let store = Arc::new(house.store.clone());
    let read = ReadMails {
        ledger: store.clone(),
        tickets: store.clone(),
        outbox: store,
        trail: house.trail(),
    };
    for (about, is_readable) in [(&link, false), (&told, true)] {
        let mut report = from("mailer-daemon@mx.example");
        report.envelope.from = Some(String::new());
        report.mail.report = Some(DeliveryReport {
            envelope_id: None,
            about: vec![about.message_id.clone()],
            recipients: vec![RecipientReport {
                recipient: Some(ANA.to_owned()),
                action: ReportAction::Failed,
                status: None,
                diagnostic: None,
            }],
        });
        let entry = house.receive(&report).await;
        assert_eq!(entry.outcome, Some(Outcome::Bounce), "{entry:?}");
        assert_eq!(read.raw(&administrator(), entry.id).await.is_ok(), is_readable);
    }
    let lines: Vec<_> = house.told().await.into_iter().map(|line| line.0).collect();
    assert_eq!(lines, [Action::RawMailRead]);
}

#[tokio::test]
async fn a_password_lets_in_who_has_one_and_is_active() {
    let house = House::new().await;
    let ana = account(&house, ANA, Role::Requester, Some("correct horse")).await;
    account(&house, "eva@example.com", Role::Requester, None).await;
    let disabled = User {
        standing: Standing::Disabled,
        ..builders::user("gone@example.com", Role::Requester)
    };
    put_account(&house, &disabled, Some("correct horse")).await;
    for (email, password) in [
        (ANA, "wrong horse"),
        (ANA, ""),
        ("eva@example.com", "correct horse"),
        ("eva@example.com", ""),
        ("gone@example.com", "correct horse"),
        ("zoe@example.com", "correct horse"),
    ] {
        assert!(
            by_password(&house, email, password).await.is_none(),
            "{email} {password:?}"
        );
    }
    let opened = by_password(&house, ANA, "correct horse").await.unwrap();
    assert_eq!(opened.user, ana);
    assert!(is_open(&house, &opened).await);
}

#[tokio::test]
async fn a_session_lasts_while_it_is_used_and_thirty_days_at_most() {
    let house = House::new().await;
    account(&house, ANA, Role::Requester, Some("correct horse")).await;
    let idle = by_password(&house, ANA, "correct horse").await.unwrap();
    let used = by_password(&house, ANA, "correct horse").await.unwrap();
    for day in 1..=29 {
        house.clock.advance(DAY);
        assert!(is_open(&house, &used).await, "day {day}");
    }
    assert!(!is_open(&house, &idle).await);
    house.clock.advance(DAY);
    assert!(!is_open(&house, &used).await);
    assert!(
        authenticate(&house)
            .session("no secret of ours")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn signing_out_ends_this_session_or_all_others() {
    let house = House::new().await;
    account(&house, ANA, Role::Requester, Some("correct horse")).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(by_password(&house, ANA, "correct horse").await.unwrap());
    }
    let visitor = authenticate(&house)
        .session(sessions[0].secret.expose_secret())
        .await
        .unwrap()
        .unwrap();
    let ended = signing_in(&house).sign_out_elsewhere(&visitor.actor).await;
    assert_eq!(ended.unwrap(), 2);
    let open = async |n: usize| is_open(&house, &sessions[n]).await;
    assert_eq!(
        [open(0).await, open(1).await, open(2).await],
        [true, false, false]
    );
    signing_in(&house).sign_out(visitor.session).await.unwrap();
    assert!(!open(0).await);
}

#[tokio::test]
async fn the_first_administrator_is_made_by_the_token_and_once() {
    let house = House::new().await;
    let set_up = setting_up(&house);
    let token = set_up.token();
    let run = async |token: &str, email: &str, password: &str| {
        let party = builders::party("Ada", email);
        let password = SecretString::from(password);
        set_up.run(token, party, password, "Browser").await
    };
    assert!(set_up.is_open().await.unwrap());
    let wrong = run("wrong", "ada@example.org", "correct horse").await;
    assert!(matches!(wrong, Err(Refusal::NotFound(_))), "{wrong:?}");
    let short = run(&token, "ada@example.org", "short").await;
    assert!(matches!(short, Err(Refusal::Invalid(_))), "{short:?}");
    account(&house, ANA, Role::Requester, None).await;
    let known = run(&token, ANA, "correct horse").await;
    assert!(matches!(known, Err(Refusal::Invalid(_))), "{known:?}");
    let opened = run(&token, "ada@example.org", "correct horse").await.unwrap();
    assert_eq!(opened.user.role, Role::Administrator);
    assert!(is_open(&house, &opened).await);
    assert!(
        by_password(&house, "ada@example.org", "correct horse")
            .await
            .is_some()
    );
    assert!(!set_up.is_open().await.unwrap());
    let again = run(&token, "eve@example.org", "correct horse").await;
    assert!(matches!(again, Err(Refusal::NotFound(_))), "{again:?}");
    let (filter, page) = (AuditFilter::default(), PageRequest::default());
    let lines = Audit::list(&house.store, &filter, &page).await.unwrap().items;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0].who, lines[0].action, lines[0].object.as_str()),
        (&Who::Operator, Action::AccountAdded, "ada@example.org")
    );
}

#[tokio::test]
async fn parameter_33_is_where_the_link_leads() {
    let house = House::new().await;
    house
        .set(Parameter::SystemUrl, Some("https://portal.example.org/recado"))
        .await;
    signing_in(&house)
        .send_link(&address(ANA), Locale::En, None)
        .await
        .unwrap();
    let mail = links(&house).await.pop().unwrap();
    let message = house.message(mail.id).await;
    assert!(
        message.contains("https://portal.example.org/recado/sign-in/"),
        "{message}"
    );
}
