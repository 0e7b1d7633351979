//! Tickets, comments, mails and people for tests: a sound default, and one word for each thing that a test changes.
//!
//! ```
//! use recado_test_support::builders::{ana, comment, delivery, ticket};
//!
//! let ticket = ticket("4711").watched_by("eva@example.com").build();
//! let comment = comment(&ticket).by(ana()).text("¿Hay novedades?").build();
//! let mail = delivery(&comment).to("tomas@example.com").build();
//! assert_eq!(mail.ticket, Some(ticket.id));
//! ```
//! Every object gets an id of its own, later than those made before it.

mod comments;
mod ledger;
mod mail;
mod outbox;
mod people;
mod sessions;
mod templates;
mod tickets;

pub use comments::{CommentBuilder, comment, idempotency};
pub use ledger::{IncomingBuilder, acknowledgement, alert, incoming, settlement};
pub use mail::{draft, outgoing_account};
pub use outbox::{DeliveryBuilder, delivery, test_delivery};
pub use people::{address, ana, group, party, tomas, user};
pub use sessions::{link, session};
pub use templates::template;
pub use tickets::{TicketBuilder, ticket};

use std::sync::atomic::{AtomicU64, Ordering};

use recado_domain::outbox::LeaseToken;
use uuid::Uuid;

use crate::ids::version_7;

/// An id later than every one before it from here, in the whole process.
pub fn id() -> Uuid {
    version_7(0, count())
}

/// A lease token that nobody else has.
pub fn lease() -> LeaseToken {
    LeaseToken(Uuid::from_u64_pair(0x4001, 0x8000_0000_0000_0000 | count()))
}

fn count() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
