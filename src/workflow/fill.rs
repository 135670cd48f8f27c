//! Fills a sample practice to the size of a busy one, for measuring: made-up people, what they dictated over two years, and
//! what everybody read. Each dictation goes the way that a real one goes (`store::bulk`); the words are drawn so that some
//! are in nearly every report and most in few, as words are.

use crate::app::App;
use crate::dictionary::load::{File, Tables};
use crate::domain::audit::{Action, Actor, Stamp};
use crate::domain::encounter::Encounter;
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::ids::{EncounterId, PatientId, UserId};
use crate::domain::patient::{Mrn, Patient, Sex};
use crate::domain::recognition::{Raw, Recognition, SourceInfo, Transcript};
use crate::domain::report::{ReportBody, TraceSpan};
use crate::domain::role::Role;
use crate::domain::signature::{Authentication, Signature};
use crate::domain::transcript::{Coverage, Word};
use crate::domain::transition::{InvalidNote, Note as Words, Step};
use crate::domain::user::User;
use crate::domain::worklist::{Orders, Priority, Route};
use crate::store::blobs::text_sha256;
use crate::store::{NewDictation, NewTake, Note, Past};
use crate::text::render::sections;
use crate::text::token::{HEARD, LAYOUT};
use crate::workflow::sign::AUTHORSHIP;
use crate::workflow::{StoreError, WorkflowError, demo};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;

/// How much is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Dictations.
    pub dictations: u32,
    /// Patients.
    pub patients: u32,
    /// Rows of the trail, at least: what was read makes up for what nobody did.
    pub rows: u64,
}

impl Size {
    /// As many dictations, half as many patients, ten rows of the trail for each.
    pub fn of(dictations: u32) -> Self {
        Self {
            dictations,
            patients: (dictations / 2).max(1),
            rows: u64::from(dictations) * 10,
        }
    }
}

/// Login names of the physicians who are made begin so.
pub const PHYSICIAN: &str = "dr.m";

/// Those of the secretaries.
pub const SECRETARY: &str = "s.m";

const PHYSICIANS: usize = 40;
const SECRETARIES: usize = 10;

/// Over how many days the dictations are spread.
const DAYS: i64 = 700;

/// After how many days a recording is removed. What is younger has one, of a second: a sample is no place for sound.
const KEPT_DAYS: u32 = 7;

/// In one transaction.
const AT_ONCE: usize = 500;
const NOTES_AT_ONCE: usize = 20_000;

/// What a practice of this size would have, as numbers from 0 to below `n`: the same each time.
struct Dice(u64);

impl Dice {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    /// The lower ranks more often, as with words: rank r as one over r.
    fn rank(&mut self, n: usize) -> usize {
        let share = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        let rank = (share * ((n + 1) as f64).ln()).exp() as usize;
        rank.saturating_sub(1).min(n.saturating_sub(1))
    }
}

