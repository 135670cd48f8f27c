//! What time it is. Everything that writes a time asks a [`Clock`], so that tests can set it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in whole microseconds: what the store keeps, so that a time reads back as it was written.
    fn now(&self) -> Timestamp;

    /// Today's date where the practice is.
    fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::system()).date()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        // Cutting off the nanoseconds cannot leave the range of a timestamp.
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
