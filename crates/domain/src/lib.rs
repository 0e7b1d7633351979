//! The pure model of ticket messaging: tickets, comments, template keys, the outbox state machine.

pub mod audience;
pub mod audit;
pub mod bounce;
pub mod channel;
pub mod comment;
pub mod incoming;
pub mod ledger;
pub mod locale;
pub mod outbox;
pub mod parameter;
pub mod person;
pub mod preference;
pub mod quote;
pub mod reply;
pub mod retry;
pub mod search;
pub mod template;
pub mod ticket;
pub mod token;
