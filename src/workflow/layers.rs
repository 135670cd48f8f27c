//! The layers over the dictionary's base set: what is added to them, taken back, listed, and what a dictation is heard
//! with.
//!
//! Of two entries with the same key that of the patient counts before that of the physician, of the specialty, of the
//! site, and of the base set. Each dictation reads the entries that are in force when it begins, so that a change holds
//! from the next dictation on, whichever process made it; the version of the resulting index is stored with the
//! transcript.

use crate::app::App;
use crate::dictionary::correct;
use crate::dictionary::index::{
    Index, Known, LocalTerm, Overlay, Replacement, heard_words, key, single_spaces,
};
use crate::dictionary::load::Category;
use crate::domain::audit::Actor;
use crate::domain::dictation::Dictation;
use crate::domain::finding::Suggestion;
use crate::domain::ids::{PatientId, UserId};
use crate::domain::layer::{Layer, LayerKind, LocalEntry, LocalKind, Origin};
use crate::domain::patient::Mrn;
use crate::domain::template::PlacedText;
use crate::domain::user::{Role, User};
use crate::store::{AddedLocal, LayerCount, Once, StoreError};
pub use crate::store::{RevokeLocal, StoredLocal};
use crate::text::macros::ReadyText;
use crate::text::safety::PatientContext;
use crate::workflow::people::users;
use crate::workflow::{WorkflowError, patients, templates};
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};

/// Most letters of what is written or said.
const LONGEST: usize = 120;
/// Most words that are replaced at once.
const REPLACED_WORDS: usize = 8;
/// Words of a line of a record that are looked for as one term: as many as a correction spans.
const RECORD_WORDS: usize = 4;
/// First line of a list with columns, as [`export`] writes it.
pub const HEADER: &str = "kind\twritten\tspoken\tcategory";

/// What is known before a dictation is heard: the record of its patient, and what lies over the base set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Background {
    /// What the record says.
    pub patient: PatientContext,
    /// The entries in force, those that take precedence first.
    pub local: Vec<(Layer, LocalEntry)>,
    /// The ready texts that may be asked for by name, those that take precedence first.
    pub ready_texts: Vec<ReadyText>,
    /// Those that its author put between the words already.
    pub placed: Vec<PlacedText>,
}

/// The layers of a dictation.
pub async fn of_dictation(
    app: &App,
    author: UserId,
    patient: PatientId,
) -> Result<Vec<Layer>, WorkflowError> {
    let mut layers = beneath(app, Layer::Physician(author)).await?;
    layers.push(Layer::Patient(patient));
    Ok(layers)
}

/// A layer with those over which it lies: a physician's lies over that of the specialty, and every one over the site's.
pub async fn beneath(app: &App, layer: Layer) -> Result<Vec<Layer>, WorkflowError> {
    let mut layers = vec![Layer::Site];
    if let Layer::Physician(id) = layer
        && let Some(specialty) = app.store.specialty_of(id).await?
    {
        layers.push(Layer::Specialty(specialty));
    }
    if layer != Layer::Site {
        layers.push(layer);
    }
    Ok(layers)
}

/// Reads what a dictation of that day is heard with.
pub async fn background(
    app: &App,
    mut layers: Vec<Layer>,
    dictated_on: Date,
) -> Result<Background, WorkflowError> {
    layers.sort_by(|a, b| b.cmp(a));
    let patient = match layers.iter().find_map(Layer::patient) {
        Some(id) => patients::context(app, id, dictated_on).await?,
        None => PatientContext::default(),
    };
    let ready_texts = templates::to_hear_with(app, &layers).await?;
    let local = app.store.local_in_force(layers).await?;
    Ok(Background {
        patient,
        ready_texts,
        placed: Vec::new(),
        local: local.into_iter().map(|s| (s.layer, s.entry)).collect(),
    })
}

/// [`background`] of a stored dictation: the record as it is now, on the day of the dictation.
pub async fn background_of(app: &App, dictation: &Dictation) -> Result<Background, WorkflowError> {
    let layers = of_dictation(app, dictation.author_id, dictation.patient_id).await?;
    Ok(Background {
        placed: app.store.placed_texts(dictation.id).await?,
        ..background(app, layers, patients::day_of(dictation)).await?
    })
}

