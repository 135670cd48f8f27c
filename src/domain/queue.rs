//! The numbers of the queue of transcriptions: its unit is a dictation.

use jiff::SignedDuration;

/// How long a claim holds unless it is renewed. A program that was killed gives its dictations back after this.
pub const LEASE: SignedDuration = SignedDuration::from_secs(20);

/// How often a claim is renewed: two renewals may fail before it lapses.
pub const HEARTBEAT: SignedDuration = SignedDuration::from_secs(5);

/// Failures after which a dictation is a dead letter.
pub const MOST_FAILURES: u32 = 5;

/// Longest wait before the next attempt.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(30);

/// How long to wait after so many failures (from 1): 30 s, 2 min, 8 min, then [`LONGEST_WAIT`].
pub fn back_off(failures: u32) -> SignedDuration {
    let factor = 4_i64.saturating_pow(failures.saturating_sub(1).min(10));
    SignedDuration::from_secs(30_i64.saturating_mul(factor)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_half_an_hour() {
        let seconds: Vec<i64> = (1..=6).map(|n| back_off(n).as_secs()).collect();
        assert_eq!(seconds, [30, 120, 480, 1800, 1800, 1800]);
        assert_eq!(back_off(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn a_claim_is_renewed_well_before_it_lapses() {
        assert!(HEARTBEAT * 3 < LEASE);
    }
}
