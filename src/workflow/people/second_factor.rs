//! The second factor: setting it up, taking it away, and proving who one is for a signature.

use crate::app::App;
use crate::domain::audit;
use crate::domain::credentials::Password;
use crate::domain::policy::{Action, Reason};
use crate::domain::session::PROOF_LASTS;
use crate::domain::signature::Authentication;
use crate::domain::totp::Secret;
use crate::store::{Account, Attempt, Note};
use crate::workflow::people::login::{
    LoggedIn, Login, begin, log_in, log_out, open_session, second_factor, wrong,
};
use crate::workflow::people::{AccessRefusal, Subject, Who, authorise, secrets};
use crate::workflow::{Refusal, WorkflowError, demo};

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
    authorise(app, who, Action::OwnAccount, subject).await?;
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
    authorise(app, who, Action::OwnAccount, subject).await?;
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
    let is_proven = app
        .store
        .identity_proven(token_hash, who.user.id, step, authentication, stamp)
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
    let user = opened.who.user.id;
    let stamp = app.stamp(&opened.who.actor());
    if !app
        .store
        .identity_proven(token_hash, user, None, authentication, stamp)
        .await?
    {
        return Err(Refusal::Access(AccessRefusal::Wrong).into());
    }
    opened.who.asker.proven = true;
    Ok((opened, authentication))
}

/// Takes the proof that was given for the signature that is being made: each is good for one, and not for long. In a
/// demonstration nobody is asked.
///
/// # Errors
/// [`Reason::NotProven`], which is in the trail then.
pub async fn take_proof(app: &App, who: &Who) -> Result<Authentication, WorkflowError> {
    let token_hash = who.session().map_err(Refusal::Access)?.to_owned();
    let now = app.clock.now();
    let since = now.checked_sub(PROOF_LASTS).unwrap_or(now);
    match app.store.take_proof(token_hash, since).await? {
        Some(proof) => Ok(proof),
        None if demo::is_sample(app) => Ok(Authentication::Demonstration),
        None => {
            let refusal = Refusal::Policy(Reason::NotProven);
            Err(lacking(app, who, refusal, Reason::NotProven.as_str()).await?)
        }
    }
}

/// What the next signature of a session asks for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Nothing: a proof waits for it, or it is a demonstration.
    Nothing,
    /// Password or code.
    One,
    /// Password and code.
    Both,
}

/// How somebody's session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether their account has a second factor that counts.
    pub second_factor: bool,
    /// What their next signature asks for first.
    pub needed: Needed,
}

/// How the session of `who` stands.
pub async fn standing(app: &App, who: &Who) -> Result<Standing, WorkflowError> {
    let token_hash = who.session().map_err(Refusal::Access)?;
    let session = open_session(app, token_hash, &who.via).await?;
    let needed = if who.asker.proven {
        Needed::Nothing
    } else if session.proven_at.is_some() {
        Needed::One
    } else {
        Needed::Both
    };
    Ok(Standing {
        second_factor: second_factor(&session.account).is_some(),
        needed,
    })
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
        .note(Note {
            action: audit::Action::AccessRefused,
            subject: ("user", who.user.id.to_string()),
            patient_id: None,
            details: serde_json::json!({"action": Action::Sign.as_str(), "why": why}),
            stamp: app.stamp(&who.actor()),
        })
        .await?;
    Ok(refusal.into())
}
