//! What [`Accounts`](recado_ports::accounts::Accounts) promises.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use recado_domain::person::{PersonName, Role, Standing, User, UserId};
use recado_domain::ticket::Ticket;
use recado_ports::accounts::{Account, AccountChange, AccountFilter, ChangeAccountError, Token};
use recado_ports::page::PageRequest;
use recado_ports::people::{NewToken, TokenHash};
use recado_ports::sessions::NewSession;
use recado_ports::store::StoreError;
use recado_ports::tickets::TicketWrite;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{all_pages, in_time, page};
use crate::builders::{address, group, id, party, session, ticket, user};
use crate::clock::START;

const ANA: &str = "ana@example.com";

fn role(role: Role) -> AccountChange {
    AccountChange {
        role: Some(role),
        ..AccountChange::default()
    }
}

fn standing(standing: Standing) -> AccountChange {
    AccountChange {
        standing: Some(standing),
        ..AccountChange::default()
    }
}

fn name(text: &str) -> PersonName {
    PersonName::parse(text).unwrap()
}

impl Subject {
    async fn listed(&self, filter: AccountFilter) -> Vec<String> {
        let page = PageRequest::default();
        let accounts = self.accounts.accounts(&filter, &page).await.unwrap();
        let emails = accounts.items.into_iter().map(|account| account.user.party.email);
        emails.map(String::from).collect()
    }

    async fn has_password(&self, email: &str) -> bool {
        let account = self.accounts.account(&address(email)).await.unwrap();
        account.unwrap().has_password
    }

    /// Stores a token.
    async fn token(&self, of: &User, label: &str) -> NewToken {
        let id = id();
        let token = NewToken {
            id,
            user: of.id,
            label: label.to_owned(),
            hash: TokenHash(id.simple().to_string().repeat(2)),
            created_at: START,
        };
        self.people.add_token(&token).await.unwrap();
        token
    }

    async fn name_of(&self, email: &str) -> Option<String> {
        let name = self.accounts.known_name(&address(email)).await.unwrap();
        name.map(String::from)
    }
}

pub async fn the_first_administrator_is_added_once(subject: &Subject) {
    assert!(!subject.accounts.has_administrator().await.unwrap());
    subject.account("eva@example.com", Role::Technician).await;
    let gone = User {
        standing: Standing::Disabled,
        ..user("gone@example.com", Role::Administrator)
    };
    subject.people.add_user(&gone, None).await.unwrap();
    assert!(!subject.accounts.has_administrator().await.unwrap());
    // Nobody takes an account over.
    let taken = user("eva@example.com", Role::Administrator);
    let added = subject
        .accounts
        .add_first_administrator(&taken, "hash".to_owned())
        .await;
    assert!(matches!(added, Err(StoreError::Conflict { .. })), "{added:?}");
    assert!(!subject.accounts.has_administrator().await.unwrap());
    let ana = user(ANA, Role::Administrator);
    let hash = "$argon2id$v=19$…".to_owned();
    assert!(
        subject
            .accounts
            .add_first_administrator(&ana, hash.clone())
            .await
            .unwrap()
    );
    assert!(subject.accounts.has_administrator().await.unwrap());
    assert_eq!(
        subject.accounts.password(&ana.party.email).await.unwrap(),
        Some((ana, Some(hash.clone())))
    );
    let second = user("zoe@example.com", Role::Administrator);
    assert!(
        !subject
            .accounts
            .add_first_administrator(&second, hash)
            .await
            .unwrap()
    );
    assert_eq!(subject.people.find_user(&second.party.email).await.unwrap(), None);
}

pub async fn of_first_administrators_at_once_a_single_one_is_added(subject: &Subject) {
    let mut calls = JoinSet::new();
    for number in 0..6 {
        let subject = subject.clone();
        let user = user(&format!("admin{number}@example.com"), Role::Administrator);
        calls.spawn(async move {
            let hash = "hash".to_owned();
            subject
                .accounts
                .add_first_administrator(&user, hash)
                .await
                .unwrap()
        });
    }
    let added = in_time("adding six first administrators", calls.join_all()).await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1, "{added:?}");
    assert_eq!(subject.listed(AccountFilter::default()).await.len(), 1);
}

