//! The use cases against fakes: a store in memory, a clock turned by hand, a mail server that answers by script.

mod access;
mod account;
mod commenting;
mod commenting_faults;
mod delivering;
mod delivering_faults;
mod diagnosing;
mod faulty;
mod house;
mod housekeeping;
mod parameters;
mod retracting;
mod templates;
mod tickets;
