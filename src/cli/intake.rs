//! `osler intake`: a recording into a patient's record.

use crate::app::App;
use crate::audio::Input;
use crate::cli::common::{date, mrn, short, with_app};
use crate::cli::exit::Failure;
use crate::cli::transcribe;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::patient::Mrn;
use crate::domain::recognition::Recognition;
use crate::domain::worklist::Orders;
use crate::store::Opening;
use crate::workflow::intake::{self, IntakeError, Request, Taken};
use crate::workflow::layers::Background;
use crate::workflow::users;
use jiff::civil::Date;
use std::io::Write;
use std::path::PathBuf;

/// Arguments of `osler intake`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The recording
    recording: PathBuf,
    /// Record number of the patient
    #[arg(long, value_parser = mrn, value_name = "MRN")]
    patient: Mrn,
    /// The patient's date of birth, YYYY-MM-DD: checked against the record; without it the report cannot be filed
    #[arg(long, value_parser = date, value_name = "DATE")]
    birth_date: Option<Date>,
    /// The physician who dictated; needed where there are several
    #[arg(long = "as", value_name = "USER")]
    author: Option<String>,
    /// The encounter it is about, as `osler patient show` names it
    #[arg(long, value_name = "ID")]
    encounter: Option<String>,
    /// Model to use instead of the configured one
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
}

/// Runs the command.
pub fn run(args: Args, config: Config) -> Result<(), Failure> {
    intake::check_recording(&args.recording, &transcribe::source(&config))?;
    with_app(config, Opening::Existing, async |app| {
        let author = users::physician(app, args.author.as_deref()).await?;
        let actor = Actor::cli(author.username.clone());
        let request = Request {
            recording: args.recording,
            mrn: args.patient,
            birth_date: args.birth_date,
            author,
            encounter: args.encounter,
            orders: Orders::default(),
        };
        let file = request.recording.display().to_string();
        let transcribe = recogniser(app, args.model);
        let taken = intake::run(app, request, &actor, transcribe)
            .await
            .map_err(|e| failure(&file, e))?;
        print(app, &taken).await
    })
}

/// The recognition of stored recordings, with a progress bar where somebody looks. Clones share the loaded model.
pub fn recogniser(
    app: &App,
    model: Option<String>,
) -> impl Fn(&Input, &Background) -> Result<Recognition, Failure> + Clone + Send + use<> {
    let recogniser = transcribe::Lazy::new(app.config.clone(), model);
    move |recording, background| recogniser.recognise(recording, background)
}

/// Why the intake of `file` failed.
pub fn failure(file: &str, error: IntakeError<Failure>) -> Failure {
    match error {
        IntakeError::Workflow(e) => e.into(),
        IntakeError::Transcription {
            dictation_id,
            error,
        } => Failure::new(
            error.code,
            format!(
                "{file}: {}\nThe recording is stored as dictation {} and waits; run the same command again to transcribe it",
                error.message,
                short(dictation_id)
            ),
        ),
    }
}

async fn print(app: &App, taken: &Taken) -> Result<(), Failure> {
    let report = app.store.report(taken.report_id).await?;
    let mut out = std::io::stdout().lock();
    if taken.was_there {
        writeln!(out, "this recording was taken in before")?;
    }
    writeln!(
        out,
        "dictation {}  report {}  {}",
        short(taken.dictation.id),
        short(report.id),
        report.status.as_str()
    )?;
    if taken.dictation.identity_verified_at.is_none() {
        writeln!(
            out,
            "the second identifier is open: the report is filed once --birth-date is given"
        )?;
    }
    writeln!(out, "read it: osler report show {}", short(report.id))?;
    Ok(())
}
