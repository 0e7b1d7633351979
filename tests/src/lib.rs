//! Black-box tests: the real binary against real servers.

pub use recado_test_support::servers;