/// The base set of `index` with the layers of `background` over it, in place of those that were.
pub fn over(index: &Index, background: &Background) -> Index {
    let base = index.with_local(Overlay::default());
    let mut overlay = Overlay::default();
    // What somebody wrote down for the patient counts before what is read from the record.
    let own = (background.local).partition_point(|(layer, _)| layer.patient().is_some());
    let (patient, others) = background.local.split_at(own);
    extend(&mut overlay, patient);
    overlay.terms.extend(of_record(&background.patient, &base));
    extend(&mut overlay, others);
    base.with_local(overlay)
}

fn extend(overlay: &mut Overlay, entries: &[(Layer, LocalEntry)]) {
    for (_, entry) in entries {
        let category = match entry.kind {
            LocalKind::Name => Category::Name,
            LocalKind::Term => Category::parse(&entry.category).unwrap_or(Category::Other),
            LocalKind::Replacement => {
                overlay.replacements.push(Replacement {
                    heard: entry.spoken.clone().unwrap_or_else(|| entry.key.clone()),
                    written: entry.written.clone(),
                });
                continue;
            }
        };
        overlay.terms.push(LocalTerm {
            written: entry.written.clone(),
            category,
            generic: None,
            spoken: entry.spoken.clone(),
        });
    }
}

/// Words behind which a line of a record says how a drug is taken.
const INTAKE: &[&str] = &[
    "daily", "nightly", "weekly", "monthly", "once", "twice", "three", "every", "each", "as", "at",
    "by", "for", "in", "on", "per", "po", "bid", "tid", "qid", "prn", "mg", "mcg", "ml", "units",
];

/// What the record names: the patient, medications, allergies, problems. Written as the base set writes it, where that
/// has it; a line that begins with a capital does not make a name of a drug.
fn of_record(patient: &PatientContext, base: &Index) -> Vec<LocalTerm> {
    let term = |written: String, category: Category| LocalTerm {
        written,
        category,
        generic: None,
        spoken: None,
    };
    let names = [&patient.family, &patient.given];
    let names = names
        .into_iter()
        .flat_map(|name| name.split(|c: char| c.is_whitespace() || c == '-'))
        .filter(|name| name.chars().filter(|c| c.is_alphabetic()).count() > 1)
        .map(|name| term(name.to_owned(), Category::Name));
    let lines = |lines: &[String], category: Category| -> Vec<LocalTerm> {
        lines
            .iter()
            .filter_map(|line| named(line, category, base))
            .map(|(written, category)| term(written, category))
            .collect()
    };
    let mut found: Vec<LocalTerm> = Vec::new();
    found.extend(lines(&patient.medications, Category::Drug));
    found.extend(lines(&patient.allergies, Category::Substance));
    found.extend(lines(&patient.problems, Category::Disease));
    found.extend(names);
    found
}

/// The term that a line of a record begins with: the longest that the base set has, or, where it has none, the words up to
/// a dose or a remark, if one of them is more than everyday English.
fn named(line: &str, category: Category, base: &Index) -> Option<(String, Category)> {
    let line = line.split(['(', ',', ';', ':']).next().unwrap_or("");
    // "Type 2 diabetes" has no dose.
    let dose = |word: &str| {
        category != Category::Disease
            && (!word.starts_with(char::is_alphabetic)
                || INTAKE.contains(&word.to_lowercase().as_str()))
    };
    let words: Vec<&str> = line.split_whitespace().take_while(|w| !dose(w)).collect();
    for to in (1..=words.len().min(RECORD_WORDS)).rev() {
        let found = base.term(&words[..to].join(" ")).filter(|term| {
            let whole = to == words.len();
            (term.tier == 1 || term.category.is_drug()) && (whole || !term.is_everyday())
        });
        if let Some(term) = found {
            return Some((term.written.to_owned(), term.category));
        }
    }
    let rare = |word: &&str| matches!(base.known(word), Known::No | Known::Rare | Known::Term(_));
    let fits = (1..=RECORD_WORDS).contains(&words.len()) && words.iter().any(rare);
    fits.then(|| (words.join(" "), category))
}

