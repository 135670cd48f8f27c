//! When a session ends. Pure: times go in, an answer comes out.

use jiff::{SignedDuration, Timestamp};

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without a request for so long, it ends.
    pub idle: SignedDuration,
    /// It ends after so long, whatever is asked.
    pub longest: SignedDuration,
}

impl Default for Limits {
    /// Automatic log-off as 45 CFR 164.312(a)(2)(iii) asks for, which names no time: 15 minutes, and one working day.
    fn default() -> Self {
        Self {
            idle: SignedDuration::from_secs(15 * 60),
            longest: SignedDuration::from_secs(12 * 60 * 60),
        }
    }
}

/// How long a proof of who somebody is waits for the signature that it is given for. It is good for one.
pub const PROOF_LASTS: SignedDuration = SignedDuration::from_secs(5 * 60);

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its owner logged out.
    LoggedOut,
    /// Nothing was asked for too long.
    Idle,
    /// It had lasted long enough.
    Expired,
    /// It was taken away: a new password, a closed account.
    Revoked,
}

written!(End {
    LoggedOut => "logged_out",
    Idle => "idle",
    Expired => "expired",
    Revoked => "revoked",
});

impl Limits {
    /// Whether a session that began at `started` and was last used at `seen` is over by `now`.
    pub fn end(&self, started: Timestamp, seen: Timestamp, now: Timestamp) -> Option<End> {
        if now.duration_since(started) >= self.longest {
            Some(End::Expired)
        } else if now.duration_since(seen) >= self.idle {
            Some(End::Idle)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_after_fifteen_idle_minutes_and_after_twelve_hours_of_work() {
        let at = |minutes: i64| Timestamp::from_second(1_700_000_000 + 60 * minutes).unwrap();
        let limits = Limits::default();
        for (seen, now, end) in [
            (0, 0, None),
            (0, 14, None),
            (0, 15, Some(End::Idle)),
            (710, 719, None),
            (719, 720, Some(End::Expired)),
            (0, 10_000, Some(End::Expired)),
            // The clock was set back: nobody is thrown out.
            (0, -60, None),
        ] {
            assert_eq!(limits.end(at(0), at(seen), at(now)), end, "{seen} {now}");
        }
    }
}
