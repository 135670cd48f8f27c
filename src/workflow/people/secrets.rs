//! Random bytes, tokens and password hashes. The only place that calls the crates behind them.

use crate::domain::credentials::{Password, SERVICE_TOKEN, Token};
use crate::domain::totp;
use crate::store::StoreError;
use crate::store::blobs::text_sha256;
use crate::workflow::WorkflowError;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt::Write;
use tokio::sync::Semaphore;

/// 19 MiB, two passes, one lane: OWASP's recommendation for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// So many passwords are hashed at the same time: each takes [`MEMORY_KIB`] and a core.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Letters of passwords that are made here: none that is mistaken for another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789+";

fn random<const N: usize>() -> Result<[u8; N], WorkflowError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| broken(&format!("no random numbers ({e})")))?;
    Ok(bytes)
}

/// The machine does not do what it has to.
fn broken(what: &str) -> WorkflowError {
    StoreError::Broken(what.to_owned()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a string cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// A fresh token of a session: 256 random bits.
pub(super) fn session_token() -> Result<Token, WorkflowError> {
    Ok(Token::new(hex(&random::<32>()?)))
}

/// A fresh token of a service.
pub(super) fn service_token() -> Result<Token, WorkflowError> {
    Ok(Token::new(format!(
        "{SERVICE_TOKEN}{}",
        hex(&random::<32>()?)
    )))
}

/// What is stored of a token. It is random enough that no slow hash is needed.
pub(super) fn token_hash(token: &Token) -> String {
    text_sha256(token.reveal())
}

/// A password for somebody who changes it at the first log-in: four groups of four letters, 80 bits.
pub(super) fn one_time_password() -> Result<String, WorkflowError> {
    let letters = random::<16>()?.map(|byte| char::from(LETTERS[usize::from(byte) % 32]));
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// A fresh secret of a second factor.
pub(super) fn totp_secret() -> Result<totp::Secret, WorkflowError> {
    Ok(totp::Secret::new(random()?))
}

fn argon() -> Result<Argon2<'static>, WorkflowError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| broken(&e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Runs a hashing off the async threads, a few at a time.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkflowError> + Send + 'static,
) -> Result<T, WorkflowError> {
    let _turn = HASHING
        .acquire()
        .await
        .map_err(|_| broken("shutting down"))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| broken("hashing a password stopped"))?
}

/// The Argon2id hash of a password, as a PHC string with its parameters and salt.
pub(super) async fn hash(password: Password) -> Result<String, WorkflowError> {
    hashing(move || {
        let salt = SaltString::encode_b64(&random::<16>()?).map_err(|e| broken(&e.to_string()))?;
        let hash = argon()?
            .hash_password(password.as_bytes(), &salt)
            .map_err(|e| broken(&e.to_string()))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password is the one that was hashed. Without a hash it takes as long and is not.
pub(super) async fn is_right(
    password: Password,
    stored: Option<String>,
) -> Result<bool, WorkflowError> {
    if password.is_too_long() {
        return Ok(false);
    }
    let Some(stored) = stored else {
        hash(password).await?;
        return Ok(false);
    };
    hashing(move || {
        let parsed = PasswordHash::new(&stored).map_err(|_| {
            broken("a stored password hash is damaged; an administrator can set a new password")
        })?;
        // Parameters and salt are those of the stored hash.
        Ok(argon()?
            .verify_password(password.as_bytes(), &parsed)
            .is_ok())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credentials::SHORTEST;

    #[tokio::test]
    async fn a_password_is_known_again_by_its_argon2id_hash_and_by_no_other() {
        let password = Password::new("correct horse battery");
        let first = hash(password.clone()).await.unwrap();
        let second = hash(password.clone()).await.unwrap();
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, second, "each has its own salt");
        assert!(
            is_right(password.clone(), Some(first.clone()))
                .await
                .unwrap()
        );
        let wrong = Password::new("correct horse batterx");
        assert!(!is_right(wrong, Some(first)).await.unwrap());
        assert!(!is_right(password.clone(), None).await.unwrap());
        let error = is_right(password, Some("nonsense".into()))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
    }

    #[test]
    fn tokens_are_long_different_and_stored_as_hashes() {
        let (a, b) = (session_token().unwrap(), session_token().unwrap());
        assert_eq!(a.reveal().len(), 64);
        assert_ne!(a, b);
        assert_eq!(token_hash(&a).len(), 64);
        assert_ne!(token_hash(&a), a.reveal());
        assert!(!a.is_service() && service_token().unwrap().is_service());
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(token_hash(&Token::new("abc")), abc);
    }

    #[test]
    fn a_password_that_is_made_here_may_be_chosen_by_anybody() {
        let made = one_time_password().unwrap();
        assert!(made.chars().count() >= SHORTEST, "{made}");
        assert_eq!(made.split('-').count(), 4, "{made}");
        assert_ne!(made, one_time_password().unwrap());
    }
}
