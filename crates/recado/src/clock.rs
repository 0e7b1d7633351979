//! The real clocks. Every other crate is given the time.

use std::time::Duration;

use jiff::Timestamp;
use recado_ports::clock::Clock;
use rustix::time::{ClockId, clock_gettime};

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the wall clock"
    )]
    fn now(&self) -> Timestamp {
        // The stores keep microseconds: what is answered at once must be what is read back later.
        Timestamp::from_microsecond(Timestamp::now().as_microsecond())
            .expect("this age is within jiff's range")
    }

    fn elapsed(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).expect("the machine started in the past");
        let nanoseconds = u32::try_from(time.tv_nsec).expect("nanoseconds are less than a second");
        Duration::new(seconds, nanoseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_has_no_finer_digits_than_the_stores() {
        assert!((0..100).all(|_| SystemClock.now().subsec_nanosecond() % 1000 == 0));
    }

    #[test]
    fn elapsed_time_never_goes_back() {
        let before = SystemClock.elapsed();
        assert!(SystemClock.elapsed() >= before);
        assert!(before > Duration::ZERO);
    }
}
