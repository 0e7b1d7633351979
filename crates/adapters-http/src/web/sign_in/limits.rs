//! How often somebody may try to get in: by where they come from, and by whose address they give. Both are counted alike
//! for addresses that are known and that are not.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use recado_app::access::Actor;
use recado_domain::person::EmailAddress;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::web::rates::{Rate, Rates};
use crate::web::refusal::WebRefusal;

/// Links that one address is sent: five at once, then one in three minutes. A mailbox is not to be filled by strangers.
const LINKS_TO: Rate = Rate {
    burst: 5,
    interval: Duration::from_mins(3),
};

/// Links that are asked for from one place, an office behind one address included.
const LINKS_FROM: Rate = Rate {
    burst: 60,
    interval: Duration::from_secs(10),
};

/// Passwords tried for one address. Its owner gets in by a link all the same while somebody else uses these up.
const PASSWORDS_FOR: Rate = Rate {
    burst: 10,
    interval: Duration::from_secs(30),
};

/// Passwords tried from one place.
const PASSWORDS_FROM: Rate = Rate {
    burst: 60,
    interval: Duration::from_secs(5),
};

/// Links made at a time; each waits for the database alone.
const LINKS_AT_ONCE: usize = 32;

/// What has been tried.
pub(in crate::web) struct SignInLimits {
    links_to: Rates<String>,
    links_from: Rates<IpAddr>,
    passwords_for: Rates<String>,
    passwords_from: Rates<IpAddr>,
    places: Arc<Semaphore>,
}

impl SignInLimits {
    pub(in crate::web) fn new() -> Self {
        Self {
            links_to: Rates::new(LINKS_TO),
            links_from: Rates::new(LINKS_FROM),
            passwords_for: Rates::new(PASSWORDS_FOR),
            passwords_from: Rates::new(PASSWORDS_FROM),
            places: Arc::new(Semaphore::new(LINKS_AT_ONCE)),
        }
    }

    /// Counts a link asked for from a place.
    pub(super) fn link_from(&self, client: IpAddr, elapsed: Duration) -> Result<(), WebRefusal> {
        self.links_from.take(&client, elapsed).map_err(too_often)
    }

    /// Counts a link to an address; `false` when it has had enough. Whoever asked is told the same.
    pub(super) fn link_to(&self, email: &EmailAddress, elapsed: Duration) -> bool {
        self.links_to.take(&email.as_str().to_owned(), elapsed).is_ok()
    }

    /// Counts a password tried.
    pub(super) fn password(
        &self,
        client: IpAddr,
        email: &EmailAddress,
        elapsed: Duration,
    ) -> Result<(), WebRefusal> {
        self.passwords_from.take(&client, elapsed).map_err(too_often)?;
        self.passwords_for
            .take(&email.as_str().to_owned(), elapsed)
            .map_err(too_often)
    }

    /// Counts a password that somebody who has signed in gives for a new one: a session left open is no way to guess it.
    pub(in crate::web) fn change(&self, actor: &Actor, elapsed: Duration) -> Result<(), WebRefusal> {
        let address = actor.party().map_or("", |party| party.email.as_str());
        self.passwords_for
            .take(&address.to_owned(), elapsed)
            .map_err(too_often)
    }

    /// A place among the links that are being made.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }
}

fn too_often(wait: Duration) -> WebRefusal {
    WebRefusal::TooOften(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}
