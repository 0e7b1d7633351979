//! The contract of the store ports, as tests that every store passes.