/// The dictionary as it is for what somebody dictates or corrects.
async fn index_of(app: &App, user: &User) -> Result<Index, WorkflowError> {
    let layer = match user.role {
        Role::Physician => Layer::Physician(user.id),
        _ => Layer::Site,
    };
    let chain = beneath(app, layer).await?;
    let background = background(app, chain, app.clock.today()).await?;
    Ok(over(&*app.index().await?, &background))
}

/// Those of the words that the dictionary does not have, as somebody's own layer and those beneath it have it.
pub async fn unknown(app: &App, user: &User, words: &[&str]) -> Result<Vec<String>, WorkflowError> {
    let index = index_of(app, user).await?;
    let unknown = words.iter().filter(|word| index.known(word) == Known::No);
    Ok(unknown.map(|word| (*word).to_owned()).collect())
}

/// At most `n` terms that sound and look most like a word or a phrase, likewise.
pub async fn suggest(
    app: &App,
    user: &User,
    phrase: &str,
    n: usize,
) -> Result<Vec<Suggestion>, WorkflowError> {
    Ok(index_of(app, user).await?.suggest(phrase, n))
}

/// The layer that a person names.
///
/// # Errors
/// [`WorkflowError::Invalid`] where the owner is missing or is none of its kind, [`StoreError::NotFound`] where there is
/// no such physician or patient.
pub async fn find(app: &App, kind: LayerKind, owner: Option<&str>) -> Result<Layer, WorkflowError> {
    let whose =
        |what: &str| WorkflowError::Invalid(format!("say whose layer it is: {what} with --owner"));
    match (kind, owner) {
        (LayerKind::Site, None) => Ok(Layer::Site),
        (LayerKind::Site, Some(_)) => Err(WorkflowError::Invalid(
            "the site has one layer; leave --owner out".into(),
        )),
        (LayerKind::Specialty, Some(name)) => Ok(Layer::Specialty(specialty(name)?)),
        (LayerKind::Specialty, None) => Err(whose("the name of the specialty")),
        (LayerKind::Physician, Some(username)) => {
            let user = users::physician(app, Some(username)).await?;
            Ok(Layer::Physician(user.id))
        }
        (LayerKind::Physician, None) => Err(whose("the user name of the physician")),
        (LayerKind::Patient, Some(typed)) => {
            let mrn = typed
                .parse::<Mrn>()
                .map_err(|e| WorkflowError::Invalid(e.to_string()))?;
            Ok(Layer::Patient(patients::find(app, &mrn).await?.id))
        }
        (LayerKind::Patient, None) => Err(whose("the record number of the patient")),
    }
}

/// The name of a specialty: small letters, single spaces.
///
/// # Errors
/// [`WorkflowError::Invalid`] where it is none.
pub fn specialty(typed: &str) -> Result<String, WorkflowError> {
    let name = single_spaces(&typed.to_lowercase());
    let allowed = |c: char| c.is_alphanumeric() || " -&/'".contains(c);
    let fits = name.chars().count() <= LONGEST && name.chars().all(allowed);
    if !fits || !name.contains(char::is_alphabetic) {
        return Err(WorkflowError::Invalid(
            "a specialty is a name such as cardiology or \"internal medicine\"".into(),
        ));
    }
    Ok(name)
}

/// An entry as somebody gives it.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What it is for.
    pub kind: LocalKind,
    /// As a report writes it inside a sentence.
    pub written: &'a str,
    /// How it is said; the words as heard of a replacement.
    pub spoken: Option<&'a str>,
    /// What it is, as the files of the base set write it.
    pub category: Option<&'a str>,
}

