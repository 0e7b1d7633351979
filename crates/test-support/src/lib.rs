//! Fakes, builders, the store contract and a scripted SMTP server for tests.

pub mod builders;
pub mod clock;
pub mod contract;
pub mod fakes;
pub mod ids;
pub mod servers;
pub mod smtp_server;
