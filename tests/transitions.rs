//! The table of transitions: what holds of it, what is drawn from it, and that the store keeps to it whatever is tried.

use crate::support::practice::{BORN, Practice, actor, recognition};
use osler::domain::dictation::{Phase, State};
use osler::domain::ids::{DictationId, UserId};
use osler::domain::report::{Report, ReportStatus};
use osler::domain::role::Role;
use osler::domain::signature::Authentication;
use osler::domain::transition::{
    By, Need, Note, Party, Place, Refused, Step, TABLE, To, decide, is_over, rule,
};
use osler::domain::user::User;
use osler::store::{Claim, Kind, NewDictation, NewTake, Received, StoreError, WorkFilter};
use osler::workflow::review::{self, Named};
use osler::workflow::{WorkflowError, sign};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const EVERYTHING: &[Need] = &[
    Need::Reason,
    Need::Question,
    Need::Answer,
    Need::SecondIdentifier,
    Need::Lock,
    Need::NewestVersion,
    Need::Text,
    Need::OtherPatient,
];

/// All places that the table leads to.
fn places() -> BTreeSet<String> {
    reached().into_iter().map(name).collect()
}

fn reached() -> Vec<Place> {
    let mut found: Vec<Place> = vec![(Phase::Recorded, State::Pending)];
    let mut at = 0;
    while let Some(&from) = found.get(at) {
        for rule in TABLE.iter().filter(|r| r.from.contains(&from)) {
            let to = match rule.to {
                To::Place(phase, state) => (phase, state),
                To::Within(state) => (from.0, state),
                To::Stay => from,
            };
            if !found.contains(&to) {
                found.push(to);
            }
        }
        at += 1;
    }
    found
}

fn name((phase, state): Place) -> String {
    format!("{}/{}", phase.as_str(), state.as_str())
}

#[test]
fn no_step_begins_where_no_step_leads() {
    let reached = places();
    for rule in TABLE {
        for place in rule.from {
            assert!(
                reached.contains(&name(*place)),
                "{}: {}",
                rule.step.as_str(),
                name(*place)
            );
        }
    }
}

#[test]
fn a_step_from_a_place_has_one_line() {
    for place in reached() {
        let mut seen = Vec::new();
        for rule in TABLE.iter().filter(|r| r.from.contains(&place)) {
            assert!(
                !seen.contains(&rule.step),
                "{} from {}",
                rule.step.as_str(),
                name(place)
            );
            seen.push(rule.step);
        }
    }
}

#[test]
fn every_place_that_is_not_over_leads_on_to_a_filed_report() {
    // Backwards from filed.
    let mut good = vec![(Phase::Filed, State::Done)];
    loop {
        let more: Vec<Place> = reached()
            .into_iter()
            .filter(|p| !good.contains(p))
            .filter(|p| {
                TABLE
                    .iter()
                    .filter(|r| r.from.contains(p))
                    .any(|r| match r.to {
                        To::Place(phase, state) => good.contains(&(phase, state)),
                        To::Within(state) => good.contains(&(p.0, state)),
                        To::Stay => false,
                    })
            })
            .collect();
        if more.is_empty() {
            break;
        }
        good.extend(more);
    }
    for place in reached() {
        assert!(
            is_over(place) || good.contains(&place),
            "{} is a dead end",
            name(place)
        );
    }
}

#[test]
fn what_is_deleted_takes_no_step_and_what_is_filed_is_never_open_again() {
    for place in reached() {
        let next: Vec<_> = TABLE.iter().filter(|r| r.from.contains(&place)).collect();
        if place.1 == State::Deleted {
            assert!(next.is_empty(), "{}", name(place));
        }
        if place.0 == Phase::Filed {
            for rule in next {
                assert!(
                    matches!(rule.to, To::Stay | To::Within(State::Deleted)),
                    "{}",
                    rule.step.as_str()
                );
            }
        }
    }
}

