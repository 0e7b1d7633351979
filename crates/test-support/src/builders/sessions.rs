//! Sessions and the links that begin them.

use jiff::SignedDuration;
use recado_domain::person::User;
use recado_ports::sessions::{NewLink, NewSession, SecretHash};

use super::{address, id};
use crate::clock::START;

/// A session of this account that begins at the start of every test, ends when nobody uses it for a day, and after
/// three days in any case.
pub fn session(of: &User) -> NewSession {
    let id = id();
    NewSession {
        id,
        user: of.id,
        hash: SecretHash(id.simple().to_string().repeat(2)),
        device: "Mozilla/5.0".to_owned(),
        opened_at: START,
        idle_until: START + SignedDuration::from_hours(24),
        ends_at: START + SignedDuration::from_hours(72),
    }
}

/// A link for this address that can be used for a quarter of an hour.
pub fn link(email: &str) -> NewLink {
    NewLink {
        hash: SecretHash(id().simple().to_string().repeat(2)),
        email: address(email),
        target: Some("/tickets/4711".to_owned()),
        expires_at: START + SignedDuration::from_mins(15),
    }
}
