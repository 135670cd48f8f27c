//! The sample practice: made-up people, for a database that was made as a demonstration.

use crate::app::App;
use crate::audio::Input;
use crate::domain::audit::Actor;
use crate::domain::encounter::Encounter;
use crate::domain::ids::EncounterId;
use crate::domain::patient::{Mrn, Sex};
use crate::domain::recognition::Recognition;
use crate::domain::report::ReportStatus;
use crate::domain::role::Role;
use crate::domain::signature::Authentication;
use crate::store::Kind;
use crate::workflow::intake::{self, IntakeError, Taken};
use crate::workflow::layers::Background;
use crate::workflow::patients::NewPatient;
use crate::workflow::{Refusal, WorkflowError, patients, sign, users};
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Login name, printed name, role.
const USERS: [(&str, &str, Role); 5] = [
    ("dr.marsh", "Eleanor Marsh, MD", Role::Physician),
    ("dr.okafor", "Daniel Okafor, MD", Role::Physician),
    ("s.lind", "Sofia Lind", Role::Secretary),
    ("r.stone", "Ruth Stone", Role::Administrator),
    ("j.weber", "Jonas Weber", Role::Auditor),
];

struct Sample {
    mrn: &'static str,
    family: &'static str,
    given: &'static str,
    birth_date: Date,
    sex: Sex,
    physician: &'static str,
    days_ago: i32,
    location: &'static str,
    reason: &'static str,
}

const PATIENTS: [Sample; 3] = [
    Sample {
        mrn: "D-1001",
        family: "Whitfield",
        given: "Margaret",
        birth_date: date(1972, 2, 11),
        sex: Sex::Female,
        physician: "dr.marsh",
        days_ago: 0,
        location: "Clinic, room 2",
        reason: "Medication review",
    },
    Sample {
        mrn: "D-1002",
        family: "Castellano",
        given: "Victor",
        birth_date: date(1968, 11, 2),
        sex: Sex::Male,
        physician: "dr.marsh",
        days_ago: 0,
        location: "Clinic, room 3",
        reason: "New patient visit",
    },
    Sample {
        mrn: "D-1003",
        family: "Nguyen",
        given: "Linh",
        birth_date: date(1980, 5, 6),
        sex: Sex::Female,
        physician: "dr.okafor",
        days_ago: 1,
        location: "Emergency department",
        reason: "Shortness of breath",
    },
];

/// Whether this is a sample practice, where nothing has to be protected.
pub fn is_sample(app: &App) -> bool {
    app.store.kind() == Kind::Demo
}

/// Puts the sample practice into a demonstration database. What is there already is left alone, so that a second or an
/// interrupted run ends with the same practice.
///
/// # Errors
/// [`Refusal::NoDemoHere`] in a real practice.
pub async fn seed(app: &App, actor: &Actor) -> Result<(), WorkflowError> {
    if !is_sample(app) {
        return Err(Refusal::NoDemoHere.into());
    }
    for (username, name, role) in USERS {
        if app.store.user_by_name(username).await?.is_none() {
            users::add(app, username, name, role, actor).await?;
        }
    }
    for sample in &PATIENTS {
        seed_patient(app, sample, actor).await?;
    }
    Ok(())
}

async fn seed_patient(app: &App, sample: &Sample, actor: &Actor) -> Result<(), WorkflowError> {
    let mrn: Mrn = sample
        .mrn
        .parse()
        .map_err(|e| WorkflowError::Invalid(format!("{}: {e}", sample.mrn)))?;
    let patient = match app.store.patient_by_mrn(mrn.clone()).await? {
        Some(patient) => patient,
        None => {
            let new = NewPatient {
                mrn,
                family: sample.family.into(),
                given: sample.given.into(),
                birth_date: sample.birth_date,
                sex: sample.sex,
            };
            patients::add(app, new, actor).await?
        }
    };
    if !app.store.encounters_of(patient.id).await?.is_empty() {
        return Ok(());
    }
    let physician = users::find(app, sample.physician).await?;
    let stamp = app.stamp(actor);
    let encounter = Encounter {
        id: EncounterId::new(stamp.at),
        patient_id: patient.id,
        physician_id: physician.id,
        date: app.clock.today().saturating_sub(sample.days_ago.days()),
        location: sample.location.into(),
        reason: sample.reason.into(),
    };
    app.store.add_encounter(encounter, None, stamp).await?;
    Ok(())
}

/// Takes a recording into the sample practice, for the encounter that its author has with the patient, and signs and
/// files its report as its author would.
pub async fn take_in<E, F>(
    app: &App,
    mut request: intake::Request,
    transcribe: F,
) -> Result<Taken, IntakeError<E>>
where
    E: Send + 'static,
    F: FnOnce(&Input, &Background) -> Result<Recognition, E> + Send + 'static,
{
    if !is_sample(app) {
        return Err(Refusal::NoDemoHere.into());
    }
    let author = request.author.clone();
    if request.encounter.is_none() {
        let patient = patients::find(app, &request.mrn).await?;
        request.encounter = app
            .store
            .encounters_of(patient.id)
            .await?
            .into_iter()
            .rfind(|e| e.physician_id == author.id)
            .map(|e| e.id.to_string());
    }
    let birth_date = request.birth_date;
    let actor = Actor::cli(author.username.clone());
    let taken = intake::run(app, request, &actor, transcribe).await?;
    let report = app.store.report(taken.report_id).await?;
    if report.status != ReportStatus::Filed {
        sign::sign(
            app,
            taken.report_id,
            &author,
            birth_date,
            Authentication::NoneCli,
            &actor,
        )
        .await?;
    }
    Ok(taken)
}