const FAMILIES: &[&str] = &[
    "Abbott", "Alder", "Archer", "Baker", "Barlow", "Becker", "Bishop", "Booth", "Brandt",
    "Carver", "Chandler", "Clay", "Colby", "Cooper", "Dalton", "Dawes", "Draper", "Dunn", "Ellis",
    "Elder", "Everett", "Farrow", "Fisher", "Fletcher", "Foster", "Garner", "Gibbs", "Glover",
    "Graves", "Hale", "Harper", "Hobbs", "Holt", "Hooper", "Ingram", "Irving", "Jarvis", "Joyner",
    "Keller", "Kemp", "Kirby", "Knox", "Larson", "Lister", "Locke", "Lynch", "Mercer", "Miller",
    "Morrow", "Mott", "Nash", "Norris", "Nyman", "Osborne", "Otto", "Palmer", "Parker", "Pike",
    "Porter", "Quinn", "Ramsey", "Reeves", "Ridge", "Rowe", "Sawyer", "Shaw", "Slater", "Stroud",
    "Tanner", "Teller", "Thorn", "Turner", "Upton", "Vance", "Vogel", "Walker", "Weaver", "Wilder",
    "Wolfe", "Yates", "Yorke", "Ziegler",
];
const ENDINGS: &[&str] = &["", "son", "man", "ley", "ford", "wood", "well", "ham"];
const GIVENS: &[&str] = &[
    "Ada", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Iris", "Jack", "Kate",
    "Leo", "Mia", "Noah", "Olive", "Paul", "Rose", "Sam", "Tess", "Victor",
];
const PLACES: &[&str] = &[
    "Clinic, room 1",
    "Clinic, room 2",
    "Ward 4",
    "Emergency department",
];
const REASONS: &[&str] = &[
    "Follow-up",
    "New patient visit",
    "Medication review",
    "Shortness of breath",
];
const COMPLAINTS: &[&str] = &[
    "The patient comes for a follow-up visit and has felt well since the last one.",
    "The patient reports chest pain on exertion that goes away at rest.",
    "The patient has had a productive cough and a low fever for four days.",
    "The patient describes pain in the right knee that is worse on stairs.",
    "There has been no fever, no weight loss and no night sweats.",
    "The patient denies nausea, vomiting and diarrhea.",
    "Blood glucose at home has been between 110 and 160 in the morning.",
    "Sleep is poor because of shortness of breath when lying flat.",
    "The headaches have become less frequent since the last change of treatment.",
    "The patient stopped smoking two years ago and drinks no alcohol.",
];
const EXAMINATION: &[&str] = &[
    "Blood pressure is 128/78, pulse 72 and regular.",
    "Blood pressure is 146/88, pulse 84 and regular, oxygen saturation 97%.",
    "The lungs are clear to auscultation on both sides.",
    "There are fine crackles over the left base.",
    "Heart sounds are normal without a murmur.",
    "The abdomen is soft and not tender, bowel sounds are present.",
    "There is mild swelling of the right knee without warmth.",
    "There is no edema of the lower legs.",
    "Neurological examination shows no focal deficit.",
    "The wound is dry and heals without redness.",
];
const DRUGS: &[&str] = &[
    "metformin 500 mg twice daily",
    "lisinopril 10 mg daily",
    "amlodipine 5 mg daily",
    "atorvastatin 40 mg at bedtime",
    "levothyroxine 75 mcg daily",
    "apixaban 5 mg twice daily",
    "metoprolol 25 mg twice daily",
    "sertraline 50 mg daily",
    "omeprazole 20 mg daily",
    "amoxicillin 500 mg three times daily",
    "prednisone 20 mg daily",
    "gabapentin 300 mg at bedtime",
    "furosemide 40 mg in the morning",
    "insulin glargine 18 units at bedtime",
];
const PLANS: &[&str] = &[
    "Laboratory tests will be repeated in three months.",
    "The patient will return in four weeks, or earlier if symptoms get worse.",
    "An echocardiogram was ordered.",
    "A chest radiograph was ordered.",
    "The patient was advised to walk for thirty minutes on most days.",
    "Referral to physical therapy was made.",
    "The findings were discussed with the patient, who agrees with the plan.",
];

/// Terms of the dictionary, for the words that are rare.
fn vocabulary(tables: &Tables, dice: &mut Dice) -> Vec<String> {
    let terms = tables.table(File::Terms);
    let mut words: Vec<String> = (0..terms.len())
        .filter_map(|n| terms.line(n).split('\t').next())
        .filter(|w| (5..=14).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase()))
        .map(str::to_owned)
        .collect();
    for i in (1..words.len()).rev() {
        words.swap(i, dice.below(i + 1));
    }
    words
}

