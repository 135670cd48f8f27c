//! `osler report`: drafts and signed reports.

use crate::app::App;
use crate::cli::ask;
use crate::cli::common::{NOBODY, date, local, mrn, short, with_app};
use crate::cli::exit::{Code, Failure};
use crate::cli::show;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::finding::Finding;
use crate::domain::patient::Mrn;
use crate::domain::report::{ReportStatus, Section};
use crate::domain::signature::Authentication;
use crate::domain::transcript::Edit;
use crate::store::{Kind, Opening};
use crate::workflow::people::{Who, login};
use crate::workflow::record::{self, ReportView};
use crate::workflow::sign::{self, Signed};
use crate::workflow::{WorkflowError, users};
use jiff::civil::Date;
use serde::Serialize;
use std::io::Write;

/// `osler report ...`. A report is named by its identifier or by at least 6 digits of its beginning or end.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List reports, newest first
    List {
        /// Only this patient's
        #[arg(long, value_parser = mrn, value_name = "MRN")]
        patient: Option<Mrn>,
        /// Only those that are draft, signed or filed
        #[arg(long, value_parser = status)]
        status: Option<ReportStatus>,
    },
    /// Print a report with its history
    Show {
        /// The report
        id: String,
        /// txt or json
        #[arg(long, default_value = "txt")]
        format: Format,
    },
    /// Sign a draft as its author; files it unless the date of birth is still open. Password and code are asked for, but
    /// not in a demonstration database
    Sign {
        /// The report
        id: String,
        /// Who signs
        #[arg(long = "as", value_name = "USER")]
        signer: String,
        /// The patient's date of birth, YYYY-MM-DD, where it was not checked before
        #[arg(long, value_parser = date, value_name = "DATE")]
        birth_date: Option<Date>,
    },
    /// File a signed report whose date of birth was still open
    File {
        /// The report
        id: String,
        /// The patient's date of birth, YYYY-MM-DD
        #[arg(long, value_parser = date, value_name = "DATE")]
        birth_date: Option<Date>,
    },
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a reader.
    Txt,
    /// For a program: one object on one line.
    Json,
}

fn status(typed: &str) -> Result<ReportStatus, String> {
    typed
        .parse()
        .map_err(|_| "a report is draft, signed or filed".into())
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        match command {
            Command::List { patient, status } => {
                let mut out = std::io::stdout().lock();
                for report in record::reports(app, patient.as_ref(), status).await? {
                    writeln!(
                        out,
                        "{}  {:<6}  {}  {:<12} {}  {}  {}",
                        short(report.id),
                        if report.is_retracted {
                            "error"
                        } else {
                            report.status.as_str()
                        },
                        local(report.created_at),
                        report.mrn.as_str(),
                        report.patient,
                        report.author,
                        report.kind
                    )?;
                }
            }
            Command::Show { id, format } => {
                let id = app.store.find_report(&id).await?;
                let view = record::report(app, id).await?;
                let mut out = std::io::stdout().lock();
                match format {
                    Format::Txt => show::report_view(&mut out, &view)?,
                    Format::Json => writeln!(out, "{}", json(&view)?)?,
                }
            }
            Command::Sign {
                id,
                signer,
                birth_date,
            } => {
                if app.store.kind() == Kind::Practice {
                    let (opened, how) = ask::logged_in_to_sign(app, &signer).await?;
                    let signed = sign_as(app, &id, &opened.who, birth_date, how).await;
                    login::log_out(app, &opened.token, &opened.who.via).await?;
                    return say(&signed?);
                }
                let id = app.store.find_report(&id).await?;
                let signer = users::find(app, &signer).await?;
                let actor = Actor::cli(signer.username.clone());
                let how = Authentication::NoneCli;
                say(&sign::sign(app, id, &signer, birth_date, how, &actor).await?)?;
            }
            Command::File { id, birth_date } => {
                let id = app.store.find_report(&id).await?;
                say(&sign::file(app, id, birth_date, &Actor::cli(NOBODY)).await?)?;
            }
        }
        Ok(())
    })
}

async fn sign_as(
    app: &App,
    id: &str,
    who: &Who,
    birth_date: Option<Date>,
    how: Authentication,
) -> Result<Signed, WorkflowError> {
    let id = app.store.find_report(id).await?;
    sign::sign(app, id, &who.user, birth_date, how, &who.actor()).await
}

fn say(signed: &Signed) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let id = short(signed.report.id);
    if let Some(signature) = &signed.report.signature {
        writeln!(
            out,
            "report {id} signed by {}, authentication: {}",
            signature.signer_name,
            signature.authentication.as_str()
        )?;
    }
    match signed.report.filed_at {
        Some(at) => writeln!(out, "report {id} filed {}", local(at))?,
        None => writeln!(
            out,
            "not filed yet: the second identifier is open; osler report file {id} --birth-date YYYY-MM-DD"
        )?,
    }
    if signed.critical_findings > 0 {
        writeln!(
            out,
            "note: {} critical finding(s) stand in this report; osler report show {id} lists them",
            signed.critical_findings
        )?;
    }
    Ok(())
}

/// `osler report show --format json`.
#[derive(Serialize)]
struct Wire<'a> {
    schema: u32,
    id: String,
    status: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    dictation: String,
    parent: Option<String>,
    patient: WirePatient<'a>,
    author: &'a str,
    text: &'a str,
    sections: &'a [Section],
    versions: Vec<WireVersion<'a>>,
    signature: Option<WireSignature<'a>>,
    filed_at: Option<jiff::Timestamp>,
    edits: &'a [Edit],
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct WirePatient<'a> {
    mrn: &'a str,
    family: &'a str,
    given: &'a str,
    birth_date: Date,
}

#[derive(Serialize)]
struct WireVersion<'a> {
    version: u32,
    made_at: jiff::Timestamp,
    made_by: Option<String>,
    text: &'a str,
}

#[derive(Serialize)]
struct WireSignature<'a> {
    signer: &'a str,
    signed_at: jiff::Timestamp,
    meaning: &'a str,
    authentication: &'static str,
    version: u32,
    text_sha256: &'a str,
}

fn json(view: &ReportView) -> Result<String, Failure> {
    let report = &view.report;
    let recognition = view.transcript.as_ref().map(|t| &t.recognition);
    let wire = Wire {
        schema: 1,
        id: report.id.to_string(),
        status: report.status.as_str(),
        kind: &report.latest.body.kind,
        dictation: report.dictation_id.to_string(),
        parent: report.parent_id.map(|id| id.to_string()),
        patient: WirePatient {
            mrn: view.patient.mrn.as_str(),
            family: &view.patient.family,
            given: &view.patient.given,
            birth_date: view.patient.birth_date,
        },
        author: &view.author.username,
        text: &report.latest.body.text,
        sections: &report.latest.body.sections,
        versions: view
            .versions
            .iter()
            .map(|v| WireVersion {
                version: v.version,
                made_at: v.made_at,
                made_by: v.made_by.map(|id| id.to_string()),
                text: &v.body.text,
            })
            .collect(),
        signature: report.signature.as_ref().map(|s| WireSignature {
            signer: &s.signer_name,
            signed_at: s.signed_at,
            meaning: &s.meaning,
            authentication: s.authentication.as_str(),
            version: s.version,
            text_sha256: &s.text_sha256,
        }),
        filed_at: report.filed_at,
        edits: recognition.map_or(&[], |r| &r.transcript.edits),
        findings: recognition.map_or(&[], |r| &r.findings),
    };
    serde_json::to_string(&wire).map_err(|e| Failure::new(Code::Failed, e.to_string()))
}
