//! Rules that are learned: what people corrected in reports before they were signed is counted for each physician; what
//! was seen several times is tried against that physician's signed reports and offered; a person accepts or declines.

use crate::app::App;
use crate::dictionary::index::key;
use crate::dictionary::learn::{self, Place};
use crate::domain::audit::Actor;
use crate::domain::ids::UserId;
use crate::domain::layer::LocalKind;
use crate::domain::patient::Mrn;
use crate::domain::user::User;
pub use crate::store::Learned;
use crate::store::{Decide, LearnedPair, SignedReport, StoreError};
use crate::workflow::WorkflowError;
use crate::workflow::layers::{self, Given};
use crate::workflow::people::users;

/// From how many places on a correction is offered as a rule.
pub const OFFERED: u32 = 3;

/// What a rule would have done to a physician's signed reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trial {
    /// Signed reports that were tried.
    pub reports: usize,
    /// Places where it would have written what is signed.
    pub right: usize,
    /// Places where something else is signed, each with its report's record number: what it would have broken.
    pub worse: Vec<(Mrn, Place)>,
    /// The reports that are named.
    pub named: Vec<SignedReport>,
}

/// A correction with its trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The correction.
    pub learned: Learned,
    /// Whose reports teach it.
    pub physician: User,
    /// What it would have done.
    pub trial: Trial,
}

/// Learns from the signed reports that were not looked at yet.
pub async fn gather(app: &App) -> Result<(), WorkflowError> {
    let base = app.index().await?;
    for signed in app.store.unlearned().await? {
        let Some((raw, draft, text)) = texts(app, &signed).await? else {
            app.store.learn(signed, Vec::new(), app.clock.now()).await?;
            continue;
        };
        // With the patient's layer, so that no name of a patient is ever learned.
        let dictation = app.store.dictation(signed.dictation_id).await?;
        let background = layers::background_of(app, &dictation).await?;
        let index = layers::over(&base, &background);
        let found = learn::corrections(raw.iter().map(String::as_str), &draft, &text, &index);
        let pairs = found.into_iter().map(|pair| LearnedPair {
            key: key(&pair.written),
            heard: pair.heard,
            written: pair.written,
        });
        let pairs = pairs.filter(|pair| !pair.key.is_empty()).collect();
        app.store.learn(signed, pairs, app.clock.now()).await?;
    }
    Ok(())
}

/// The words as heard, the machine's report, and what was signed; nothing where nothing was heard.
async fn texts(
    app: &App,
    signed: &SignedReport,
) -> Result<Option<(Vec<String>, String, String)>, WorkflowError> {
    let Some(heard) = app.store.transcript_of(signed.dictation_id).await? else {
        return Ok(None);
    };
    let report = app.store.report(signed.report_id).await?;
    let words = heard.recognition.raw.words.into_iter().map(|w| w.text);
    Ok(Some((
        words.collect(),
        heard.recognition.report.text,
        report.latest.body.text,
    )))
}

/// Every correction that was seen often enough, of one physician or of all, tried against the signed reports.
pub async fn offers(app: &App, physician: Option<UserId>) -> Result<Vec<Offer>, WorkflowError> {
    gather(app).await?;
    let mut learned = app.store.learned(OFFERED).await?;
    learned.retain(|l| physician.is_none_or(|id| id == l.physician));
    let people = users::list(app).await?;
    let mut authors: Vec<UserId> = learned.iter().map(|l| l.physician).collect();
    authors.sort_unstable();
    authors.dedup();
    let mut found: Vec<Offer> = Vec::new();
    for author in authors {
        let Some(physician) = people.iter().find(|u| u.id == author) else {
            continue;
        };
        let of_author = learned.iter().filter(|l| l.physician == author);
        let mut offers: Vec<Offer> = of_author
            .map(|l| Offer {
                learned: l.clone(),
                physician: physician.clone(),
                trial: Trial::default(),
            })
            .collect();
        for signed in app.store.signed_by(author).await? {
            let Some((raw, _, text)) = texts(app, &signed).await? else {
                continue;
            };
            for offer in &mut offers {
                try_on(offer, &signed, &raw, &text);
            }
        }
        found.append(&mut offers);
    }
    found.sort_by_key(|o| (std::cmp::Reverse(o.learned.places), o.learned.id));
    Ok(found)
}

fn try_on(offer: &mut Offer, signed: &SignedReport, raw: &[String], text: &str) {
    let pair = &offer.learned.pair;
    let words = raw.iter().map(String::as_str);
    let trial = &mut offer.trial;
    trial.reports += 1;
    for place in learn::trial(words, text, &pair.heard, &pair.written) {
        if place.is_right {
            trial.right += 1;
        } else {
            trial.worse.push((signed.mrn.clone(), place));
            if trial.named.last() != Some(signed) {
                trial.named.push(signed.clone());
            }
        }
    }
}

/// The correction of that number, with its trial as it is now.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn offer(app: &App, id: i64) -> Result<Offer, WorkflowError> {
    let learned = app.store.learned_one(id).await?;
    let offers = offers(app, Some(learned.physician)).await?;
    let found = offers.into_iter().find(|o| o.learned.id == id);
    found.ok_or_else(|| {
        StoreError::NotFound(format!(
            "the correction {id} is not offered: it was seen fewer than {OFFERED} times"
        ))
        .into()
    })
}

/// Makes a rule of a correction, in the physician's layer of the dictionary, where it can be taken back. `worse` is how
/// many places the person who accepts was shown that it would have made worse.
///
/// # Errors
/// A conflict where that has become another number, or it is a rule already; [`WorkflowError::Invalid`] where no rule can
/// be made of it.
pub async fn accept(
    app: &App,
    offer: &Offer,
    worse: usize,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let now = offer.trial.worse.len();
    if now != worse {
        return Err(StoreError::Conflict(format!(
            "it would have made {now} places of signed reports worse, not {worse}; look at them, then accept with that number"
        ))
        .into());
    }
    let pair = &offer.learned.pair;
    let given = Given {
        kind: LocalKind::Replacement,
        written: &pair.written,
        spoken: Some(&pair.heard),
        category: None,
    };
    let base = app.index().await?;
    let entry = layers::entry(given, &base)
        .map_err(|why| WorkflowError::Invalid(format!("no rule can be made of this: {why}")))?;
    decide(app, offer, Some(entry), actor).await
}

/// Says that no rule is to be made of a correction.
pub async fn decline(app: &App, offer: &Offer, actor: &Actor) -> Result<(), WorkflowError> {
    decide(app, offer, None, actor).await
}

async fn decide(
    app: &App,
    offer: &Offer,
    entry: Option<crate::domain::layer::LocalEntry>,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let decide = Decide {
        learned: offer.learned.clone(),
        entry,
        worse: offer.trial.worse.len() as u32,
    };
    Ok(app.store.decide_learned(decide, app.stamp(actor)).await?)
}
