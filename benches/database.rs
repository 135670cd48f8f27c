//! Times the database as it is built: `cargo bench --bench database`, and once more with `--no-default-features` for the
//! plain one. Each write is a transaction of its own with its audit row, on the disk when it returns.

use osler::domain::audit::{Actor, Stamp};
use osler::domain::ids::PatientId;
use osler::domain::patient::{Patient, Sex};
use osler::store::{Kind, Opening, Options, Store};
use std::io::Write;
use std::time::{Duration, Instant};

const PATIENTS: usize = 2_000;
const ROUNDS: usize = 200;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let folder =
        tempfile::tempdir_in(std::env::var("CARGO_TARGET_TMPDIR").unwrap_or_else(|_| ".".into()))?;
    let data = folder.path().join("data");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run(&data))
}

async fn run(data: &std::path::Path) -> Result<(), Failed> {
    let mut out = std::io::stdout().lock();
    let kind = if cfg!(feature = "encrypted") {
        "encrypted"
    } else {
        "plain"
    };
    let stamp = Stamp {
        actor: Actor::cli("bench"),
        at: jiff::Timestamp::from_second(1_700_000_000)?,
    };
    let started = Instant::now();
    let store = Store::open(data, Opening::OrCreate(Kind::Practice), Options::default()).await?;
    writeln!(out, "{kind} database")?;
    writeln!(out, "  made and opened   {:>9.2?}", started.elapsed())?;
    let mut ids = Vec::new();
    let mut times = Vec::new();
    for n in 0..PATIENTS {
        let patient = Patient {
            id: PatientId::new(stamp.at),
            mrn: format!("P-{n}").parse()?,
            family: format!("Family{}", n % 300),
            given: format!("Given{}", n % 70),
            birth_date: jiff::civil::date(1950 + (n % 60) as i16, 3, 14),
            sex: Sex::Unknown,
        };
        ids.push(patient.id);
        let started = Instant::now();
        store.add_patient(patient, None, stamp.clone()).await?;
        times.push(started.elapsed());
    }
    figures(&mut out, "add a patient", times)?;
    let mut times = Vec::new();
    for n in 0..ROUNDS * 10 {
        let started = Instant::now();
        store
            .patient_by_mrn(format!("P-{}", n * 7 % PATIENTS).parse()?)
            .await?;
        times.push(started.elapsed());
    }
    figures(&mut out, "find a patient", times)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS / 10 {
        let started = Instant::now();
        store.patients().await?;
        times.push(started.elapsed());
    }
    figures(&mut out, "list all patients", times)?;
    drop(store);
    let mut times = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        let store = Store::open(data, Opening::Existing, Options::default()).await?;
        store.patient(ids[0]).await?;
        times.push(started.elapsed());
    }
    figures(&mut out, "open and read one", times)?;
    let store = Store::open(data, Opening::Existing, Options::default()).await?;
    let bytes = std::fs::metadata(store.path())?.len();
    let started = Instant::now();
    store.copy_to(&data.join("copy.db")).await?;
    let took = started.elapsed();
    writeln!(
        out,
        "  copy {:.1} MB       {took:>9.2?}",
        bytes as f64 / 1e6
    )?;
    Ok(())
}

fn figures(out: &mut impl Write, what: &str, mut times: Vec<Duration>) -> std::io::Result<()> {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    writeln!(
        out,
        "  {what:<18}{:>9.2?} median, {:>9.2?} of 99 in 100",
        at(50),
        at(99)
    )
}