fn text(dice: &mut Dice, rare: &[String]) -> String {
    let mut text = String::new();
    let mut part = |heading: &str, sentences: Vec<String>| {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(heading);
        for sentence in sentences {
            text.push(' ');
            text.push_str(&sentence);
        }
    };
    let some = |dice: &mut Dice, of: &[&str], most: usize| -> Vec<String> {
        let first = dice.below(of.len());
        let count = 1 + dice.below(most);
        (0..count.min(of.len()))
            .map(|i| of[(first + i * 3) % of.len()].to_owned())
            .collect()
    };
    part("HISTORY:", some(dice, COMPLAINTS, 4));
    part("EXAMINATION:", some(dice, EXAMINATION, 5));
    let word = |dice: &mut Dice| {
        rare.get(dice.rank(rare.len()))
            .map_or("asthma", String::as_str)
    };
    let known = format!(
        "Known are {}, {}, {} and {}.",
        word(dice),
        word(dice),
        word(dice),
        word(dice)
    );
    part("ASSESSMENT:", vec![known]);
    let mut plan = vec![format!(
        "Continue {} and {}.",
        dice.one_of(DRUGS),
        dice.one_of(DRUGS)
    )];
    plan.extend(some(dice, PLANS, 3));
    part("PLAN:", plan);
    text
}

/// A recognition in which every word stands in the report as it was heard.
fn recognition(text: String, dice: &mut Dice) -> Recognition {
    let mut words: Vec<Word> = Vec::new();
    let mut trace: Vec<TraceSpan> = Vec::new();
    let mut at = 0;
    let mut span = |length: usize, (word_from, word_to): (usize, usize), rule: &str| {
        let from = at;
        at += length;
        trace.push(TraceSpan {
            from,
            to: at,
            word_from,
            word_to,
            rule: rule.to_owned(),
        });
    };
    let mut time = 0.4;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find([' ', '\n']).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let n = words.len();
        span(word.chars().count(), (n, n + 1), HEARD);
        let length = 0.08 * word.len() as f64;
        words.push(Word {
            text: word.to_owned(),
            start_s: (time * 100.0_f64).round() / 100.0,
            end_s: ((time + length) * 100.0).round() / 100.0,
            probability: 0.7 + dice.below(300) as f32 / 1000.0,
            take: 0,
        });
        time += length + 0.06;
        rest = behind.trim_start_matches([' ', '\n']);
        let space = behind.len() - rest.len();
        if space > 0 {
            span(space, (n + 1, n + 1), LAYOUT);
        }
    }
    let joined = words
        .iter()
        .map(|w| w.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let doubtful = dice.below(words.len());
    let finding = Finding {
        id: 1,
        heard: words[doubtful].text.clone(),
        ..Finding::new(
            FindingKind::DoubtfulWord,
            Severity::Warning,
            (words[doubtful].start_s, words[doubtful].end_s),
            (doubtful, doubtful + 1),
            "The engine was not sure of this word; listen to it.",
            "probability 0.41",
        )
    };
    Recognition {
        source: SourceInfo {
            format: "wav/pcm_s16le".into(),
            sample_rate: 16_000,
            channels: 1,
            header: None,
        },
        duration_s: time + 0.5,
        model: "made up".into(),
        model_sha256: "0".repeat(64),
        parameters: json!({"dictionary_version": "made up"}),
        elapsed_s: time / 4.0,
        stages_s: [("hear".to_owned(), time / 4.0)].into(),
        raw: Raw {
            text: joined.clone(),
            words,
        },
        transcript: Transcript {
            text: joined,
            edits: Vec::new(),
        },
        report: ReportBody {
            kind: "dictation".into(),
            sections: sections(&text),
            text,
            trace,
            instructions: Vec::new(),
        },
        findings: vec![finding],
        coverage: Coverage {
            speech_s: time,
            covered_s: time,
            gaps: Vec::new(),
        },
    }
}

/// What a dictation comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Filed,
    ToSign,
    ToCorrect,
    PutAside,
    Returned,
}

/// Everything that the dictations are drawn from.
struct Plan {
    size: Size,
    begin: Timestamp,
    now: Timestamp,
    physicians: Vec<User>,
    secretaries: Vec<User>,
    patients: Vec<PatientId>,
    rare: Vec<String>,
    /// Of what is young.
    sound: Vec<NewTake>,
    dice: Dice,
}

impl Plan {
    /// The newest hundredth, in which not everything is filed.
    fn young(&self) -> u32 {
        (self.size.dictations / 100)
            .max(20)
            .min(self.size.dictations)
    }

    fn stamp(&self, who: &str, via: &str, at: Timestamp) -> Stamp {
        Stamp {
            actor: Actor {
                name: who.to_owned(),
                via: via.to_owned(),
            },
            at,
        }
    }

