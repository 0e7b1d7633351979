//! The use cases against fakes: a store in memory, a clock turned by hand, a mail server that answers by script.
#![expect(clippy::unwrap_used, reason = "an error where none may be is a failed test")]

mod access;
mod account;
mod acknowledging;
mod announcing;
mod commenting;
mod commenting_faults;
mod delivering;
mod delivering_faults;
mod diagnosing;
mod faulty;
mod faulty_ledger;
mod holding;
mod house;
mod housekeeping;
mod inbox;
mod links;
mod managing_tickets;
mod noticing;
mod outbox_overview;
mod parameters;
mod pausing;
mod people;
mod pictures;
mod reading_inbox;
mod receiving;
mod receiving_faults;
mod releasing;
mod reporting;
mod retracting;
mod signing_in;
mod templates;
mod tickets;
mod trying;
mod way_back;
mod writing_on_pages;