#[test]
fn only_the_author_signs_and_what_takes_away_needs_a_reason() {
    for rule in TABLE {
        if matches!(
            rule.step,
            Step::Sign | Step::SignAddendum | Step::Retract | Step::Answer | Step::Delete
        ) {
            assert_eq!(rule.who, [Party::Author], "{}", rule.step.as_str());
        }
        if matches!(
            rule.step,
            Step::Reject
                | Step::Delete
                | Step::Move
                | Step::Split
                | Step::Retract
                | Step::RetractAddendum
                | Step::GiveUp
        ) {
            assert!(rule.needs.contains(&Need::Reason), "{}", rule.step.as_str());
        }
    }
    assert!(
        rule(Step::Ask, Some((Phase::InCorrection, State::InProgress)))
            .is_some_and(|r| r.needs.contains(&Need::Question))
    );
    assert!(
        rule(Step::File, Some((Phase::Signed, State::Pending)))
            .is_some_and(|r| r.needs.contains(&Need::SecondIdentifier))
    );
}

#[test]
fn place_then_party_then_needs_are_asked() {
    let waits = Some((Phase::AwaitingSignature, State::Pending));
    let filed = Some((Phase::Filed, State::Done));
    let author = Some(Party::Author);
    assert!(matches!(
        decide(Step::Sign, filed, None, &[]),
        Err(Refused::Place { .. })
    ));
    assert!(matches!(
        decide(Step::Sign, waits, Some(Party::Secretary), &[]),
        Err(Refused::Party { .. })
    ));
    assert!(matches!(
        decide(Step::Sign, waits, None, EVERYTHING),
        Err(Refused::Party { .. })
    ));
    assert_eq!(
        decide(Step::Sign, waits, author, &[Need::NewestVersion]),
        Err(Refused::Missing {
            step: Step::Sign,
            need: Need::Text
        })
    );
    assert_eq!(
        decide(Step::Sign, waits, author, EVERYTHING),
        Ok((Phase::Signed, State::Pending))
    );
    assert_eq!(
        decide(Step::Reject, waits, author, EVERYTHING),
        Ok((Phase::AwaitingSignature, State::Rejected))
    );
    assert_eq!(
        decide(Step::Addendum, filed, author, EVERYTHING),
        Ok((Phase::Filed, State::Done))
    );
    // What is there is not received again.
    assert!(decide(Step::Receive, waits, author, EVERYTHING).is_err());
}

#[test]
fn a_refusal_says_who_may_and_what_is_missing() {
    let waits = Some((Phase::AwaitingSignature, State::Pending));
    let party = decide(Step::Sign, waits, Some(Party::Secretary), EVERYTHING).unwrap_err();
    assert_eq!(
        party.to_string(),
        "sign is not for you: only the author may"
    );
    let missing = decide(Step::Reject, waits, Some(Party::Author), &[]).unwrap_err();
    assert_eq!(missing.to_string(), "reject needs a reason");
}

#[test]
fn somebody_is_to_a_dictation_what_they_are() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let user = |role| User {
        id: UserId::new(at),
        username: "u".into(),
        name: "U".into(),
        role,
    };
    let (physician, secretary) = (user(Role::Physician), user(Role::Secretary));
    let (own, other) = (physician.id, UserId::new(at));
    assert_eq!(
        By::Person(physician.clone()).party(own),
        Some(Party::Author)
    );
    assert_eq!(By::Person(physician).party(other), None);
    assert_eq!(By::Person(secretary).party(own), Some(Party::Secretary));
    assert_eq!(By::Machine.party(own), Some(Party::Machine));
}

#[test]
fn a_note_has_words_and_an_end() {
    for bad in ["", "  \n", &"x".repeat(2001)] {
        assert!(bad.parse::<Note>().is_err(), "{bad:?}");
    }
    assert_eq!(" why \n".parse::<Note>().unwrap().as_str(), "why");
    assert_eq!(Note::of_machine("").as_str(), "unknown");
    assert_eq!(Note::of_machine(&"x".repeat(9000)).as_str().len(), 2000);
}

// The drawing.

fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// "recorded (pending, suspended), transcribed (pending)".
fn grouped(places: &[Place]) -> String {
    let mut out: Vec<(Phase, Vec<String>)> = Vec::new();
    for (phase, state) in places {
        let state = spoken(state.as_str());
        match out.last_mut() {
            Some((last, states)) if last == phase => states.push(state),
            _ => out.push((*phase, vec![state])),
        }
    }
    let parts: Vec<String> = out
        .into_iter()
        .map(|(phase, states)| format!("{} ({})", spoken(phase.as_str()), states.join(", ")))
        .collect();
    parts.join(", ")
}