    fn past(&mut self, n: u32) -> Result<Past, WorkflowError> {
        let young = self.size.dictations - n <= self.young();
        let minutes = |m: usize| SignedDuration::from_mins(m as i64);
        // The last one is two hours old, so that nothing happens in the future.
        let span = self.now.duration_since(self.begin) - SignedDuration::from_hours(26);
        let share = f64::from(n + 1) / f64::from(self.size.dictations);
        let at = self.begin + SignedDuration::from_hours(24) + span.mul_f64_or_zero(share);
        let author = self.physicians[self.dice.below(PHYSICIANS)].clone();
        let secretary = self.secretaries[self.dice.below(SECRETARIES)].clone();
        let patient_id = self.patients[self.dice.below(self.patients.len())];
        let end = match n % 10 {
            0..3 if young => End::ToCorrect,
            3..5 if young => End::ToSign,
            5 if young => End::PutAside,
            6 if young => End::Returned,
            _ => End::Filed,
        };
        let corrected = match end {
            End::ToCorrect | End::PutAside | End::Returned => true,
            End::ToSign => false,
            End::Filed => n.is_multiple_of(2),
        };
        let note: Result<Words, InvalidNote> = "Which side is meant?".parse();
        let note = note.map_err(|e| WorkflowError::Invalid(e.to_string()))?;
        let later = |m: usize| at + minutes(m);
        let step = |step: Step, m: usize, note: Option<Words>, plan: &Self| {
            (
                step,
                secretary.clone(),
                note,
                plan.stamp(&secretary.username, "web", later(m)),
            )
        };
        let mut steps = Vec::new();
        if corrected && end != End::ToCorrect {
            steps.push(step(Step::Open, 20, None, self));
            steps.push(match end {
                End::PutAside => step(Step::PutAside, 30, None, self),
                End::Returned => step(Step::Ask, 30, Some(note), self),
                _ => step(Step::Submit, 30, None, self),
            });
        }
        let words = text(&mut self.dice, &self.rare);
        let signature = (end == End::Filed).then(|| {
            let signature = Signature {
                signer_id: author.id,
                signer_name: author.name.clone(),
                signed_at: later(60),
                meaning: AUTHORSHIP.into(),
                authentication: Authentication::Demonstration,
                version: 1,
                text_sha256: text_sha256(&words),
            };
            (signature, self.stamp(&author.username, "web", later(60)))
        });
        let recording = match self.sound.get((self.size.dictations - 1 - n) as usize) {
            Some(kept) => kept.clone(),
            None => NewTake {
                sha256: text_sha256(&format!("made up {n}")),
                bytes: 600_000 + self.dice.below(900_000) as u64,
                original_name: format!("dictation-{n}.wav"),
            },
        };
        let removed_at = later(60) + SignedDuration::from_hours(24 * i64::from(KEPT_DAYS));
        let removed = (!young).then(|| (KEPT_DAYS, self.stamp("system", "upkeep", removed_at)));
        let received = self.stamp(&author.username, "web", at);
        let date = at.to_zoned(jiff::tz::TimeZone::system()).date();
        let encounter = Encounter {
            id: EncounterId::new(at),
            patient_id,
            physician_id: author.id,
            date,
            location: self.dice.one_of(PLACES).to_owned(),
            reason: self.dice.one_of(REASONS).to_owned(),
        };
        let priority = match self.dice.below(12) {
            0 => Priority::Stat,
            1 | 2 => Priority::Urgent,
            _ => Priority::Routine,
        };
        Ok(Past {
            dictation: NewDictation {
                patient_id,
                encounter_id: Some(encounter.id),
                author_id: author.id,
                recording,
                made_of: Vec::new(),
                identity_verified: true,
                orders: Orders {
                    priority,
                    route: if corrected {
                        Route::Secretary
                    } else {
                        Route::Author
                    },
                },
                note: None,
                placed: Vec::new(),
            },
            encounter,
            received,
            heard: (
                self.stamp("system", "queue", later(1)),
                self.stamp("system", "queue", later(2)),
            ),
            recognition: recognition(words, &mut self.dice),
            steps,
            signature,
            removed,
        })
    }
}

