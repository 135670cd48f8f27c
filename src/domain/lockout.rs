//! How often somebody may try to get in. Pure: attempts and the time go in, an answer comes out.
//!
//! An attempt is counted before it is judged and taken back when it was right, so that many at the same moment are not
//! all judged by the same count.

use jiff::{SignedDuration, Timestamp};

/// What is remembered of a login name, or of a place from which somebody tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Wrong ones since the last right one.
    pub failures: u32,
    /// When the last was made.
    pub last: Timestamp,
}

/// How many are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So many in a row cost no waiting.
    pub free: u32,
    /// From so many in a row on, nobody gets in for [`LOCK`].
    pub locked_after: u32,
}

/// For a login name. NIST SP 800-63B allows at most 100 in a row.
pub const BY_NAME: Limits = Limits {
    free: 3,
    locked_after: 10,
};

/// For a place: a practice may sit behind one address.
pub const BY_PLACE: Limits = Limits {
    free: 20,
    locked_after: 60,
};

/// How long a lock-out lasts.
pub const LOCK: SignedDuration = SignedDuration::from_secs(15 * 60);

/// After so long without an attempt the earlier ones are forgotten.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_secs(24 * 60 * 60);

/// Longest wait below a lock-out.
const LONGEST_WAIT_S: i64 = 64;

impl Limits {
    /// How long to wait after so many wrong attempts in a row.
    fn wait(&self, failures: u32) -> SignedDuration {
        if failures < self.free {
            SignedDuration::ZERO
        } else if failures >= self.locked_after {
            LOCK
        } else {
            // Doubles with each: 1 s, 2 s, 4 s ...
            let exponent = (failures - self.free).min(6);
            SignedDuration::from_secs((1_i64 << exponent).min(LONGEST_WAIT_S))
        }
    }

    /// From when on the next attempt may be made; none where it may be made now.
    pub fn closed_until(&self, attempts: Option<Attempts>, now: Timestamp) -> Option<Timestamp> {
        let attempts = attempts?;
        let gone = now.duration_since(attempts.last);
        if gone >= FORGOTTEN {
            return None;
        }
        let wait = self.wait(attempts.failures);
        // A clock that was set back costs one wait, not all the time that it was set back by.
        let left = if gone.is_negative() {
            wait
        } else {
            wait - gone
        };
        (left > SignedDuration::ZERO).then(|| later(now, left))
    }

    /// What is remembered when one more attempt begins.
    pub fn counted(attempts: Option<Attempts>, now: Timestamp) -> Attempts {
        let failures = match attempts {
            Some(a) if now.duration_since(a.last) < FORGOTTEN => a.failures,
            _ => 0,
        };
        Attempts {
            failures: failures.saturating_add(1),
            last: now,
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn after(failures: u32) -> Option<Attempts> {
        Some(Attempts {
            failures,
            last: at(0),
        })
    }

    #[test]
    fn the_first_attempts_are_free_then_each_waits_twice_as_long() {
        assert_eq!(BY_NAME.closed_until(None, at(0)), None);
        for (failures, seconds) in [(1, 0), (2, 0), (3, 1), (4, 2), (5, 4), (9, 64)] {
            let until = BY_NAME.closed_until(after(failures), at(0));
            let expected = (seconds > 0).then(|| at(seconds));
            assert_eq!(until, expected, "{failures}");
            assert_eq!(BY_NAME.closed_until(after(failures), at(seconds)), None);
        }
    }

    #[test]
    fn ten_in_a_row_lock_for_a_quarter_of_an_hour_and_the_next_one_again() {
        for failures in [10, 11, 500] {
            assert_eq!(BY_NAME.closed_until(after(failures), at(0)), Some(at(900)));
            assert_eq!(
                BY_NAME.closed_until(after(failures), at(899)),
                Some(at(900))
            );
            assert_eq!(BY_NAME.closed_until(after(failures), at(900)), None);
        }
        let next = Limits::counted(after(10), at(900));
        assert_eq!(BY_NAME.closed_until(Some(next), at(900)), Some(at(1_800)));
    }

    #[test]
    fn a_day_later_all_is_forgotten() {
        let day = 24 * 60 * 60;
        assert_eq!(Limits::counted(after(9), at(day - 1)).failures, 10);
        assert_eq!(Limits::counted(after(9), at(day)).failures, 1);
        assert_eq!(Limits::counted(None, at(0)).failures, 1);
    }

    #[test]
    fn a_clock_that_was_set_back_by_a_year_locks_nobody_out_for_a_year() {
        let until = BY_NAME.closed_until(after(10), at(-31_536_000)).unwrap();
        assert_eq!(until, at(-31_536_000 + 900));
    }

    proptest! {
        #[test]
        fn nobody_tries_more_than_about_a_hundred_times_a_day(pause in 0_i64..600) {
            let (mut now, mut attempts, mut tried) = (0, None, 0);
            while now < 24 * 60 * 60 {
                if BY_NAME.closed_until(attempts, at(now)).is_none() {
                    attempts = Some(Limits::counted(attempts, at(now)));
                    tried += 1;
                }
                now += pause.max(1);
            }
            prop_assert!(tried <= 10 + 96, "{tried}");
        }
    }
}
