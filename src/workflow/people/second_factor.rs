//! The second factor: setting it up, taking it away, and proving who one is for a signature.

use crate::app::App;
use crate::domain::credentials::Password;
use crate::domain::policy::{Action, Facts, Reason};
use crate::domain::signature::Authentication;
use crate::domain::totp::Secret;
use crate::store::{Account, Attempt};
use crate::workflow::people::login::{
    LoggedIn, Login, begin, log_in, log_out, open_session, second_factor, wrong,
};
use crate::workflow::people::{AccessRefusal, Subject, Who, authorise, secrets};
use crate::workflow::{Refusal, WorkflowError};

/// What an authenticator app needs; shown once.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    /// To be typed into the app.
    pub secret: String,
    /// To be shown as a QR code.
    pub uri: String,
}

/// What somebody gives to prove who they are.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Password.
    pub password: Option<Password>,
    /// Code of the second factor.
    pub code: Option<String>,
}

/// Makes a second factor, which counts from its [`confirm`]ation on.
///
/// # Errors
/// [`crate::store::StoreError::Conflict`] where one counts already.
pub async fn begin_enrolment(app: &App, who: &Who) -> Result<Enrolment, WorkflowError> {
    let subject = Subject::user(who.user.id);
    authorise(app, who, Action::OwnAccount, &Facts::NO_RECORD, subject).await?;
    let secret = secrets::totp_secret()?;
    let stamp = app.stamp(&who.actor());
    app.store
        .begin_second_factor(who.user.id, secret.as_bytes().to_vec(), stamp)
        .await?;
    Ok(Enrolment {
        secret: secret.to_base32(),
        uri: secret.to_uri(&who.user.username),
    })
}

/// Lets the second factor count once its app shows the right code.
///
/// # Errors
/// [`AccessRefusal::Wrong`] or `TooMany`; [`WorkflowError::Invalid`] where none was begun.
pub async fn confirm(app: &App, who: &Who, code: &str) -> Result<(), WorkflowError> {
    let subject = Subject::user(who.user.id);
    authorise(app, who, Action::OwnAccount, &Facts::NO_RECORD, subject).await?;
    let attempt = Attempt::of(&who.user.username);
    let account = begin(app, &attempt, &who.via).await?;
    let pending = account
        .as_ref()
        .filter(|a| !a.totp_confirmed)
        .and_then(|a| a.totp_secret.as_deref())
        .and_then(Secret::from_stored);
    let Some(secret) = pending else {
        app.store.attempt_withdrawn(attempt).await?;
        return Err(WorkflowError::Invalid(
            "there is no second factor to confirm; begin with a new one".into(),
        ));
    };
    let stamp = app.stamp(&who.actor());
    let Some(step) = secret.accept(code, stamp.at, None) else {
        return Err(wrong(app, account.as_ref(), "code", &who.via).await?);
    };
    Ok(app
        .store
        .confirm_second_factor(who.user.id, secret.as_bytes().to_vec(), step, stamp)
        .await?)
}

