//! What the black-box tests share: the real binary as a daemon, its API as a client, and the real servers.

pub mod api;
pub mod browser;
pub mod daemon;
pub mod desk;
pub mod encounter;
pub mod gallery;
pub mod guests;
pub mod mail_client;
pub mod mail_programs;
pub mod scene;
pub mod stores;
pub mod tour;
pub mod visitor;

pub use recado_test_support::servers;
