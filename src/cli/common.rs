//! What the commands that use the database share.

use crate::app::App;
use crate::cli::exit::{Code, Failure};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::domain::patient::Mrn;
use crate::store::Opening;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Name in the audit trail where nobody is named.
pub const NOBODY: &str = "system";

/// Opens the database as `opening` says and runs a command with it.
pub fn with_app<T>(
    config: Config,
    opening: Opening,
    command: impl AsyncFnOnce(&App) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Code::Failed, format!("cannot start: {e}")))?;
    runtime.block_on(async {
        let app = App::open(config, opening, Arc::new(SystemClock)).await?;
        command(&app).await
    })
}

/// A date as it is typed.
pub fn date(typed: &str) -> Result<Date, String> {
    Date::strptime("%Y-%m-%d", typed.trim())
        .map_err(|_| "write a date as YYYY-MM-DD, for example 1961-03-14".into())
}

/// A record number as it is typed.
pub fn mrn(typed: &str) -> Result<Mrn, String> {
    typed.parse().map_err(|e| format!("{e}"))
}

/// The end of an identifier, enough of it to name the thing: identifiers begin with the time they were made, which many
/// share.
pub fn short(id: impl std::fmt::Display) -> String {
    let id = id.to_string();
    id.get(id.len().saturating_sub(8)..)
        .unwrap_or(&id)
        .to_owned()
}

/// A time as the clock on the wall shows it.
pub fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// A stored word for the reader: "awaiting signature".
pub fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_year_month_day_and_exists() {
        assert_eq!(date("1961-03-14"), Ok(jiff::civil::date(1961, 3, 14)));
        for bad in ["14.03.1961", "1961-02-30", "today", "1961-03-14T10:00"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_short_form_is_the_end_of_the_identifier() {
        assert_eq!(short("0194d2f1-0000-7000-8000-0123456789ab"), "456789ab");
    }
}