/// Proves who somebody is right before they sign (21 CFR 11.200(a)(1)): password and code for the first signature of a
/// session, one of the two for every further one. What it gives stands with the signature; `who` may sign from then on.
///
/// # Errors
/// [`AccessRefusal`]: `NoSecondFactor`, `BothNeeded`, `OneNeeded`, `Wrong`, `TooMany`, `Over`; [`Refusal::Policy`] where
/// the password was set by somebody else.
pub async fn prove(
    app: &App,
    who: &mut Who,
    proof: Proof,
) -> Result<Authentication, WorkflowError> {
    let token_hash = who.session().map_err(Refusal::Access)?.to_owned();
    let session = open_session(app, &token_hash, &who.via).await?;
    may_prove(app, who, &session.account).await?;
    let authentication = match (proof.password.is_some(), proof.code.is_some()) {
        (true, true) => Authentication::PasswordAndCode,
        _ if session.proven_at.is_none() => {
            let refusal = Refusal::Access(AccessRefusal::BothNeeded);
            return Err(lacking(app, who, refusal, "both_needed").await?);
        }
        (true, false) => Authentication::Password,
        (false, true) => Authentication::Code,
        (false, false) => {
            let refusal = Refusal::Access(AccessRefusal::OneNeeded);
            return Err(lacking(app, who, refusal, "one_needed").await?);
        }
    };
    let account = begin(app, &Attempt::of(&who.user.username), &who.via).await?;
    if let Some(password) = proof.password {
        let stored = account.as_ref().and_then(|a| a.password_hash.clone());
        if !secrets::is_right(password, stored).await? {
            return Err(wrong(app, account.as_ref(), "password", &who.via).await?);
        }
    }
    let stamp = app.stamp(&who.actor());
    let mut step = None;
    if let Some(code) = proof.code {
        step = account.as_ref().and_then(|a| {
            let secret = second_factor(a)?;
            secret.accept(&code, stamp.at, a.totp_last_step)
        });
        if step.is_none() {
            return Err(wrong(app, account.as_ref(), "code", &who.via).await?);
        }
    }
    let with = authentication.as_str();
    let is_proven = app
        .store
        .identity_proven(token_hash, who.user.id, step, with, stamp)
        .await?;
    if !is_proven {
        return Err(Refusal::Access(AccessRefusal::Wrong).into());
    }
    who.asker.proven = true;
    Ok(authentication)
}

/// Logs somebody in to sign one report at once, as on the command line: password and code of the log-in are the proof, so
/// that nobody waits for a second code. The session is theirs to log out of.
///
/// # Errors
/// [`AccessRefusal`]: `CodeNeeded`, `NoSecondFactor`, `Wrong`, `TooMany`; [`Refusal::Policy`] where the password was set by
/// somebody else.
pub async fn log_in_to_sign(
    app: &App,
    login: Login,
) -> Result<(LoggedIn, Authentication), WorkflowError> {
    let via = login.via.clone();
    let mut opened = log_in(app, login).await?;
    let token_hash = opened.who.session().map_err(Refusal::Access)?.to_owned();
    let session = open_session(app, &token_hash, &via).await?;
    // Without a second factor no code was looked at.
    if let Err(error) = may_prove(app, &opened.who, &session.account).await {
        log_out(app, &opened.token, &via).await?;
        return Err(error);
    }
    let authentication = Authentication::PasswordAndCode;
    let (user, with) = (opened.who.user.id, authentication.as_str());
    let stamp = app.stamp(&opened.who.actor());
    if !app
        .store
        .identity_proven(token_hash, user, None, with, stamp)
        .await?
    {
        return Err(Refusal::Access(AccessRefusal::Wrong).into());
    }
    opened.who.asker.proven = true;
    Ok((opened, authentication))
}

/// Whether an account is one to sign with: a second factor, and a password that nobody else knows.
async fn may_prove(app: &App, who: &Who, account: &Account) -> Result<(), WorkflowError> {
    if account.password_due {
        let refusal = Refusal::Policy(Reason::PasswordDue);
        return Err(lacking(app, who, refusal, "password_due").await?);
    }
    if second_factor(account).is_none() {
        let refusal = Refusal::Access(AccessRefusal::NoSecondFactor);
        return Err(lacking(app, who, refusal, "no_second_factor").await?);
    }
    Ok(())
}

/// Writes down that something was missing.
async fn lacking(
    app: &App,
    who: &Who,
    refusal: Refusal,
    why: &'static str,
) -> Result<WorkflowError, WorkflowError> {
    app.store
        .access_refused(
            ("user", who.user.id.to_string()),
            None,
            serde_json::json!({"action": Action::Sign.as_str(), "why": why}),
            app.stamp(&who.actor()),
        )
        .await?;
    Ok(refusal.into())
}