/// A share of a duration.
trait Share {
    fn mul_f64_or_zero(self, share: f64) -> SignedDuration;
}

impl Share for SignedDuration {
    fn mul_f64_or_zero(self, share: f64) -> SignedDuration {
        SignedDuration::try_from_secs_f64(self.as_secs_f64() * share).unwrap_or_default()
    }
}

/// Fills a demonstration database that was not filled before; `tell` hears what is made, how many there are of it, and
/// how many there will be.
///
/// # Errors
/// [`crate::workflow::Refusal::NoDemoHere`] in a real practice; [`StoreError::Conflict`] where it was filled before.
pub async fn fill(
    app: &App,
    size: Size,
    actor: &Actor,
    tell: &mut dyn FnMut(&'static str, u64, u64),
) -> Result<(), WorkflowError> {
    demo::seed(app, actor).await?;
    if app
        .store
        .user_by_name(&format!("{PHYSICIAN}00"))
        .await?
        .is_some()
    {
        return Err(StoreError::Conflict(
            "this sample practice was filled before; name another folder (--data)".into(),
        )
        .into());
    }
    let now = app.clock.now();
    let begin = now - SignedDuration::from_hours(24 * DAYS);
    let stamp = Stamp {
        actor: actor.clone(),
        at: begin,
    };
    let mut dice = Dice(7);
    let mut user = |username: String, role: Role| User {
        id: UserId::new(begin),
        name: format!("{} {}", dice.one_of(GIVENS), dice.one_of(FAMILIES)),
        username,
        role,
    };
    let physicians: Vec<User> = (0..PHYSICIANS)
        .map(|n| user(format!("{PHYSICIAN}{n:02}"), Role::Physician))
        .collect();
    let secretaries: Vec<User> = (0..SECRETARIES)
        .map(|n| user(format!("{SECRETARY}{n:02}"), Role::Secretary))
        .collect();
    let mut patients = Vec::new();
    let all = size.patients as usize;
    let mut users: Vec<User> = physicians.iter().chain(&secretaries).cloned().collect();
    for first in (0..all).step_by(NOTES_AT_ONCE) {
        let some = (first..all.min(first + NOTES_AT_ONCE)).map(|n| patient(n, begin, &mut dice));
        let some = some.collect::<Result<Vec<_>, _>>()?;
        patients.extend(some.iter().map(|p| p.id));
        let users = std::mem::take(&mut users);
        app.store.fill_people(users, some, stamp.clone()).await?;
        tell("patients", patients.len() as u64, all as u64);
    }
    let index = app.index().await?;
    let rare = vocabulary(index.tables(), &mut dice);
    let mut plan = Plan {
        size,
        begin,
        now,
        physicians,
        secretaries,
        patients,
        rare,
        sound: Vec::new(),
        dice,
    };
    plan.sound = sound(app, plan.young()).await?;
    let people: Vec<String> = plan
        .physicians
        .iter()
        .chain(&plan.secretaries)
        .map(|u| u.username.clone())
        .collect();
    let read = dictations(app, plan, tell).await?;
    reads(app, size.rows, &people, &read, tell).await
}

fn patient(n: usize, at: Timestamp, dice: &mut Dice) -> Result<Patient, WorkflowError> {
    let mrn: Result<Mrn, _> = format!("M-{}", 100_000 + n).parse();
    let born = Date::constant(1930, 1, 1).saturating_add((dice.below(31_000) as i64).days());
    Ok(Patient {
        id: PatientId::new(at),
        mrn: mrn.map_err(|e| WorkflowError::Invalid(e.to_string()))?,
        family: format!("{}{}", dice.one_of(FAMILIES), dice.one_of(ENDINGS)),
        given: dice.one_of(GIVENS).to_owned(),
        birth_date: born,
        sex: if n.is_multiple_of(2) {
            Sex::Female
        } else {
            Sex::Male
        },
    })
}

/// A second of a tone of its own for each.
async fn sound(app: &App, count: u32) -> Result<Vec<NewTake>, WorkflowError> {
    let audio = app.audio.clone();
    let put = move || {
        (0..count)
            .map(|n| {
                let wav = tone(n);
                let stored = audio.put(wav.as_slice())?;
                Ok(NewTake {
                    sha256: stored.sha256,
                    bytes: stored.bytes,
                    original_name: format!("dictation-{n}.wav"),
                })
            })
            .collect::<Result<Vec<_>, WorkflowError>>()
    };
    tokio::task::spawn_blocking(put)
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))?
}