pub async fn accounts_are_listed_by_address_and_filtered(subject: &Subject) {
    let people = [
        ("Zoe", "b@example.com", Role::Requester),
        ("ÁNGELA Núñez", "d_d@example.com", Role::Technician),
        ("100% Ana", "a@example.com", Role::Technician),
        ("C\\D", "c@example.com", Role::Administrator),
        ("", "dxd@example.com", Role::Requester),
    ];
    for (name, email, role) in people {
        let user = User {
            party: party(name, email),
            ..user(email, role)
        };
        subject.people.add_user(&user, None).await.unwrap();
    }
    let all = ["a", "b", "c", "d_d", "dxd"];
    let with = async |text: Option<&str>, role| {
        let text = text.map(str::to_owned);
        subject.listed(AccountFilter { text, role }).await
    };
    let cases: [(Option<&str>, Option<Role>, &[&str]); 12] = [
        (None, None, &all),
        (Some("EXAMPLE.com"), None, &all),
        (Some("ángela nÚÑ"), None, &["d_d"]),
        (Some("%"), None, &["a"]),
        (Some("_"), None, &["d_d"]),
        (Some("\\"), None, &["c"]),
        (Some("D_D@"), None, &["d_d"]),
        (Some("nadie"), None, &[]),
        (Some("\0"), None, &[]),
        (None, Some(Role::Technician), &["a", "d_d"]),
        (Some("ana"), Some(Role::Technician), &["a"]),
        (Some("ana"), Some(Role::Requester), &[]),
    ];
    for (text, role, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|local| format!("{local}@example.com"))
            .collect();
        assert_eq!(with(text, role).await, expected, "{text:?} {role:?}");
    }
}

pub async fn pages_repeat_and_skip_nothing_while_accounts_are_added(subject: &Subject) {
    for number in 0..7 {
        subject
            .account(&format!("p{number}@example.com"), Role::Requester)
            .await;
    }
    let fetch = async |request| {
        let filter = AccountFilter::default();
        subject.accounts.accounts(&filter, &request).await.unwrap()
    };
    let between = async || {
        let email = format!("a{}@example.com", id().simple());
        subject.account(&email, Role::Requester).await;
    };
    let listed = all_pages(3, fetch, between).await;
    let emails: Vec<_> = listed
        .iter()
        .map(|account| account.user.party.email.as_str())
        .collect();
    let expected: Vec<_> = (0..7).map(|number| format!("p{number}@example.com")).collect();
    assert_eq!(emails, expected);
}