fn listed<T>(items: &[T], name: impl Fn(&T) -> &'static str) -> String {
    let names: Vec<&str> = items.iter().map(name).collect();
    names.join("; ")
}

fn drawing() -> String {
    let mut out = String::from("```mermaid\nstateDiagram-v2\n");
    let id = |(phase, state): Place| format!("{}_{}", phase.as_str(), state.as_str());
    for place in reached() {
        let drawn = place == (Phase::Recorded, State::Pending)
            || TABLE.iter().any(|r| r.to == To::Place(place.0, place.1));
        if drawn {
            out += &format!("    {}: {}\n", id(place), grouped(&[place]));
        }
    }
    for rule in TABLE {
        let To::Place(phase, state) = rule.to else {
            continue;
        };
        let to = id((phase, state));
        let step = spoken(rule.step.as_str());
        if rule.from.is_empty() {
            out += &format!("    [*] --> {to}: {step}\n");
        }
        for from in rule.from {
            out += &format!("    {} --> {to}: {step}\n", id(*from));
        }
    }
    out += "    filed_done --> [*]\n```\n\n";
    out +=
        "| step | from | to | who may | needs | writes |\n| --- | --- | --- | --- | --- | --- |\n";
    for rule in TABLE {
        let to = match rule.to {
            To::Place(phase, state) => grouped(&[(phase, state)]),
            To::Within(state) => format!("the same phase ({})", spoken(state.as_str())),
            To::Stay => "stays".into(),
        };
        out += &format!(
            "| {} | {} | {to} | {} | {} | {} |\n",
            spoken(rule.step.as_str()),
            grouped(rule.from),
            listed(rule.who, |p| p.as_str()),
            listed(rule.needs, |n| n.as_str()),
            listed(rule.writes, |w| w.as_str()),
        );
    }
    out
}

/// To write the drawing anew: `OSLER_WRITE_DOCS=1 cargo test transitions`.
#[test]
fn the_drawing_in_the_documentation_is_the_table() {
    const BEGIN: &str = "<!-- transitions: begin; printed from src/domain/transition.rs -->\n";
    const END: &str = "<!-- transitions: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let drawing = drawing();
    if std::env::var_os("OSLER_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{drawing}{END}{after}")).unwrap();
        return;
    }
    assert!(
        written == drawing,
        "docs/ARCHITECTURE.md differs from the table; it should say:\n{drawing}"
    );
}

// Whatever is tried.

const STEPS: &[Step] = &[
    Step::Transcribe,
    Step::Release,
    Step::GiveUp,
    Step::Retry,
    Step::DraftForAuthor,
    Step::Open,
    Step::TakeOver,
    Step::PutAside,
    Step::Correct,
    Step::Ask,
    Step::Answer,
    Step::Submit,
    Step::TakeBack,
    Step::SendToSecretary,
    Step::Reject,
    Step::Restore,
    Step::Delete,
    Step::Move,
    Step::Split,
    Step::Sign,
    Step::File,
    Step::Addendum,
    Step::CorrectAddendum,
    Step::SignAddendum,
    Step::Retract,
    Step::RetractAddendum,
];

/// One thing that somebody tries: on which dictation, who, what, and how it is given.
#[derive(Debug, Clone, Copy)]
struct Try {
    on: u8,
    who: u8,
    what: u8,
    /// Whether it is a step that leads on from there.
    fits: bool,
    /// Whether words and identifiers are given.
    given: bool,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (
        any::<u8>(),
        0u8..4,
        any::<u8>(),
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.8),
    )
        .prop_map(|(on, who, what, fits, given)| Try {
            on,
            who,
            what,
            fits,
            given,
        });
    prop::collection::vec(one, 1..60)
}

struct World {
    practice: Practice,
    claims: BTreeMap<DictationId, Claim>,
    received: u32,
}

impl World {
    async fn new() -> Self {
        let mut world = Self {
            practice: Practice::new(Kind::Demo).await,
            claims: BTreeMap::new(),
            received: 0,
        };
        for _ in 0..3 {
            world.receive().await;
        }
        world
    }