/// A WAV file: 16 kHz, mono, 16 bits, a second.
fn tone(n: u32) -> Vec<u8> {
    const RATE: u32 = 16_000;
    let pitch = 200.0 + f64::from(n) / 7.0;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + 2 * RATE).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16u32.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(RATE.to_le_bytes());
    out.extend((2 * RATE).to_le_bytes());
    out.extend(2u16.to_le_bytes());
    out.extend(16u16.to_le_bytes());
    out.extend(b"data");
    out.extend((2 * RATE).to_le_bytes());
    for i in 0..RATE {
        let turns = f64::from(i) * pitch / f64::from(RATE);
        let sample = ((turns * std::f64::consts::TAU).sin() * 8_000.0) as i16;
        out.extend(sample.to_le_bytes());
    }
    out
}

/// Makes them while the ones before are written; gives whose records there are.
async fn dictations(
    app: &App,
    mut plan: Plan,
    tell: &mut dyn FnMut(&'static str, u64, u64),
) -> Result<Vec<PatientId>, WorkflowError> {
    let all = plan.size.dictations;
    let patients = plan.patients.clone();
    let (send, mut made) = tokio::sync::mpsc::channel(1);
    let make = tokio::task::spawn_blocking(move || -> Result<(), WorkflowError> {
        for first in (0..all).step_by(AT_ONCE) {
            let some = (first..all.min(first + AT_ONCE as u32)).map(|n| plan.past(n));
            let some = some.collect::<Result<Vec<_>, _>>()?;
            if send.blocking_send(some).is_err() {
                break; // writing failed, and says why
            }
        }
        Ok(())
    });
    let mut done = 0;
    while let Some(some) = made.recv().await {
        done += some.len() as u64;
        app.store.fill_dictations(some).await?;
        tell("dictations", done, u64::from(all));
    }
    make.await
        .map_err(|e| StoreError::Broken(e.to_string()))??;
    Ok(patients)
}

/// What everybody read, until the trail is long enough.
async fn reads(
    app: &App,
    rows: u64,
    people: &[String],
    patients: &[PatientId],
    tell: &mut dyn FnMut(&'static str, u64, u64),
) -> Result<(), WorkflowError> {
    let mut dice = Dice(11);
    let at = app.clock.now();
    loop {
        let there = app.store.trail_length().await?;
        tell("rows of the trail", there.min(rows), rows);
        if there >= rows {
            return Ok(());
        }
        let some = (0..(rows - there).min(NOTES_AT_ONCE as u64)).map(|_| {
            let patient = patients[dice.below(patients.len())];
            Note {
                action: Action::RecordRead,
                subject: ("patient", patient.to_string()),
                patient_id: Some(patient),
                details: json!({"relation": "in_care"}),
                stamp: Stamp {
                    actor: Actor {
                        name: people[dice.below(people.len())].clone(),
                        via: "web".into(),
                    },
                    at,
                },
            }
        });
        app.store.fill_notes(some.collect()).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transcript::corrected;
    use crate::text::trace::accounted;

    #[test]
    fn every_word_that_is_made_up_stands_in_the_report_and_is_accounted_for() {
        let mut dice = Dice(1);
        let rare = ["asthma".to_owned(), "glaucoma".to_owned()];
        for _ in 0..50 {
            let made = recognition(text(&mut dice, &rare), &mut dice);
            let words = &made.raw.words;
            let corrected = corrected(words, &made.transcript.edits);
            assert_eq!(accounted(words.len(), &corrected, &made.report), Ok(()));
            assert_eq!(made.report.sections.len(), 4, "{}", made.report.text);
        }
    }
}