/// The entry as it is stored, or why there can be none.
pub(super) fn entry(given: Given<'_>, base: &Index) -> Result<LocalEntry, String> {
    let written = single_spaces(given.written);
    let spoken = given.spoken.map(single_spaces).filter(|s| !s.is_empty());
    for text in std::iter::once(&written).chain(&spoken) {
        if text.chars().count() > LONGEST {
            return Err(format!("it is longer than {LONGEST} letters"));
        }
        if text.contains(char::is_control) {
            return Err("it holds a control character".into());
        }
    }
    if !written.contains(char::is_alphabetic) {
        return Err("it has no letter".into());
    }
    let category = match (given.kind, given.category) {
        (LocalKind::Name, None | Some("name")) => Category::Name,
        (LocalKind::Name, Some(_)) => return Err("a name has no other category".into()),
        (LocalKind::Replacement, _) | (LocalKind::Term, None) => Category::Other,
        (LocalKind::Term, Some("name")) => return Err("a name is added as a name".into()),
        (LocalKind::Term, Some(text)) => Category::parse(text).ok_or_else(|| {
            format!(
                "unknown category {text:?}; for example drug.brand, drug.generic, disease, anatomy, procedure, device, lab, other"
            )
        })?,
    };
    let key = match (given.kind, &spoken) {
        (LocalKind::Replacement, None) => {
            return Err("a replacement needs the words as they are heard".into());
        }
        (LocalKind::Replacement, Some(heard)) => {
            let words = heard_words(heard);
            if words.is_empty() || words.len() > REPLACED_WORDS {
                return Err(format!(
                    "a replacement is for 1 to {REPLACED_WORDS} heard words"
                ));
            }
            if words == heard_words(&written)
                && heard.split_whitespace().eq(written.split_whitespace())
            {
                return Err("it replaces words by themselves".into());
            }
            if let Some(why) = correct::refusal(heard, &written, base) {
                return Err(format!("it would never be applied: {why}"));
            }
            words.join(" ")
        }
        _ => key(&written),
    };
    if key.is_empty() {
        return Err("it has no letter".into());
    }
    Ok(LocalEntry {
        kind: given.kind,
        key,
        written,
        spoken,
        category: category.as_str().to_owned(),
    })
}

/// Whether the base set has it, just so, as something that corrections aim at.
fn is_in_base(entry: &LocalEntry, base: &Index) -> bool {
    entry.kind == LocalKind::Term
        && entry.spoken.is_none()
        && (base.term(&entry.written))
            .is_some_and(|term| term.tier == 1 && term.written == entry.written)
}

/// What the base set knows a line of a plain list as, where it adds nothing: lists are written with capitals and hold
/// everyday words, which a person who adds one entry means.
fn known_as(entry: &LocalEntry, base: &Index) -> Option<String> {
    if entry.kind != LocalKind::Term {
        return None;
    }
    if let Some(term) = base.term(&entry.written) {
        return (term.tier == 1).then(|| format!("a term of the base set: {}", term.written));
    }
    if entry.key.contains(' ') {
        return None;
    }
    let what = match base.known(&entry.written) {
        Known::Term(_) => "a form of a term of the base set",
        Known::English { .. } => "general English",
        Known::Abbreviation => "an abbreviation",
        Known::Unit => "a unit",
        Known::Number | Known::Letters => "a number, a code or letters",
        Known::Compound => "known words joined",
        Known::Rare | Known::Mark | Known::No => return None,
    };
    Some(what.to_owned())
}

/// Adds an entry to a layer and gives the number of the change. `base` is the base set.
///
/// # Errors
/// [`WorkflowError::Invalid`] for what can be no entry, or would never be applied; [`StoreError::Conflict`] for what is
/// there already.
pub async fn add(
    app: &App,
    layer: &Layer,
    given: Given<'_>,
    base: &Index,
    key: Option<Once>,
    actor: &Actor,
) -> Result<i64, WorkflowError> {
    let entry = entry(given, base)
        .map_err(|why| WorkflowError::Invalid(format!("this is no entry: {why}")))?;
    if is_in_base(&entry, base) {
        return Err(StoreError::Conflict("the base set has it already".into()).into());
    }
    let stamp = app.stamp(actor);
    let added = app
        .store
        .add_local(layer.clone(), Origin::Typed, vec![entry], key, stamp)
        .await?;
    added.change.ok_or_else(|| {
        StoreError::Conflict(
            "the layer has it already; `osler dictionary list` prints it, `osler dictionary undo` takes it back".into(),
        )
        .into()
    })
}

