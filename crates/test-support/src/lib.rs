//! Fakes, builders, the store contract and a scripted SMTP server for tests.

pub mod servers;
