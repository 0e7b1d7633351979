//! What [`People`](recado_ports::people::People) promises.

use recado_domain::person::{Role, Standing, User};
use recado_ports::accounts::AccountChange;
use recado_ports::people::{AddUserError, NewToken, TokenHash};
use recado_ports::templates::Written;
use tokio::task::JoinSet;

use super::Subject;
use crate::builders::{address, group, id, party, ticket, user};
use crate::clock::START;

pub async fn an_account_is_found_by_its_address(subject: &Subject) {
    let given = User {
        standing: Standing::Disabled,
        ..user("ana@example.com", Role::Administrator)
    };
    subject
        .people
        .add_user(&given, Some("$argon2id$v=19$…".to_owned()))
        .await
        .unwrap();
    assert_eq!(
        subject
            .people
            .find_user(&address("Ana@Example.com"))
            .await
            .unwrap(),
        Some(given)
    );
    assert_eq!(
        subject
            .people
            .find_user(&address("eva@example.com"))
            .await
            .unwrap(),
        None
    );
}

pub async fn an_address_has_one_account(subject: &Subject) {
    let first = user("ana@example.com", Role::Requester);
    subject.people.add_user(&first, None).await.unwrap();
    let second = User {
        party: party("Otra Ana", "ANA@example.com"),
        ..user("x@example.com", Role::Administrator)
    };
    match subject.people.add_user(&second, None).await {
        Err(AddUserError::Exists(taken)) => assert_eq!(taken, first.party.email),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        subject.people.find_user(&first.party.email).await.unwrap(),
        Some(first)
    );
}

pub async fn technicians_are_the_accounts_with_that_role(subject: &Subject) {
    for (email, role) in [
        ("tomas@example.com", Role::Technician),
        ("teo@example.com", Role::Technician),
        ("ana@example.com", Role::Requester),
        ("adela@example.com", Role::Administrator),
    ] {
        subject.people.add_user(&user(email, role), None).await.unwrap();
    }
    let among = [
        "ana@example.com",
        "tomas@example.com",
        "adela@example.com",
        "nadie@example.com",
    ]
    .map(address);
    let technicians = subject.people.technicians(&among).await.unwrap();
    assert_eq!(
        technicians.into_iter().collect::<Vec<_>>(),
        [address("tomas@example.com")]
    );
    assert!(subject.people.technicians(&[]).await.unwrap().is_empty());
}

pub async fn tokens_asked_for_at_once_are_each_of_their_owner_and_never_remembered(subject: &Subject) {
    let mut owners = Vec::new();
    for number in 0..12 {
        let owner = user(&format!("u{number}@example.com"), Role::Requester);
        subject.people.add_user(&owner, None).await.unwrap();
        let hash = TokenHash(format!("{number:064}"));
        let token = NewToken {
            id: id(),
            user: owner.id,
            label: "prueba".to_owned(),
            hash: hash.clone(),
            created_at: START,
        };
        subject.people.add_token(&token).await.unwrap();
        owners.push((owner, token));
    }
    let ask = async || {
        let mut calls = JoinSet::new();
        for (owner, token) in owners.clone() {
            let people = subject.people.clone();
            calls.spawn(async move {
                let found = people.find_token(&token.hash).await.unwrap();
                let unknown = TokenHash("f".repeat(64));
                assert_eq!(people.find_token(&unknown).await.unwrap(), None);
                (owner, token.id, found)
            });
        }
        calls.join_all().await
    };
    for (owner, token, found) in ask().await {
        let found = found.unwrap();
        assert_eq!((found.user, found.token), (owner, token));
    }
    let (disabled, revoked) = (&owners[3].0, &owners[7]);
    let change = AccountChange {
        standing: Some(Standing::Disabled),
        ..AccountChange::default()
    };
    subject
        .accounts
        .change_account(disabled.id, &change)
        .await
        .unwrap();
    subject.accounts.revoke_token(revoked.1.id).await.unwrap();
    for (owner, token, found) in ask().await {
        assert_eq!(found.is_some(), token != revoked.1.id);
        let standing = found.map(|found| found.user.standing);
        assert_eq!(standing == Some(Standing::Disabled), owner.id == disabled.id);
    }
}

