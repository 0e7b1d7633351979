//! What [`Sessions`](recado_ports::sessions::Sessions) promises.

use jiff::{SignedDuration, Timestamp};
use recado_domain::locale::Locale;
use recado_domain::person::{Role, Standing, User};
use recado_domain::preference::{Preference, WhileOpen};
use recado_ports::sessions::{Link, NewLink, NewSession, OpenSession, RedeemError, SecretHash};
use recado_ports::store::StoreError;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Subject;
use super::arrange::{after, in_time};
use crate::builders::{address, group, id, link, session, ticket, user};
use crate::clock::START;

const ANA: &str = "ana@example.com";

fn hours(hours: i64) -> Timestamp {
    START + SignedDuration::from_hours(hours)
}

impl Subject {
    /// Stores an account.
    pub(super) async fn account(&self, email: &str, role: Role) -> User {
        let user = user(email, role);
        self.people.add_user(&user, None).await.unwrap();
        user
    }

    /// Opens a session.
    pub(super) async fn open_session(&self, of: &User) -> NewSession {
        let new = session(of);
        self.sessions.open(&new).await.unwrap();
        new
    }

    /// Stores a link.
    pub(super) async fn sign_in_link(&self, email: &str) -> NewLink {
        let new = link(email);
        self.sessions.add_link(&new).await.unwrap();
        new
    }

    pub(super) async fn session_at(&self, session: &NewSession, now: Timestamp) -> Option<OpenSession> {
        self.sessions.find(&session.hash, now).await.unwrap()
    }

    async fn is_open(&self, session: &NewSession) -> bool {
        self.session_at(session, START).await.is_some()
    }

    pub(super) async fn can_be_used(&self, link: &NewLink) -> bool {
        self.sessions
            .find_link(&link.hash, START)
            .await
            .unwrap()
            .is_some()
    }
}

pub async fn looking_at_a_link_does_not_use_it_up(subject: &Subject) {
    let link = subject.sign_in_link(ANA).await;
    let found = Link {
        email: address(ANA),
        target: Some("/tickets/4711".to_owned()),
    };
    for seconds in [0, 1, 15 * 60 - 1] {
        let seen = subject
            .sessions
            .find_link(&link.hash, after(seconds))
            .await
            .unwrap();
        assert_eq!(seen.as_ref(), Some(&found), "{seconds}");
    }
    let unknown = SecretHash("0".repeat(64));
    assert_eq!(subject.sessions.find_link(&unknown, START).await.unwrap(), None);
    let untargeted = NewLink {
        target: None,
        ..crate::builders::link(ANA)
    };
    subject.sessions.add_link(&untargeted).await.unwrap();
    let seen = subject.sessions.find_link(&untargeted.hash, START).await.unwrap();
    assert_eq!(seen.unwrap().target, None);
}

pub async fn a_link_is_used_up_by_the_session_that_it_opens(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let (link, other) = (subject.sign_in_link(ANA).await, subject.sign_in_link(ANA).await);
    let first = session(&ana);
    let used = subject.sessions.redeem(&link.hash, &first, None).await.unwrap();
    assert_eq!(
        used,
        Link {
            email: address(ANA),
            target: link.target.clone()
        }
    );
    assert!(subject.is_open(&first).await);
    assert!(!subject.can_be_used(&link).await);
    assert!(subject.can_be_used(&other).await);
    let second = session(&ana);
    let again = subject.sessions.redeem(&link.hash, &second, None).await;
    assert!(matches!(again, Err(RedeemError::Spent)), "{again:?}");
    assert!(!subject.is_open(&second).await);
}

pub async fn an_expired_link_opens_nothing(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let link = subject.sign_in_link(ANA).await;
    let seen = subject.sessions.find_link(&link.hash, link.expires_at).await;
    assert_eq!(seen.unwrap(), None);
    let late = NewSession {
        opened_at: link.expires_at,
        ..session(&ana)
    };
    let redeemed = subject.sessions.redeem(&link.hash, &late, None).await;
    assert!(matches!(redeemed, Err(RedeemError::Spent)), "{redeemed:?}");
    assert!(!subject.is_open(&late).await);
}