/// What becomes of a line of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It will be an entry.
    New,
    /// The base set, the layer or an earlier line has it.
    Known,
    /// It can be no entry.
    Invalid,
}

impl Verdict {
    /// The written form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Invalid => "invalid",
        }
    }
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// What stands there, on one line and shortened.
    pub text: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, or as what it is added.
    pub why: String,
}

/// What an import would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// Every line that is not empty and no remark.
    pub lines: Vec<Line>,
    entries: Vec<LocalEntry>,
}

impl Preview {
    /// How many lines have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|l| l.verdict == verdict).count()
    }
}

/// A list: one word or phrase on a line, and remarks behind `#`; or what [`export`] writes, with its columns.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Its text.
    pub text: &'a str,
    /// What the lines of a plain list are.
    pub kind: LocalKind,
    /// Their category.
    pub category: Option<&'a str>,
}

/// Reads a list and says what each line would add to the layer; nothing is stored.
pub async fn preview(
    app: &App,
    layer: &Layer,
    list: List<'_>,
    base: &Index,
) -> Result<Preview, WorkflowError> {
    let there = app.store.local_in_force(vec![layer.clone()]).await?;
    let there = there.into_iter().map(|s| identity(&s.entry)).collect();
    Ok(read(list, there, base))
}

/// Adds what is new in a list as one change, so that it can be taken back as one.
pub async fn import(
    app: &App,
    layer: &Layer,
    preview: Preview,
    actor: &Actor,
) -> Result<AddedLocal, WorkflowError> {
    let (layer, stamp) = (layer.clone(), app.stamp(actor));
    Ok(app
        .store
        .add_local(layer, Origin::Imported, preview.entries, None, stamp)
        .await?)
}

/// What makes two entries of a layer the same.
fn identity(entry: &LocalEntry) -> (bool, String) {
    (entry.kind == LocalKind::Replacement, entry.key.clone())
}

fn read(list: List<'_>, mut there: HashSet<(bool, String)>, base: &Index) -> Preview {
    let text = list.text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate().peekable();
    let columns = lines.next_if(|(_, line)| *line == HEADER).is_some();
    let mut preview = Preview::default();
    for (n, line) in lines {
        if line.trim().is_empty() || (!columns && line.trim_start().starts_with('#')) {
            continue;
        }
        let given = if columns {
            with_columns(line)
        } else {
            plain(line, list)
        };
        let (verdict, why) = match given.and_then(|given| entry(given, base)) {
            Err(why) => (Verdict::Invalid, why),
            Ok(entry) => {
                let known = if columns {
                    is_in_base(&entry, base).then(|| "a term of the base set".to_owned())
                } else {
                    known_as(&entry, base)
                };
                if let Some(why) = known {
                    (Verdict::Known, why)
                } else if !there.insert(identity(&entry)) {
                    (
                        Verdict::Known,
                        "in the layer, or on an earlier line".to_owned(),
                    )
                } else {
                    let kind = entry.kind.as_str().to_owned();
                    preview.entries.push(entry);
                    (Verdict::New, kind)
                }
            }
        };
        preview.lines.push(Line {
            number: n + 1,
            text: single_spaces(line).chars().take(LONGEST).collect(),
            verdict,
            why,
        });
    }
    preview
}

fn plain<'a>(line: &'a str, list: List<'a>) -> Result<Given<'a>, String> {
    if line.trim().contains('\t') {
        return Err(format!(
            "it has columns; a list with columns begins with the line {}",
            HEADER.replace('\t', "<tab>")
        ));
    }
    Ok(Given {
        kind: list.kind,
        written: line,
        spoken: None,
        category: list.category,
    })
}

fn with_columns(line: &str) -> Result<Given<'_>, String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [kind, written, spoken, category] = columns[..] else {
        return Err(format!("{} columns where 4 belong", columns.len()));
    };
    let kind = kind
        .parse::<LocalKind>()
        .map_err(|_| format!("{kind:?} is no term, name or replacement"))?;
    Ok(Given {
        kind,
        written,
        spoken: Some(spoken),
        category: Some(category).filter(|c| !c.is_empty()),
    })
}