pub async fn a_token_names_its_owner_and_their_groups(subject: &Subject) {
    let (ana, eva) = (
        user("ana@example.com", Role::Requester),
        user("eva@example.com", Role::Technician),
    );
    let mut tokens = Vec::new();
    for (owner, hash) in [(&ana, "aa"), (&ana, "bb"), (&eva, "cc")] {
        let token = NewToken {
            id: id(),
            user: owner.id,
            label: "prueba".to_owned(),
            hash: TokenHash(hash.repeat(32)),
            created_at: START,
        };
        tokens.push((owner, token));
    }
    for owner in [&ana, &eva] {
        subject.people.add_user(owner, None).await.unwrap();
    }
    for (_, token) in &tokens {
        subject.people.add_token(token).await.unwrap();
    }
    subject
        .people
        .put_group(&group(
            "mesa@example.org",
            &["eva@example.com", "zoe@example.com"],
        ))
        .await
        .unwrap();
    subject
        .people
        .put_group(&group("redes@example.org", &["eva@example.com"]))
        .await
        .unwrap();
    subject
        .people
        .put_group(&group("otra@example.org", &["zoe@example.com"]))
        .await
        .unwrap();
    for (owner, token) in &tokens {
        let mut found = subject.people.find_token(&token.hash).await.unwrap().unwrap();
        found.groups.sort();
        let groups: &[&str] = if *owner == &eva {
            &["mesa@example.org", "redes@example.org"]
        } else {
            &[]
        };
        assert_eq!(
            found.groups,
            groups.iter().map(|group| address(group)).collect::<Vec<_>>()
        );
        assert_eq!((found.token, &found.user), (token.id, *owner));
    }
    assert_eq!(
        subject
            .people
            .find_token(&TokenHash("dd".repeat(32)))
            .await
            .unwrap(),
        None
    );
}

pub async fn a_group_is_stored_whole(subject: &Subject) {
    let email = address("mesa@example.org");
    assert_eq!(subject.people.find_group(&email).await.unwrap(), None);
    let first = group("mesa@example.org", &["ana@example.com", "eva@example.com"]);
    assert_eq!(subject.people.put_group(&first).await.unwrap(), Written::Created);
    assert_eq!(
        subject.people.find_group(&email).await.unwrap(),
        Some(first.clone())
    );
    let mut second = group("mesa@example.org", &["eva@example.com", "zoe@example.com"]);
    second.party = party("Mesa nueva", "mesa@example.org");
    assert_eq!(
        subject.people.put_group(&second).await.unwrap(),
        Written::Replaced
    );
    assert_eq!(subject.people.find_group(&email).await.unwrap(), Some(second));
}

pub async fn the_groups_of_an_address_are_found_account_or_not(subject: &Subject) {
    for (email, members) in [
        ("redes@example.org", ["eva@example.com", "zoe@example.com"]),
        ("mesa@example.org", ["eva@example.com", "ana@example.com"]),
    ] {
        subject.people.put_group(&group(email, &members)).await.unwrap();
    }
    let groups_of = async |email| subject.people.groups_of(&address(email)).await.unwrap();
    let mut groups = groups_of("Eva@example.com").await;
    groups.sort();
    assert_eq!(groups, ["mesa@example.org", "redes@example.org"].map(address));
    assert_eq!(groups_of("nadie@example.com").await, []);
    // A group is no member of itself.
    assert_eq!(groups_of("mesa@example.org").await, []);
}

pub async fn an_address_is_known_by_account_group_or_ticket(subject: &Subject) {
    subject
        .people
        .add_user(&user("cuenta@example.com", Role::Requester), None)
        .await
        .unwrap();
    let desk = group("mesa@example.org", &["eva@example.com"]);
    subject.people.put_group(&desk).await.unwrap();
    let named = ticket("1")
        .requested_by("pide@example.com")
        .responsible(party("Rosa", "responde@example.com"))
        .group("equipo@example.org")
        .watched_by("mira@example.com");
    subject.tickets.put(named.write()).await.unwrap();
    for known in [
        "Cuenta@example.com",
        "mesa@example.org",
        "eva@example.com",
        "pide@example.com",
        "responde@example.com",
        "equipo@example.org",
        "mira@example.com",
    ] {
        let is_known = subject.people.is_known(&address(known)).await.unwrap();
        assert!(is_known, "{known}");
    }
    for unknown in ["nadie@example.com", "pide@example.org"] {
        let is_known = subject.people.is_known(&address(unknown)).await.unwrap();
        assert!(!is_known, "{unknown}");
    }
}