    async fn receive(&mut self) {
        self.received += 1;
        let mut orders = osler::domain::worklist::Orders::default();
        if self.received.is_multiple_of(2) {
            orders.route = osler::domain::worklist::Route::Secretary;
        }
        let new = NewDictation {
            patient_id: self.practice.ada.id,
            encounter_id: None,
            author_id: self.practice.author.id,
            recording: NewTake {
                sha256: format!("{:064x}", self.received),
                bytes: 5,
                original_name: "a.wav".into(),
            },
            made_of: Vec::new(),
            identity_verified: self.received.is_multiple_of(3),
            orders,
            note: None,
            placed: Vec::new(),
        };
        let stamp = self.practice.app.stamp(&actor());
        let received = self.practice.app.store.receive_dictation(new, stamp).await;
        assert!(matches!(received, Ok(Received::New(_))));
    }

    fn ids(&self) -> Vec<DictationId> {
        let raw = self.practice.raw();
        let mut statement = raw
            .prepare("SELECT id FROM dictations ORDER BY rowid")
            .unwrap();
        statement
            .query_map([], |r| r.get::<_, String>(0))
            .unwrap()
            .map(|id| id.unwrap().parse().unwrap())
            .collect()
    }

    /// Reports that are filed, with all their versions and signatures, as they lie in the database.
    fn filed(&self) -> BTreeMap<String, String> {
        let raw = self.practice.raw();
        let mut statement = raw
            .prepare(
                "SELECT r.*, v.*, s.* FROM reports r JOIN report_versions v ON v.report_id = r.id
                 LEFT JOIN signatures s ON s.report_id = r.id AND s.version = v.version
                 WHERE r.status = 'filed' ORDER BY r.id, v.version",
            )
            .unwrap();
        let columns = statement.column_count();
        let mut out: BTreeMap<String, String> = BTreeMap::new();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|i| row.get(i).unwrap()).collect();
            *out.entry(row.get(0).unwrap()).or_default() += &format!("{values:?}");
        }
        out
    }

    async fn attempt(&mut self, one: Try) {
        let ids = self.ids();
        let id = ids[usize::from(one.on) % ids.len()];
        let app = self.practice.app.clone();
        let before = app.store.dictation(id).await.unwrap();
        let place = (before.phase, before.state);
        let fitting: Vec<Step> = STEPS
            .iter()
            .copied()
            .filter(|s| !one.fits || rule(*s, Some(place)).is_some())
            .collect();
        if one.what == 255 || fitting.is_empty() {
            self.receive().await;
            return;
        }
        let step = fitting[usize::from(one.what) % fitting.len()];
        let user = match one.who {
            0 | 1 => self.practice.author.clone(),
            2 => self.practice.secretary.clone(),
            _ => self.practice.colleague.clone(),
        };
        self.practice.clock.pass(7);
        let result = self.take(id, step, &user, one.given).await;
        let after = app.store.dictation(id).await.unwrap();
        match result {
            Ok(()) => {
                assert!(rule(step, Some(place)).is_some(), "{step:?} from {place:?}");
            }
            Err(error) => {
                assert!(
                    !matches!(error, WorkflowError::Store(StoreError::Broken(_))),
                    "{step:?} from {place:?}: {error}"
                );
                assert_eq!((after.phase, after.state), place, "{step:?}: {error}");
            }
        }
    }

    async fn take(
        &mut self,
        id: DictationId,
        step: Step,
        user: &User,
        given: bool,
    ) -> Result<(), WorkflowError> {
        let app = &self.practice.app;
        let actor = actor();
        let words = if given { "because" } else { " " };
        let born = given.then_some(BORN);
        let by_hand = Authentication::NoneCli;
        let ben = Named {
            mrn: self.practice.ben.mrn.clone(),
            birth_date: given.then_some(self.practice.ben.birth_date),
        };
        let missing = || WorkflowError::Invalid("there is none".into());
        let report = app.store.report_of(id).await?;
        let record = app
            .store
            .record(app.store.dictation(id).await?.patient_id)
            .await?;
        let addenda: Vec<Report> = record
            .dictations
            .into_iter()
            .filter(|d| d.dictation.id == id)
            .flat_map(|d| d.reports)
            .map(|(report, _)| report)
            .filter(|report| report.parent_id.is_some())
            .collect();
        let with = |status: ReportStatus| addenda.iter().find(|r| r.status == status).cloned();
        let (addendum, filed_addendum) = (with(ReportStatus::Draft), with(ReportStatus::Filed));
        match step {
            Step::Transcribe => {
                let claim = app.store.start_transcription(id, app.stamp(&actor)).await?;
                self.claims.insert(id, claim);
            }
            Step::Release | Step::GiveUp => {
                let claim = self.claims.get(&id).cloned().ok_or_else(missing)?;
                let for_good = step == Step::GiveUp;
                let reason = Note::of_machine("told to");
                let place = app.store.dictation(id).await?;
                app.store
                    .fail_transcription(claim, reason, for_good, app.stamp(&actor))
                    .await?;
                if place.state != State::InProgress {
                    return Err(missing());
                }
            }
            Step::DraftForAuthor | Step::DraftForSecretary => {
                app.store
                    .complete_dictation(id, recognition(), app.stamp(&actor))
                    .await?;
            }
            Step::Correct => {
                let report = report.ok_or_else(missing)?;
                let version = report.latest.version - u32::from(!given);
                review::correct(app, report.id, version, "No fever.", user, &actor).await?;
            }
            Step::CorrectAddendum => {
                let report = addendum.ok_or_else(missing)?;
                review::correct(app, report.id, report.latest.version, "More.", user, &actor)
                    .await?;
            }
            Step::Move => {
                review::move_to(app, id, &ben, words, user, &actor).await?;
            }
            Step::Split => {
                review::split(app, id, 4, &ben, words, user, &actor).await?;
            }
            Step::Sign => {
                // A report that is signed already would be filed by this.
                let report = report
                    .filter(|r| r.status == ReportStatus::Draft)
                    .ok_or_else(missing)?;
                sign::sign(app, report.id, user, born, by_hand, &actor).await?;
            }
            Step::File => {
                let report = report.ok_or_else(missing)?;
                sign::file(app, report.id, born, &actor).await?;
            }
            Step::SignAddendum => {
                let report = addendum.ok_or_else(missing)?;
                sign::sign(app, report.id, user, born, by_hand, &actor).await?;
            }
            Step::Addendum => {
                let report = report.ok_or_else(missing)?;
                review::add_to(app, report.id, words, None, user, &actor).await?;
            }
            Step::Retract => {
                let report = report.ok_or_else(missing)?;
                let right = given.then_some(&ben);
                review::retract(app, report.id, "wrong patient", right, user, &actor).await?;
            }
            Step::RetractAddendum => {
                let report = filed_addendum.ok_or_else(missing)?;
                review::retract(app, report.id, words, None, user, &actor).await?;
            }
            plain => {
                let words = given.then_some("because");
                review::step(app, id, plain, words, user, &actor).await?;
            }
        }
        Ok(())
    }

    /// Every dictation is over or can be seen waiting, and so is every addendum.
    async fn check_nothing_is_lost(&self) {
        let store = &self.practice.app.store;
        assert_eq!(store.lost().await.unwrap(), []);
        let waiting: BTreeSet<DictationId> = store
            .worklist(WorkFilter::default())
            .await
            .unwrap()
            .into_iter()
            .map(|item| item.dictation_id)
            .collect();
        for id in self.ids() {
            let dictation = store.dictation(id).await.unwrap();
            let place = (dictation.phase, dictation.state);
            assert!(
                is_over(place) || waiting.contains(&id),
                "{id} is {} and not in the worklist",
                name(place)
            );
            // What the history says last is where it stands.
            let history = store.history(id).await.unwrap();
            assert_eq!(history.last().unwrap().place, place);
            if place == (Phase::Filed, State::Done) {
                let report = store.report_of(id).await.unwrap().unwrap();
                assert_eq!(report.status, ReportStatus::Filed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_tried_a_filed_report_never_changes_and_nothing_is_lost(tries in tries()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut filed = BTreeMap::new();
            for one in tries {
                world.attempt(one).await;
                world.check_nothing_is_lost().await;
                let now = world.filed();
                for (report, text) in &filed {
                    assert_eq!(now.get(report), Some(text), "report {report} changed");
                }
                filed = now;
            }
        });
    }
}
