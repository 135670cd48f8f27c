//! Asking for what must not stand on a command line, where other users of the machine see it: passwords and codes. At a
//! terminal nothing is shown; otherwise each is a line of the standard input.

use crate::app::App;
use crate::cli::exit::{Code, Failure};
use crate::domain::credentials::Password;
use crate::domain::signature::Authentication;
use crate::workflow::people::login::{self, LoggedIn, Login};
use crate::workflow::people::{AccessRefusal, Who, second_factor};
use crate::workflow::{Refusal, WorkflowError};
use std::io::{IsTerminal, stdin};

/// How log-ins at the command line are named in the trail.
const VIA: &str = "cli";

/// Asks for one secret.
pub fn secret(prompt: &str) -> Result<String, Failure> {
    if stdin().is_terminal() {
        let terminal = console::Term::stderr();
        if !terminal.is_term() {
            return Err(Failure::new(
                Code::Usage,
                "a password is asked for on the terminal; do not redirect the messages (2>)",
            ));
        }
        terminal.write_str(prompt)?;
        return Ok(terminal.read_secure_line()?);
    }
    let mut line = String::new();
    if stdin().read_line(&mut line)? == 0 {
        return Err(Failure::new(
            Code::Usage,
            "a password or code is missing: give each as a line of the standard input, or use a terminal",
        ));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for a new password; twice at a terminal, where it is not seen.
pub fn new_password(prompt: &str) -> Result<Password, Failure> {
    let typed = secret(prompt)?;
    if stdin().is_terminal() && secret("The same again: ")? != typed {
        return Err(Failure::new(
            Code::Usage,
            "the two are not the same; nothing was changed",
        ));
    }
    Ok(Password::new(typed))
}

/// Asks for somebody's password.
pub fn password_of(username: &str) -> Result<Password, Failure> {
    Ok(Password::new(secret(&format!("Password of {username}: "))?))
}

/// Asks for somebody's password and logs them in for one command.
pub async fn logged_in<T>(
    app: &App,
    username: &str,
    command: impl AsyncFnOnce(&Who) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let password = password_of(username)?;
    logged_in_with(app, username, password, command).await
}

/// Logs somebody in for one command, with a password and, where there is a second factor, its code, which is asked for.
pub async fn logged_in_with<T>(
    app: &App,
    username: &str,
    password: Password,
    command: impl AsyncFnOnce(&Who) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut login = Login {
        username: username.to_owned(),
        password,
        code: None,
        via: VIA.to_owned(),
        place: None,
    };
    let opened = match login::log_in(app, login.clone()).await {
        Err(WorkflowError::Refused(Refusal::Access(AccessRefusal::CodeNeeded))) => {
            login.code = Some(secret("Code of the second factor: ")?);
            login::log_in(app, login).await?
        }
        other => other?,
    };
    let result = command(&opened.who).await;
    login::log_out(app, &opened.token, VIA).await?;
    result
}

/// Asks for somebody's password and code and logs them in to sign.
pub async fn logged_in_to_sign(
    app: &App,
    username: &str,
) -> Result<(LoggedIn, Authentication), Failure> {
    let login = Login {
        username: username.to_owned(),
        password: password_of(username)?,
        code: Some(secret("Code of the second factor: ")?),
        via: VIA.to_owned(),
        place: None,
    };
    Ok(second_factor::log_in_to_sign(app, login).await?)
}