pub async fn an_account_tells_of_password_tokens_and_last_sign_in(subject: &Subject) {
    let ana = user(ANA, Role::Technician);
    subject
        .people
        .add_user(&ana, Some("hash".to_owned()))
        .await
        .unwrap();
    let eva = subject.account("eva@example.com", Role::Requester).await;
    for _ in 0..2 {
        subject.token(&ana, "prueba").await;
    }
    let later = NewSession {
        opened_at: START + SignedDuration::from_hours(1),
        ..session(&ana)
    };
    subject.sessions.open(&later).await.unwrap();
    subject.sessions.end(later.id).await.unwrap();
    let of_ana = Account {
        user: ana,
        has_password: true,
        tokens: 2,
        signed_in_at: Some(later.opened_at),
    };
    let of_eva = Account {
        user: eva,
        has_password: false,
        tokens: 0,
        signed_in_at: None,
    };
    let listed = subject
        .accounts
        .accounts(&AccountFilter::default(), &PageRequest::default())
        .await;
    assert_eq!(listed.unwrap().items, [of_ana.clone(), of_eva]);
    assert_eq!(
        subject
            .accounts
            .account(&address("Ana@example.com"))
            .await
            .unwrap(),
        Some(of_ana)
    );
    assert_eq!(
        subject
            .accounts
            .account(&address("nadie@example.com"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        subject
            .accounts
            .password(&address("nadie@example.com"))
            .await
            .unwrap(),
        None
    );
    let link = subject.sign_in_link("eva@example.com").await;
    let stored = subject.people.find_user(&link.email).await.unwrap().unwrap();
    subject
        .sessions
        .redeem(&link.hash, &session(&stored), None)
        .await
        .unwrap();
    let account = subject.accounts.account(&link.email).await.unwrap().unwrap();
    assert_eq!(account.signed_in_at, Some(START));
}

pub async fn a_change_changes_what_it_names_alone(subject: &Subject) {
    let stored = User {
        party: party("Ana Vieja", ANA),
        ..user(ANA, Role::Requester)
    };
    subject
        .people
        .add_user(&stored, Some("hash".to_owned()))
        .await
        .unwrap();
    let mut expected = stored.clone();
    let change =
        async |change: &AccountChange| subject.accounts.change_account(stored.id, change).await.unwrap();
    assert_eq!(change(&AccountChange::default()).await, expected);
    assert_eq!(change(&role(Role::Technician)).await.role, Role::Technician);
    expected.role = Role::Technician;
    let renamed = AccountChange {
        name: Some(name("Ana Ñandú")),
        ..AccountChange::default()
    };
    expected.party.name = name("Ana Ñandú");
    assert_eq!(change(&renamed).await, expected);
    assert_eq!(
        subject.people.find_user(&address(ANA)).await.unwrap(),
        Some(expected.clone())
    );
    // The new name is searched, the old one no more.
    for (text, found) in [("ñandú", 1), ("vieja", 0)] {
        let filter = AccountFilter {
            text: Some(text.to_owned()),
            role: None,
        };
        assert_eq!(subject.listed(filter).await.len(), found, "{text:?}");
    }
    assert!(subject.has_password(ANA).await);
    let password = |password_hash: Option<&str>| AccountChange {
        password_hash: Some(password_hash.map(str::to_owned)),
        ..AccountChange::default()
    };
    change(&password(None)).await;
    assert!(!subject.has_password(ANA).await);
    change(&password(Some("new"))).await;
    expected.standing = Standing::Disabled;
    assert_eq!(change(&standing(Standing::Disabled)).await, expected);
    assert_eq!(
        subject.accounts.password(&address(ANA)).await.unwrap(),
        Some((expected, Some("new".to_owned())))
    );
    let nobody = subject
        .accounts
        .change_account(UserId(id()), &role(Role::Technician))
        .await;
    assert!(matches!(nobody, Err(ChangeAccountError::NotFound)), "{nobody:?}");
}

pub async fn disabling_an_account_ends_its_sessions_and_links(subject: &Subject) {
    let ana = subject.account(ANA, Role::Requester).await;
    let eva = subject.account("eva@example.com", Role::Requester).await;
    let (session, others) = (subject.open_session(&ana).await, subject.open_session(&eva).await);
    let (link, others_link) = (
        subject.sign_in_link(ANA).await,
        subject.sign_in_link("eva@example.com").await,
    );
    let change = async |change| subject.accounts.change_account(ana.id, &change).await.unwrap();
    change(role(Role::Technician)).await;
    let seen = subject.session_at(&session, START).await.unwrap();
    assert_eq!(
        seen.user.role,
        Role::Technician,
        "what an account may do counts at once"
    );
    change(standing(Standing::Disabled)).await;
    assert!(subject.session_at(&session, START).await.is_none());
    assert!(!subject.can_be_used(&link).await);
    assert!(subject.session_at(&others, START).await.is_some());
    assert!(subject.can_be_used(&others_link).await);
    // What was ended stays so.
    change(standing(Standing::Active)).await;
    assert!(subject.session_at(&session, START).await.is_none());
    assert!(!subject.can_be_used(&link).await);
}

pub async fn the_last_active_administrator_stays(subject: &Subject) {
    let ana = subject.account(ANA, Role::Administrator).await;
    let gone = User {
        standing: Standing::Disabled,
        ..user("gone@example.com", Role::Administrator)
    };
    subject.people.add_user(&gone, None).await.unwrap();
    let session = subject.open_session(&ana).await;
    for change in [
        role(Role::Technician),
        role(Role::Requester),
        standing(Standing::Disabled),
    ] {
        let changed = subject.accounts.change_account(ana.id, &change).await;
        assert!(
            matches!(changed, Err(ChangeAccountError::LastAdministrator)),
            "{changed:?}"
        );
    }
    assert_eq!(
        subject.people.find_user(&ana.party.email).await.unwrap(),
        Some(ana.clone())
    );
    assert!(subject.session_at(&session, START).await.is_some());
    let renamed = AccountChange {
        name: Some(name("Ana")),
        role: Some(Role::Administrator),
        standing: Some(Standing::Active),
        password_hash: None,
    };
    subject.accounts.change_account(ana.id, &renamed).await.unwrap();
    // Whoever is disabled already may be demoted, and somebody else takes over.
    subject
        .accounts
        .change_account(gone.id, &role(Role::Requester))
        .await
        .unwrap();
    let eva = subject.account("eva@example.com", Role::Technician).await;
    subject
        .accounts
        .change_account(eva.id, &role(Role::Administrator))
        .await
        .unwrap();
    subject
        .accounts
        .change_account(ana.id, &standing(Standing::Disabled))
        .await
        .unwrap();
    let last = subject
        .accounts
        .change_account(eva.id, &role(Role::Technician))
        .await;
    assert!(
        matches!(last, Err(ChangeAccountError::LastAdministrator)),
        "{last:?}"
    );
}

pub async fn of_administrators_who_step_down_at_once_one_stays(subject: &Subject) {
    let mut administrators = Vec::new();
    for number in 0..4 {
        let email = format!("admin{number}@example.com");
        administrators.push(subject.account(&email, Role::Administrator).await);
    }
    let mut calls = JoinSet::new();
    for (number, user) in administrators.into_iter().enumerate() {
        let subject = subject.clone();
        let change = if number % 2 == 0 {
            role(Role::Requester)
        } else {
            standing(Standing::Disabled)
        };
        calls.spawn(async move { subject.accounts.change_account(user.id, &change).await });
    }
    let results = in_time("four administrators stepping down", calls.join_all()).await;
    let refused = |result: &&Result<User, ChangeAccountError>| {
        matches!(result, Err(ChangeAccountError::LastAdministrator))
    };
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(
        (done, results.iter().filter(refused).count()),
        (3, 1),
        "{results:?}"
    );
    assert!(subject.accounts.has_administrator().await.unwrap());
}

pub async fn a_name_is_that_of_the_newest_ticket(subject: &Subject) {
    let put = async |ticket: Ticket| {
        let write = TicketWrite {
            ticket,
            expected: None,
            cut_off: BTreeSet::new(),
        };
        subject.tickets.put(write).await.unwrap();
    };
    let by = |number: &str, name: &str| {
        let mut built = ticket(number).requested_by(ANA).build();
        built.requester = party(name, ANA);
        built
    };
    assert_eq!(subject.name_of(ANA).await, None);
    put(by("1", "Ana Vieja")).await;
    assert_eq!(
        subject.name_of("Ana@Example.com").await.as_deref(),
        Some("Ana Vieja")
    );
    put(by("2", "Ana Nueva")).await;
    assert_eq!(subject.name_of(ANA).await.as_deref(), Some("Ana Nueva"));
    put(ticket("3")
        .responsible(party("Ana Técnica", ANA))
        .requested_by("otra@example.com")
        .build())
    .await;
    assert_eq!(subject.name_of(ANA).await.as_deref(), Some("Ana Técnica"));
    let mut watched = ticket("4").requested_by("otra@example.com").build();
    watched.watchers = vec![party("Ana Curiosa", ANA)];
    put(watched).await;
    assert_eq!(subject.name_of(ANA).await.as_deref(), Some("Ana Curiosa"));
    put(by("5", "Ana")).await;
    assert_eq!(subject.name_of(ANA).await.as_deref(), Some("Ana"));
}

pub async fn a_member_of_a_group_is_known_and_its_address_nobody(subject: &Subject) {
    let desk = group("mesa@example.org", &["eva@example.com"]);
    subject.people.put_group(&desk).await.unwrap();
    let about = ticket("1").group("equipo@example.org");
    subject.tickets.put(about.write()).await.unwrap();
    subject.account("cuenta@example.com", Role::Requester).await;
    assert_eq!(subject.name_of("eva@example.com").await.as_deref(), Some(""));
    for nobody in [
        "mesa@example.org",
        "equipo@example.org",
        "cuenta@example.com",
        "x@example.com",
    ] {
        assert_eq!(subject.name_of(nobody).await, None, "{nobody}");
    }
}

pub async fn groups_are_listed_by_address_and_removed(subject: &Subject) {
    let mut groups = Vec::new();
    for email in ["c@example.org", "a@example.org", "d@example.org", "b@example.org"] {
        let members: &[&str] = match email {
            "b@example.org" => &[],
            "c@example.org" => &["zoe@example.com", "ana@example.com"],
            _ => &["eva@example.com"],
        };
        let new = group(email, members);
        subject.people.put_group(&new).await.unwrap();
        groups.push(new);
    }
    groups.sort_by(|one, other| one.party.email.cmp(&other.party.email));
    let fetch = async |request| subject.accounts.groups(&request).await.unwrap();
    assert_eq!(all_pages(3, fetch, async || ()).await, groups);
    assert!(
        subject
            .accounts
            .remove_group(&address("c@example.org"))
            .await
            .unwrap()
    );
    assert!(
        !subject
            .accounts
            .remove_group(&address("c@example.org"))
            .await
            .unwrap()
    );
    groups.remove(2);
    assert_eq!(all_pages(2, fetch, async || ()).await, groups);
    assert_eq!(
        subject
            .people
            .groups_of(&address("zoe@example.com"))
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        subject
            .people
            .find_group(&address("c@example.org"))
            .await
            .unwrap(),
        None
    );
}

pub async fn tokens_are_listed_the_newest_first_and_revoked_once(subject: &Subject) {
    let ana = subject.account(ANA, Role::Administrator).await;
    let eva = subject.account("eva@example.com", Role::Technician).await;
    let mut stored = Vec::new();
    for (owner, label) in [(&ana, "uno"), (&eva, "dos"), (&ana, "tres"), (&ana, "cuatro")] {
        stored.push((owner, subject.token(owner, label).await));
    }
    stored.reverse();
    let listed: Vec<_> = stored
        .iter()
        .map(|(owner, token)| Token {
            id: token.id,
            owner: owner.party.email.clone(),
            label: token.label.clone(),
            created_at: token.created_at,
        })
        .collect();
    let fetch = async |request| subject.accounts.tokens(None, &request).await.unwrap();
    let between = async || {
        subject.token(&eva, "entretanto").await;
    };
    assert_eq!(all_pages(2, fetch, between).await, listed);
    let of_ana = subject
        .accounts
        .tokens(Some(ana.id), &page(10, None))
        .await
        .unwrap();
    let expected: Vec<_> = listed
        .iter()
        .filter(|token| token.owner == ana.party.email)
        .cloned()
        .collect();
    assert_eq!(of_ana.items, expected);
    let (revoked, hash) = (listed[0].clone(), stored[0].1.hash.clone());
    assert!(subject.people.find_token(&hash).await.unwrap().is_some());
    assert_eq!(
        subject.accounts.revoke_token(revoked.id).await.unwrap(),
        Some(revoked.clone())
    );
    assert_eq!(subject.accounts.revoke_token(revoked.id).await.unwrap(), None);
    assert_eq!(subject.people.find_token(&hash).await.unwrap(), None);
    let left = subject
        .accounts
        .tokens(Some(ana.id), &page(10, None))
        .await
        .unwrap();
    assert_eq!(left.items, expected[1..]);
}
