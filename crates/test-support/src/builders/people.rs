//! People and groups.

use recado_domain::person::{EmailAddress, Group, Party, Role, Standing, User, UserId};

use super::id;

/// The requester of every built ticket: Ana Peña, ana@example.com.
pub fn ana() -> Party {
    party("Ana Peña", "ana@example.com")
}

/// The technician responsible for every built ticket: Tomás Técnico, tomas@example.com.
pub fn tomas() -> Party {
    party("Tomás Técnico", "tomas@example.com")
}

/// Anybody else.
pub fn party(name: &str, email: &str) -> Party {
    Party::parse(name, email).expect("the test's name and address are sound")
}

/// An address.
pub fn address(email: &str) -> EmailAddress {
    EmailAddress::parse(email).expect("the test's address is sound")
}

/// An active account with this address.
pub fn user(email: &str, role: Role) -> User {
    let party = Party {
        email: address(email),
        ..party(email, email)
    };
    User {
        id: UserId(id()),
        party,
        role,
        standing: Standing::Active,
    }
}

/// A group with these members.
pub fn group(email: &str, members: &[&str]) -> Group {
    Group {
        party: party("Mesa de ayuda", email),
        members: members.iter().map(|member| address(member)).collect(),
    }
}
