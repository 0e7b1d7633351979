//! Time. Only the binary reads a real clock.

use std::time::Duration;

use jiff::Timestamp;

/// The time of day, and the time that has passed.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The wall clock. It may jump either way.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start that never jumps and goes on while the machine sleeps (Linux: `CLOCK_BOOTTIME`).
    /// Leases are measured by it.
    fn elapsed(&self) -> Duration;
}
