//! Accounts, groups and tokens in administrators' hands; one's own password and preferences; and what the trail tells.

use std::sync::Arc;

use recado_app::access::{Actor, Refusal};
use recado_app::add_user::AddUser;
use recado_app::create_token::CreateToken;
use recado_app::manage_people::{AccountEdit, ManagePeople};
use recado_app::put_group::PutGroup;
use recado_app::read_audit::ReadAudit;
use recado_app::set_parameter::SetParameter;
use recado_app::set_preference::SetPreference;
use recado_domain::audit::Action;
use recado_domain::parameter::Parameter;
use recado_domain::person::{PersonName, Role, Standing, User};
use recado_domain::preference::{Muting, Preference, WhileOpen};
use recado_ports::accounts::AccountFilter;
use recado_ports::audit::{AuditFilter, MockAudit};
use recado_ports::page::PageRequest;
use recado_ports::parameters::Parameters;
use recado_ports::sessions::{NewSession, SecretHash, Sessions};
use recado_ports::store::StoreError;
use recado_test_support::builders::{self, address};
use recado_test_support::clock::START;
use secrecy::SecretString;
use uuid::Uuid;

use crate::house::{House, administrator, ana, number, tomas};
use crate::signing_in::account;

const ANA: &str = "ana@example.com";

fn managing(house: &House) -> ManagePeople {
    let store = Arc::new(house.store.clone());
    ManagePeople {
        accounts: store.clone(),
        people: store.clone(),
        sessions: store,
        ids: house.ids.clone(),
        trail: house.trail(),
    }
}

fn preferring(house: &House) -> SetPreference {
    let store = Arc::new(house.store.clone());
    SetPreference {
        preferences: store.clone(),
        accounts: store.clone(),
        sessions: store.clone(),
        tickets: store,
        clock: house.clock.clone(),
        ids: house.ids.clone(),
    }
}

/// An open session of an account, and the account as it asks by it.
async fn session(house: &House, user: &User) -> (Actor, Uuid) {
    let id = builders::id();
    let session = NewSession {
        id,
        user: user.id,
        hash: SecretHash(id.to_string()),
        device: String::new(),
        opened_at: START,
        idle_until: START + std::time::Duration::from_hours(1),
        ends_at: START + std::time::Duration::from_hours(1),
    };
    Sessions::open(&house.store, &session).await.unwrap();
    let actor = Actor::Person {
        user: user.clone(),
        groups: Vec::new(),
        token: id,
    };
    (actor, id)
}