/// What is in force in a layer, as a list that [`preview`] reads.
pub async fn export(app: &App, layer: &Layer) -> Result<String, WorkflowError> {
    let mut text = format!("{HEADER}\n");
    for stored in app.store.local_in_force(vec![layer.clone()]).await? {
        let entry = stored.entry;
        let columns = [
            entry.kind.as_str(),
            entry.written.as_str(),
            entry.spoken.as_deref().unwrap_or(""),
            entry.category.as_str(),
        ];
        text.push_str(&columns.join("\t"));
        text.push('\n');
    }
    Ok(text)
}

/// Takes entries back, all or none, and says how many.
///
/// # Errors
/// [`StoreError::NotFound`] where there is no such entry, [`StoreError::Conflict`] where it was taken back before.
pub async fn undo(app: &App, which: RevokeLocal, actor: &Actor) -> Result<usize, WorkflowError> {
    Ok(app.store.revoke_local(which, app.stamp(actor)).await?)
}

/// The layer that an entry is in.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn layer_of(app: &App, seq: i64) -> Result<Layer, WorkflowError> {
    let entries = app.store.local_entries().await?;
    let entry = entries.into_iter().find(|entry| entry.seq == seq);
    entry.map(|entry| entry.layer).ok_or_else(|| {
        StoreError::NotFound(format!("there is no entry {seq} in the dictionary")).into()
    })
}

/// Entries with the names of their layers' owners, in the order in which they came: of one layer or of all, with those that
/// were taken back or without.
pub async fn list(
    app: &App,
    layer: Option<&Layer>,
    revoked: bool,
) -> Result<Vec<(StoredLocal, String)>, WorkflowError> {
    let entries = match layer {
        Some(layer) if !revoked => app.store.local_in_force(vec![layer.clone()]).await?,
        _ => app.store.local_entries().await?,
    };
    let wanted = |e: &StoredLocal| {
        (revoked || e.revoked.is_none()) && layer.is_none_or(|layer| *layer == e.layer)
    };
    let entries: Vec<StoredLocal> = entries.into_iter().filter(wanted).collect();
    let owners = owners(app, entries.iter().map(|e| &e.layer)).await?;
    Ok(entries
        .into_iter()
        .map(|e| {
            let owner = owners.get(&e.layer).cloned().unwrap_or_default();
            (e, owner)
        })
        .collect())
}

/// How many entries each layer has, with the name of its owner.
pub async fn stats(app: &App) -> Result<Vec<(LayerCount, String)>, WorkflowError> {
    let counts = app.store.local_counts().await?;
    let owners = owners(app, counts.iter().map(|c| &c.layer)).await?;
    Ok(counts
        .into_iter()
        .map(|c| {
            let owner = owners.get(&c.layer).cloned().unwrap_or_default();
            (c, owner)
        })
        .collect())
}