pub async fn of_calls_with_one_link_a_single_one_opens_a_session(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let link = subject.sign_in_link(ANA).await;
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let (subject, link, session) = (subject.clone(), link.clone(), session(&ana));
        calls.spawn(async move {
            let redeemed = subject.sessions.redeem(&link.hash, &session, None).await;
            (redeemed, subject.is_open(&session).await)
        });
    }
    let results = in_time("using a link eight times", calls.join_all()).await;
    let through = results.iter().filter(|(redeemed, _)| redeemed.is_ok()).count();
    let spent =
        |(redeemed, _): &&(Result<Link, RedeemError>, bool)| matches!(redeemed, Err(RedeemError::Spent));
    assert_eq!(
        (through, results.iter().filter(spent).count()),
        (1, 7),
        "{results:?}"
    );
    assert!(
        results.iter().all(|(redeemed, open)| redeemed.is_ok() == *open),
        "{results:?}"
    );
}

pub async fn a_link_brings_its_account_along(subject: &Subject) {
    let link = subject.sign_in_link(ANA).await;
    let ana = user(ANA, Role::Requester);
    let first = session(&ana);
    subject
        .sessions
        .redeem(&link.hash, &first, Some(ana.clone()))
        .await
        .unwrap();
    assert_eq!(subject.session_at(&first, START).await.unwrap().user, ana);
    // Somebody who signs in by two links at once: the later one finds the account there.
    let link = subject.sign_in_link(ANA).await;
    let again = user(ANA, Role::Requester);
    let redeemed = subject
        .sessions
        .redeem(&link.hash, &session(&again), Some(again.clone()))
        .await;
    assert!(
        matches!(redeemed, Err(RedeemError::Store(StoreError::Conflict { .. }))),
        "{redeemed:?}"
    );
    assert!(subject.can_be_used(&link).await, "nothing was written");
    let second = session(&ana);
    subject.sessions.redeem(&link.hash, &second, None).await.unwrap();
    assert!(subject.is_open(&second).await);
}

pub async fn a_link_opens_a_session_of_its_own_active_account_alone(subject: &Subject) {
    let eva = subject.account("eva@example.com", Role::Administrator).await;
    let gone = User {
        standing: Standing::Disabled,
        ..user("gone@example.com", Role::Requester)
    };
    subject.people.add_user(&gone, None).await.unwrap();
    let nobody = user("nobody@example.com", Role::Requester);
    for (email, of) in [
        (ANA, &eva),
        ("gone@example.com", &gone),
        ("nobody@example.com", &nobody),
    ] {
        let link = subject.sign_in_link(email).await;
        let new = session(of);
        let redeemed = subject.sessions.redeem(&link.hash, &new, None).await;
        assert!(
            matches!(redeemed, Err(RedeemError::Store(StoreError::Conflict { .. }))),
            "{email}: {redeemed:?}"
        );
        assert!(!subject.is_open(&new).await, "{email}");
        assert!(subject.can_be_used(&link).await, "{email}");
    }
}

pub async fn a_session_is_found_with_account_groups_and_choices(subject: &Subject) {
    let ana = subject.account(ANA, Role::Technician).await;
    for (email, members) in [
        ("redes@example.org", [ANA]),
        ("otra@example.org", ["eva@example.com"]),
    ] {
        subject.people.put_group(&group(email, &members)).await.unwrap();
    }
    let new = subject.open_session(&ana).await;
    let mut expected = OpenSession {
        id: new.id,
        user: ana.clone(),
        groups: vec![address("redes@example.org")],
        preference: Preference::default(),
        idle_until: new.idle_until,
    };
    assert_eq!(subject.session_at(&new, START).await.as_ref(), Some(&expected));
    expected.preference = Preference {
        language: Some(Locale::Pt),
        while_open: WhileOpen::Quiet,
        ..Preference::default()
    };
    subject
        .preferences
        .put(&address(ANA), &expected.preference)
        .await
        .unwrap();
    assert_eq!(subject.session_at(&new, START).await, Some(expected));
    let unknown = SecretHash("0".repeat(64));
    assert_eq!(subject.sessions.find(&unknown, START).await.unwrap(), None);
}