async fn is_open(house: &House, id: Uuid) -> bool {
    let hash = SecretHash(id.to_string());
    Sessions::find(&house.store, &hash, START)
        .await
        .unwrap()
        .is_some()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// A line of the trail, in short.
fn line(
    action: Action,
    object: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> (Action, String, Option<String>, Option<String>) {
    (
        action,
        object.to_owned(),
        before.map(ToOwned::to_owned),
        after.map(ToOwned::to_owned),
    )
}

#[tokio::test]
async fn a_change_of_an_account_is_told_and_its_password_is_not() {
    let house = House::new().await;
    let user = account(&house, ANA, Role::Requester, None).await;
    let (_, open) = session(&house, &user).await;
    let edit = AccountEdit {
        name: Some(PersonName::parse("Ana").unwrap()),
        role: Some(Role::Technician),
        password: Some(Some(secret("correct horse"))),
        ..AccountEdit::default()
    };
    let changed = managing(&house)
        .change(&administrator(), &address(ANA), edit)
        .await
        .unwrap();
    assert_eq!(changed.role, Role::Technician);
    assert!(!is_open(&house, open).await, "another password ends sessions");
    let disable = AccountEdit {
        standing: Some(Standing::Disabled),
        ..AccountEdit::default()
    };
    managing(&house)
        .change(&administrator(), &address(ANA), disable)
        .await
        .unwrap();
    assert_eq!(
        house.told().await,
        [
            line(
                Action::AccountChanged,
                ANA,
                Some("standing: active"),
                Some("standing: disabled")
            ),
            line(
                Action::AccountChanged,
                ANA,
                Some("name: ana@example.com; role: requester; password: none"),
                Some("name: Ana; role: technician; password: a new one")
            ),
        ]
    );
}

#[tokio::test]
async fn the_last_administrator_stays_and_the_trail_tells_that_it_failed() {
    let house = House::new().await;
    account(&house, "ada@example.org", Role::Administrator, None).await;
    let demote = AccountEdit {
        role: Some(Role::Requester),
        ..AccountEdit::default()
    };
    let refused = managing(&house)
        .change(&administrator(), &address("ada@example.org"), demote)
        .await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
    let lines = house.told().await;
    assert_eq!(lines.len(), 2);
    let failed = lines[0].3.as_deref().unwrap();
    assert!(
        failed.starts_with("failed: the last active administrator"),
        "{failed}"
    );
    assert_eq!(lines[1].3.as_deref(), Some("role: requester"));
}

#[tokio::test]
async fn people_are_managed_by_administrators_alone() {
    let house = House::new().await;
    account(&house, ANA, Role::Requester, None).await;
    let manage = managing(&house);
    let page = PageRequest::default();
    let audit = ReadAudit {
        audit: Arc::new(house.store.clone()),
    };
    for actor in [ana(), tomas()] {
        let edit = AccountEdit::default();
        let answers = [
            manage
                .accounts(&actor, &AccountFilter::default(), &page)
                .await
                .err(),
            manage.account(&actor, &address(ANA)).await.err(),
            manage.change(&actor, &address(ANA), edit).await.err(),
            manage.groups(&actor, &page).await.err(),
            manage.group(&actor, &address(ANA)).await.err(),
            manage.remove_group(&actor, &address(ANA)).await.err(),
            manage.tokens(&actor, None, &page).await.err(),
            manage.tokens(&actor, Some(&address(ANA)), &page).await.err(),
            manage.revoke_token(&actor, Uuid::nil()).await.err(),
            audit.list(&actor, &AuditFilter::default(), &page).await.err(),
        ];
        for (n, answer) in answers.iter().enumerate() {
            assert!(matches!(answer, Some(Refusal::Forbidden(_))), "{n}: {answer:?}");
        }
    }
    assert_eq!(house.told().await, []);
}

#[tokio::test]
async fn accounts_groups_and_tokens_come_and_go_with_a_line_each() {
    let house = House::new().await;
    let store = Arc::new(house.store.clone());
    let add = AddUser {
        people: store.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    };
    let create = CreateToken {
        people: store.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    };
    let put = PutGroup {
        people: store,
        trail: house.trail(),
    };
    let manage = managing(&house);
    let by = Actor::Operator;
    add.run(&by, builders::ana(), Role::Requester, None)
        .await
        .unwrap();
    let token = create.run(&by, &address(ANA), "script").await.unwrap();
    let page = PageRequest::default();
    let listed = manage
        .tokens(&by, Some(&address(ANA)), &page)
        .await
        .unwrap()
        .items;
    let [stored] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    let named = format!("script ({})", stored.id);
    assert_eq!(manage.revoke_token(&by, stored.id).await.unwrap().label, "script");
    let again = manage.revoke_token(&by, stored.id).await;
    assert!(matches!(again, Err(Refusal::NotFound(_))), "{again:?}");
    let group = builders::group("desk@example.com", &[ANA]);
    put.run(&by, &group).await.unwrap();
    manage.remove_group(&by, &group.party.email).await.unwrap();
    let members = "Mesa de ayuda; members: ana@example.com";
    let told = house.told().await;
    assert_eq!(
        told,
        [
            line(
                Action::GroupPut,
                "desk@example.com",
                Some(members),
                Some("removed")
            ),
            line(Action::GroupPut, "desk@example.com", None, Some(members)),
            line(Action::TokenRevoked, ANA, Some(&named), None),
            line(Action::TokenCreated, ANA, None, Some(&named)),
            line(
                Action::AccountAdded,
                ANA,
                None,
                Some("Ana Peña, requester, without a password")
            ),
        ]
    );
    assert!(!format!("{told:?}").contains(&token));
}

#[tokio::test]
async fn a_parameter_is_told_with_its_values_and_a_secret_without() {
    let house = House::bare();
    let store = Arc::new(house.store.clone());
    let set = SetParameter {
        parameters: store.clone(),
        templates: store,
        trail: house.trail(),
    };
    let by = administrator();
    for (parameter, value) in [
        (Parameter::SmtpHost, "smtp.example.org"),
        (Parameter::SmtpHost, "mail.example.org"),
        (Parameter::SmtpPassword, "hunter2"),
        (Parameter::SmtpPassword, "hunter3"),
    ] {
        set.run(&by, parameter, Some(value)).await.unwrap();
    }
    let hidden = Some("(not shown)");
    assert_eq!(
        house.told().await,
        [
            line(Action::ParameterSet, "13", hidden, hidden),
            line(Action::ParameterSet, "13", None, hidden),
            line(
                Action::ParameterSet,
                "14",
                Some("smtp.example.org"),
                Some("mail.example.org")
            ),
            line(Action::ParameterSet, "14", None, Some("smtp.example.org")),
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_told_is_not_done() {
    let house = House::bare();
    let store = Arc::new(house.store.clone());
    let mut audit = MockAudit::new();
    audit
        .expect_record()
        .times(1)
        .returning(|_| Err(StoreError::Unavailable("the disk is full".into())));
    let mut trail = house.trail();
    trail.audit = Arc::new(audit);
    let set = SetParameter {
        parameters: store.clone(),
        templates: store,
        trail,
    };
    let refused = set
        .run(&administrator(), Parameter::SmtpHost, Some("x.example"))
        .await;
    assert!(matches!(refused, Err(Refusal::Store(_))), "{refused:?}");
    let snapshot = house.store.snapshot().await.unwrap();
    assert_eq!(snapshot.values.text(Parameter::SmtpHost), None);
}

#[tokio::test]
async fn one_changes_ones_own_password_and_ends_ones_other_sessions() {
    let house = House::new().await;
    let user = account(&house, ANA, Role::Requester, None).await;
    let (actor, own) = session(&house, &user).await;
    let (_, other) = session(&house, &user).await;
    let prefer = preferring(&house);
    assert!(!prefer.has_password(&actor).await.unwrap());
    // There is none to know yet.
    prefer
        .change_password(&actor, secret(""), secret("correct horse"))
        .await
        .unwrap();
    assert!(prefer.has_password(&actor).await.unwrap());
    assert_eq!(
        [is_open(&house, own).await, is_open(&house, other).await],
        [true, false]
    );
    for (current, new, field) in [
        ("wrong horse", "battery staple", "current"),
        ("correct horse", "short", "new"),
    ] {
        let refused = prefer.change_password(&actor, secret(current), secret(new)).await;
        let Err(Refusal::Invalid(faults)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(faults[0].field, field);
    }
    prefer
        .change_password(&actor, secret("correct horse"), secret("battery staple"))
        .await
        .unwrap();
    let nobody = prefer.preference(&Actor::Operator).await;
    assert!(matches!(nobody, Err(Refusal::Forbidden(_))), "{nobody:?}");
}

#[tokio::test]
async fn one_mutes_and_looks_at_tickets_that_one_sees() {
    let house = House::new().await;
    let prefer = preferring(&house);
    let chosen = Preference {
        while_open: WhileOpen::Quiet,
        ..Preference::default()
    };
    prefer.put(&ana(), &chosen).await.unwrap();
    assert_eq!(prefer.preference(&ana()).await.unwrap(), chosen);
    let ticket = number("4711");
    prefer.mute(&ana(), &ticket, Muting::Muted).await.unwrap();
    assert_eq!(prefer.muting(&ana(), &ticket).await.unwrap(), Muting::Muted);
    assert_eq!(prefer.muting(&tomas(), &ticket).await.unwrap(), Muting::Heard);
    let stranger = crate::house::person(builders::party("Zoe", "zoe@example.com"), Role::Requester);
    let page = builders::id();
    let answers = [
        prefer.mute(&stranger, &ticket, Muting::Muted).await.err(),
        prefer.muting(&stranger, &ticket).await.err(),
        prefer.page_shown(&stranger, page, &ticket).await.err(),
    ];
    for answer in answers {
        assert!(matches!(answer, Some(Refusal::NotFound(_))), "{answer:?}");
    }
    prefer.page_shown(&ana(), page, &ticket).await.unwrap();
    prefer.page_closed(page).await.unwrap();
}