/// What people call the owners of layers: as `--owner` takes it.
async fn owners<'a>(
    app: &App,
    layers: impl Iterator<Item = &'a Layer>,
) -> Result<HashMap<Layer, String>, WorkflowError> {
    let layers: HashSet<&Layer> = layers.collect();
    let mut owners = HashMap::new();
    for layer in layers {
        let name = match layer {
            Layer::Site | Layer::Specialty(_) => layer.owner(),
            Layer::Physician(id) => app.store.user(*id).await?.username,
            Layer::Patient(id) => app.store.patient(*id).await?.mrn.to_string(),
        };
        owners.insert(layer.clone(), name);
    }
    Ok(owners)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::load::Tables;
    use std::sync::OnceLock;

    fn base() -> &'static Index {
        static INDEX: OnceLock<Index> = OnceLock::new();
        INDEX.get_or_init(|| Index::new(Tables::embedded().unwrap()))
    }

    fn given<'a>(kind: LocalKind, written: &'a str, spoken: Option<&'a str>) -> Given<'a> {
        Given {
            kind,
            written,
            spoken,
            category: None,
        }
    }

    fn why(given: Given<'_>) -> String {
        entry(given, base()).unwrap_err()
    }

    use LocalKind::{Name, Replacement, Term};

    #[test]
    fn an_entry_is_put_into_one_form() {
        let made = entry(given(Term, "  Bair\tZzugger ", Some(" ")), base()).unwrap();
        assert_eq!(
            (made.written.as_str(), made.key.as_str()),
            ("Bair Zzugger", "bair zzugger")
        );
        assert_eq!((made.spoken, made.category.as_str()), (None, "other"));
        let made = entry(given(Replacement, "apixaban", Some("A pixel, of")), base()).unwrap();
        assert_eq!(made.key, "a pixel of");
        let made = entry(given(Name, "Okafor", None), base()).unwrap();
        assert_eq!(made.category, "name");
    }

    #[test]
    fn what_can_be_no_entry_is_told_with_its_reason() {
        assert!(why(given(Term, " ", None)).contains("no letter"));
        assert!(why(given(Term, "12/5", None)).contains("no letter"));
        assert!(why(given(Term, &"a".repeat(LONGEST + 1), None)).contains("longer"));
        assert!(why(given(Term, "a\u{7}b", None)).contains("control"));
        assert!(why(given(Replacement, "apixaban", None)).contains("as they are heard"));
        assert!(why(given(Replacement, "apixaban", Some("apixaban"))).contains("themselves"));
        assert!(why(given(Replacement, "x", Some("a b c d e f g h i"))).contains("1 to 8"));
        let drug = Given {
            category: Some("poem"),
            ..given(Term, "zorvaxil", None)
        };
        assert!(why(drug).contains("unknown category \"poem\""));
        let name = Given {
            category: Some("drug"),
            ..given(Name, "Okafor", None)
        };
        assert!(why(name).contains("no other category"));
    }

    #[test]
    fn a_replacement_that_the_limits_forbid_is_refused_at_once() {
        for (heard, written) in [
            ("hydralazine", "hydroxyzine"),
            ("left", "right"),
            ("no wheezes", "wheezes"),
            ("five", "fifty"),
            ("10 mg", "100 mg"),
            ("hypertension", "hypotension"),
            ("comma", "coma"),
        ] {
            let why = why(given(Replacement, written, Some(heard)));
            assert!(why.contains("never be applied"), "{heard}: {why}");
        }
    }

    #[test]
    fn a_plain_list_is_sorted_into_new_known_and_invalid() {
        let text = "\u{feff}# our devices\r\nBair Zzugger\r\n\r\nWarfarin\nbair zzugger\nthe\n42\nZorvaxil\n\
                    a\tb\nkind\n";
        let there = HashSet::from([(false, "zorvaxil".to_owned())]);
        let list = List {
            text,
            kind: Term,
            category: Some("device"),
        };
        let preview = read(list, there, base());
        let told: Vec<(usize, &str, &str)> = preview
            .lines
            .iter()
            .map(|l| (l.number, l.text.as_str(), l.verdict.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (2, "Bair Zzugger", "new"),
                (4, "Warfarin", "known"),
                (5, "bair zzugger", "known"),
                (6, "the", "known"),
                (7, "42", "invalid"),
                (8, "Zorvaxil", "known"),
                (9, "a b", "invalid"),
                (10, "kind", "known"),
            ]
        );
        assert_eq!(preview.entries.len(), 1);
        assert_eq!(preview.entries[0].category, "device");
        assert_eq!(preview.count(Verdict::Known), 5);
        assert!(preview.lines[6].why.contains("kind<tab>written"));
    }

    #[test]
    fn a_list_with_columns_says_what_each_line_is() {
        let text = format!(
            "{HEADER}\nname\tthe\t\tname\nterm\tXqar-7\texker seven\tdrug.brand\n\
             replacement\tapixaban\ta pixel of\tother\nterm\tx\nsong\tx\t\t\nterm\tWarfarin\t\tdrug.generic\n"
        );
        let list = List {
            text: &text,
            kind: Term,
            category: None,
        };
        let preview = read(list, HashSet::new(), base());
        let verdicts: Vec<&str> = preview.lines.iter().map(|l| l.verdict.as_str()).collect();
        // With columns a person has decided how a known drug is written.
        assert_eq!(verdicts, ["new", "new", "new", "invalid", "invalid", "new"]);
        assert_eq!(preview.lines[0].number, 2);
        assert_eq!(preview.entries[1].spoken.as_deref(), Some("exker seven"));
    }

    #[test]
    fn thousands_of_lines_are_read() {
        let text: String = (0..5000)
            .map(|n| format!("zq{}vort\n", letters(n)))
            .collect();
        let list = List {
            text: &text,
            kind: Term,
            category: None,
        };
        let preview = read(list, HashSet::new(), base());
        assert_eq!(preview.count(Verdict::New), 5000);
    }

    fn letters(n: usize) -> String {
        [n / 676, n / 26 % 26, n % 26]
            .map(|d| char::from(b'a' + d as u8))
            .iter()
            .collect()
    }

    #[test]
    fn the_record_gives_terms_without_doses_and_remarks() {
        let patient = PatientContext {
            family: "Okafor-Zzinter".into(),
            given: "Ada M.".into(),
            medications: vec![
                "Apixaban 5 mg twice daily".into(),
                "Zorvaxil daily".into(),
                "10 mg of something".into(),
            ],
            allergies: vec!["Penicillin (rash)".into()],
            problems: vec![
                "Crohn's disease, since 2011".into(),
                "fell down the stairs at home and again".into(),
            ],
            ..PatientContext::default()
        };
        let found: Vec<(String, Category)> = of_record(&patient, base())
            .into_iter()
            .map(|t| (t.written, t.category))
            .collect();
        let written: Vec<&str> = found.iter().map(|(w, _)| w.as_str()).collect();
        assert_eq!(
            written,
            [
                "apixaban",
                "Zorvaxil",
                "penicillin",
                "Crohn's disease",
                "Okafor",
                "Zzinter",
                "Ada"
            ]
        );
        assert!(found[0].1.is_drug() && found[1].1.is_drug());
        assert_eq!(found[6].1, Category::Name);
    }

    #[test]
    fn the_patient_counts_before_the_physician_and_both_before_the_site() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let own = |written: &str| entry(given(Term, written, None), base()).unwrap();
        let mut local = vec![
            (Layer::Site, own("ZORVAXIL")),
            (Layer::Physician(UserId::new(now)), own("ZorvaXil")),
            (Layer::Patient(PatientId::new(now)), own("zorvaxil")),
        ];
        local.sort_by(|a, b| b.0.cmp(&a.0));
        let mut background = Background {
            local,
            ..Background::default()
        };
        let written = |background: &Background| {
            let index = over(base(), background);
            index.term("zorvaxil").map(|t| t.written.to_owned())
        };
        assert_eq!(written(&background).as_deref(), Some("zorvaxil"));
        background.local.remove(0);
        assert_eq!(written(&background).as_deref(), Some("ZorvaXil"));
        // The record is the patient's.
        background.patient.medications = vec!["zorvaxil 5 mg".into()];
        assert_eq!(written(&background).as_deref(), Some("zorvaxil"));
        background.patient.medications.clear();
        background.local.remove(0);
        assert_eq!(written(&background).as_deref(), Some("ZORVAXIL"));
        background.local.remove(0);
        assert_eq!(written(&background), None);
        assert_eq!(over(base(), &background).version(), base().version());
    }

    #[test]
    fn nothing_of_one_patient_is_left_for_the_next() {
        let of = |family: &str| Background {
            patient: PatientContext {
                family: family.into(),
                ..PatientContext::default()
            },
            ..Background::default()
        };
        let first = over(base(), &of("Zzinter"));
        let second = over(&first, &of("Qzommer"));
        assert_ne!(first.known("Zzinter"), Known::No);
        assert_eq!(second.known("Zzinter"), Known::No);
        assert_eq!(second.version(), over(base(), &of("Qzommer")).version());
    }
}