pub async fn a_session_ends_when_nobody_uses_it_and_in_any_case(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let idle = subject.open_session(&ana).await;
    let second = SignedDuration::from_secs(1);
    assert!(
        subject
            .session_at(&idle, idle.idle_until - second)
            .await
            .is_some()
    );
    assert!(subject.session_at(&idle, idle.idle_until).await.is_none());
    let used = subject.open_session(&ana).await;
    subject.sessions.prolong(used.id, hours(48)).await.unwrap();
    assert_eq!(
        subject.session_at(&used, hours(47)).await.unwrap().idle_until,
        hours(48)
    );
    // An earlier time that comes late shortens nothing.
    subject.sessions.prolong(used.id, hours(36)).await.unwrap();
    assert!(subject.session_at(&used, hours(47)).await.is_some());
    subject.sessions.prolong(used.id, hours(96)).await.unwrap();
    assert_eq!(
        subject.session_at(&used, hours(71)).await.unwrap().idle_until,
        used.ends_at
    );
    assert!(subject.session_at(&used, used.ends_at).await.is_none());
    let greedy = NewSession {
        idle_until: hours(96),
        ..session(&ana)
    };
    subject.sessions.open(&greedy).await.unwrap();
    assert!(subject.session_at(&greedy, greedy.ends_at).await.is_none());
}

pub async fn a_session_of_nobody_or_of_a_disabled_account_is_not_opened(subject: &Subject) {
    let gone = User {
        standing: Standing::Disabled,
        ..user("gone@example.com", Role::Requester)
    };
    subject.people.add_user(&gone, None).await.unwrap();
    for of in [gone, user("nobody@example.com", Role::Requester)] {
        let new = session(&of);
        let opened = subject.sessions.open(&new).await;
        assert!(matches!(opened, Err(StoreError::Conflict { .. })), "{opened:?}");
        assert!(!subject.is_open(&new).await);
    }
}

pub async fn an_ended_session_opens_nothing(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let (ended, other) = (subject.open_session(&ana).await, subject.open_session(&ana).await);
    subject.sessions.end(ended.id).await.unwrap();
    subject.sessions.prolong(ended.id, hours(48)).await.unwrap();
    assert!(!subject.is_open(&ended).await);
    assert!(subject.is_open(&other).await);
    // Signing out twice is harmless.
    subject.sessions.end(ended.id).await.unwrap();
}

pub async fn an_account_s_sessions_end_together_but_one(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let eva = subject.account("eva@example.com", Role::Requester).await;
    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(subject.open_session(&ana).await);
    }
    let others = subject.open_session(&eva).await;
    let (link, others_link) = (
        subject.sign_in_link(ANA).await,
        subject.sign_in_link("eva@example.com").await,
    );
    let ended = subject.sessions.end_all(ana.id, Some(own[1].id)).await.unwrap();
    assert_eq!(ended, 2);
    let mut open = Vec::new();
    for session in &own {
        open.push(subject.is_open(session).await);
    }
    assert_eq!(open, [false, true, false]);
    assert!(!subject.can_be_used(&link).await);
    assert!(subject.is_open(&others).await);
    assert!(subject.can_be_used(&others_link).await);
    assert_eq!(subject.sessions.end_all(ana.id, None).await.unwrap(), 1);
    assert!(!subject.is_open(&own[1]).await);
}

pub async fn what_ended_is_forgotten_a_few_at_a_time_and_nothing_else(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let about = ticket("1").build();
    let sizes = [(hours(1), 3), (hours(2), 2)];
    for (end, count) in sizes {
        for _ in 0..count {
            let new = NewSession {
                idle_until: end,
                ..session(&ana)
            };
            subject.sessions.open(&new).await.unwrap();
            let new = NewLink {
                expires_at: end,
                ..link(ANA)
            };
            subject.sessions.add_link(&new).await.unwrap();
            let page: Uuid = id();
            subject
                .preferences
                .show_page(page, &address(ANA), about.id, end)
                .await
                .unwrap();
        }
    }
    let open = subject.open_session(&ana).await;
    subject.sessions.prolong(open.id, hours(48)).await.unwrap();
    let forget = async |now, limit| subject.sessions.forget_ended(now, limit).await.unwrap();
    assert_eq!(forget(hours(1) - SignedDuration::from_secs(1), 10).await, 0);
    assert_eq!(forget(hours(1), 2).await, 6);
    assert_eq!(forget(hours(1), 2).await, 3);
    assert_eq!(forget(hours(1), 2).await, 0);
    assert_eq!(forget(hours(3), 10).await, 6);
    assert!(subject.session_at(&open, hours(3)).await.is_some());
}
