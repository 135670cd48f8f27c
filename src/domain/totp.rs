//! One-time codes of an authenticator app: TOTP (RFC 6238) over HMAC-SHA-1 with six digits and 30 seconds, which is what
//! every app can do.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use std::fmt;

/// Seconds for which a code stands.
pub const STEP_S: i64 = 30;

/// Bytes of a secret, as RFC 4226 (section 4) recommends.
pub const SECRET_BYTES: usize = 20;

/// So many steps early or late are accepted: clocks differ, and people type slowly (RFC 6238, section 5.2).
const SLACK: i64 = 1;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator app and Osler share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A secret of these random bytes.
    pub fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// A secret as it was stored; none where its length is another.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The bytes, to be stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a person types it into an app (RFC 4648 base 32, without padding: 20 bytes need none).
    pub fn to_base32(&self) -> String {
        let mut out = String::with_capacity(SECRET_BYTES * 8 / 5);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for byte in self.0 {
            bits = (bits << 8) | u32::from(byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                out.push(char::from(BASE32[(bits >> held) as usize & 31]));
            }
            bits &= (1 << held) - 1;
        }
        out
    }

    /// What a QR code for an app holds. `account` is a login name, which needs no escaping.
    pub fn to_uri(&self, account: &str) -> String {
        format!(
            "otpauth://totp/Osler:{account}?secret={}&issuer=Osler&algorithm=SHA1&digits=6&period={STEP_S}",
            self.to_base32()
        )
    }

    /// The code of one step.
    fn code(&self, step: i64) -> Option<u32> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).ok()?;
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        // RFC 4226, section 5.3: the last half byte says where to read.
        let from = usize::from(digest[19] & 15);
        let read = [
            digest[from] & 0x7f,
            digest[from + 1],
            digest[from + 2],
            digest[from + 3],
        ];
        Some(u32::from_be_bytes(read) % 1_000_000)
    }

    /// The code that an app shows at `now`, with its leading zeros.
    pub fn shown(&self, now: Timestamp) -> String {
        self.code(step_of(now))
            .map_or_else(String::new, |code| format!("{code:06}"))
    }

    /// The step that `typed` is the code of, where it is one of those that count at `now` and comes after `last`, the
    /// step of the last code that was accepted: a code counts once.
    pub fn accept(&self, typed: &str, now: Timestamp, last: Option<i64>) -> Option<i64> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let typed: u32 = digits.parse().ok()?;
        let middle = step_of(now);
        (middle - SLACK..=middle + SLACK)
            .filter(|step| last.is_none_or(|last| *step > last))
            .find(|step| self.code(*step) == Some(typed))
    }
}

fn step_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of the test vectors in RFC 6238, appendix B.
    fn secret() -> Secret {
        Secret::new(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // The last six of the eight digits that the appendix prints.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().shown(at(second)), code, "{second}");
        }
    }

    #[test]
    fn a_secret_is_written_as_apps_read_it() {
        assert_eq!(secret().to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = secret().to_uri("dr.a");
        assert!(
            uri.starts_with("otpauth://totp/Osler:dr.a?secret=GEZDGNBV"),
            "{uri}"
        );
        assert!(uri.contains("issuer=Osler"), "{uri}");
        assert_eq!(format!("{:?}", secret()), "Secret(..)");
        assert_eq!(Secret::from_stored(secret().as_bytes()), Some(secret()));
        assert_eq!(Secret::from_stored(b"short"), None);
    }

    #[test]
    fn a_code_counts_half_a_minute_early_or_late_and_not_longer() {
        let code = secret().shown(at(600));
        for (second, counts) in [
            (540, false),
            (570, true),
            (600, true),
            (659, true),
            (660, false),
        ] {
            assert_eq!(
                secret().accept(&code, at(second), None).is_some(),
                counts,
                "{second}"
            );
        }
        let spaced = format!(" {} {}", &code[..3], &code[3..]);
        assert_eq!(secret().accept(&spaced, at(600), None), Some(20));
    }

    #[test]
    fn a_code_counts_once() {
        let code = secret().shown(at(600));
        let step = secret().accept(&code, at(600), None);
        assert_eq!(step, Some(20));
        assert_eq!(secret().accept(&code, at(610), step), None);
        let next = secret().shown(at(630));
        assert_eq!(secret().accept(&next, at(630), step), Some(21));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for bad in ["", "12345", "1234567", "12345a", "+12345", "１２３４５６"] {
            assert_eq!(secret().accept(bad, at(600), None), None, "{bad:?}");
        }
    }
}
