//! Fakes, builders, the store contract and a scripted SMTP server for tests.

#[cfg(feature = "doubles")]
pub mod builders;
#[cfg(feature = "doubles")]
pub mod clock;
#[cfg(feature = "doubles")]
pub mod contract;
#[cfg(feature = "doubles")]
pub mod fakes;
#[cfg(feature = "doubles")]
pub mod ids;
pub mod servers;
#[cfg(feature = "doubles")]
pub mod smtp_server;
