//! Every step that a dictation can take, in one table: from where to where, who may, what it needs, what it writes.
//!
//! The store asks [`decide`] inside the transaction of each step, so that there is no step beside this table; the
//! drawing in `docs/ARCHITECTURE.md` is printed from it.

use crate::domain::dictation::{Phase, State};
use crate::domain::ids::UserId;
use crate::domain::role::Role;
use crate::domain::user::User;
use std::str::FromStr;

/// What happens to a dictation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A recording is taken in.
    Receive,
    /// The engine begins, or begins again after a run that was killed.
    Transcribe,
    /// A run failed or was stopped; another will be tried.
    Release,
    /// Trying again does not help, or was tried often enough: a dead letter.
    GiveUp,
    /// A person wants it tried again.
    Retry,
    /// The engine's draft goes to the author, who corrects and signs.
    DraftForAuthor,
    /// The engine's draft goes to a secretary.
    DraftForSecretary,
    /// Somebody begins to correct and holds the lock.
    Open,
    /// Somebody else's lock is taken over.
    TakeOver,
    /// Work is put aside, for the same person to go on later.
    PutAside,
    /// A corrected version is stored.
    Correct,
    /// Back to the author with a question.
    Ask,
    /// The author answers.
    Answer,
    /// The corrected report goes to its author.
    Submit,
    /// The author takes it out of the secretaries' hands.
    TakeBack,
    /// The author sends it to the secretaries, saying what is to be done.
    SendToSecretary,
    /// It cannot be used as it is.
    Reject,
    /// What was rejected is taken up again.
    Restore,
    /// It is taken away for good.
    Delete,
    /// It belongs to another patient.
    Move,
    /// One recording holds the reports of two patients: two dictations take its place.
    Split,
    /// The author signs.
    Sign,
    /// With both identifiers checked it goes into the record.
    File,
    /// The author adds to a filed report.
    Addendum,
    /// A corrected version of an addendum that is not signed yet.
    CorrectAddendum,
    /// The author signs an addendum, which is filed with that.
    SignAddendum,
    /// Signed in error: it stays to be read, marked as such.
    Retract,
    /// The same for an addendum.
    RetractAddendum,
}

written!(Step {
    Receive => "receive",
    Transcribe => "transcribe",
    Release => "release",
    GiveUp => "give_up",
    Retry => "retry",
    DraftForAuthor => "draft_for_author",
    DraftForSecretary => "draft_for_secretary",
    Open => "open",
    TakeOver => "take_over",
    PutAside => "put_aside",
    Correct => "correct",
    Ask => "ask",
    Answer => "answer",
    Submit => "submit",
    TakeBack => "take_back",
    SendToSecretary => "send_to_secretary",
    Reject => "reject",
    Restore => "restore",
    Delete => "delete",
    Move => "move",
    Split => "split",
    Sign => "sign",
    File => "file",
    Addendum => "addendum",
    CorrectAddendum => "correct_addendum",
    SignAddendum => "sign_addendum",
    Retract => "retract",
    RetractAddendum => "retract_addendum",
});

impl Step {
    /// Whether a person takes it with no more than words: what writes a version, a signature or another patient is not.
    pub fn is_plain(self) -> bool {
        matches!(
            self,
            Self::Retry
                | Self::Open
                | Self::TakeOver
                | Self::PutAside
                | Self::Ask
                | Self::Answer
                | Self::Submit
                | Self::TakeBack
                | Self::SendToSecretary
                | Self::Reject
                | Self::Restore
                | Self::Delete
        )
    }
}

/// Who somebody is to a dictation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The physician who dictated it.
    Author,
    /// A secretary.
    Secretary,
    /// Osler itself.
    Machine,
}

written!(Party {
    Author => "author",
    Secretary => "secretary",
    Machine => "machine",
});

/// Who takes a step.
#[derive(Debug, Clone, PartialEq)]
pub enum By {
    /// A person.
    Person(User),
    /// Osler itself: the queue, or a rule that follows from another step.
    Machine,
}

impl By {
    /// Who this is to a dictation of `author`; nobody where it is somebody else's business.
    pub fn party(&self, author: UserId) -> Option<Party> {
        match self {
            Self::Machine => Some(Party::Machine),
            Self::Person(user) if user.role == Role::Secretary => Some(Party::Secretary),
            Self::Person(user) if user.id == author => Some(Party::Author),
            Self::Person(_) => None,
        }
    }

    /// The person, where it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Person(user) => Some(user.id),
            Self::Machine => None,
        }
    }
}

/// What a step cannot be taken without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Why, in words.
    Reason,
    /// What the author is asked.
    Question,
    /// What the author answers.
    Answer,
    /// Record number and date of birth checked against each other.
    SecondIdentifier,
    /// The lock, held by whoever asks.
    Lock,
    /// The newest version, known to whoever asks.
    NewestVersion,
    /// Text that is not empty.
    Text,
    /// Another patient than the one it belongs to.
    OtherPatient,
}

written!(Need {
    Reason => "a reason",
    Question => "a question",
    Answer => "an answer",
    SecondIdentifier => "the second identifier",
    Lock => "the lock on it",
    NewestVersion => "its newest version",
    Text => "text",
    OtherPatient => "another patient",
});

/// What a step leaves behind, its line in the history and its audit row aside, which every step writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// A dictation with its recording.
    Dictation,
    /// Two dictations with the same recording.
    TwoDictations,
    /// A place in the queue of transcriptions.
    Job,
    /// The lease of the job, and one attempt more.
    Lease,
    /// When the job is tried again.
    BackOff,
    /// What the engine heard, and a report with its first version.
    Draft,
    /// A version of the report with its author.
    Version,
    /// The lock and until when it holds.
    Lock,
    /// That there is no lock any more.
    Unlock,
    /// To whom it is assigned.
    Assignment,
    /// The words given: reason, question or answer.
    Note,
    /// Another patient; the second identifier is open again unless it was given.
    Patient,
    /// A signature over the text of the newest version.
    Signature,
    /// When it was filed.
    FiledAt,
    /// A report that belongs to another.
    AddendumReport,
    /// That the report was entered in error; the report stays as it is.
    Retraction,
}

written!(Writes {
    Dictation => "dictation, recording",
    TwoDictations => "two dictations with the recording and their words",
    Job => "job",
    Lease => "lease of the job",
    BackOff => "time of the next attempt",
    Draft => "transcript, report version 1",
    Version => "report version with its author",
    Lock => "lock",
    Unlock => "end of the lock",
    Assignment => "assignment",
    Note => "note",
    Patient => "patient; identifier open again",
    Signature => "signature",
    FiledAt => "time of filing",
    AddendumReport => "addendum, version 1",
    Retraction => "retraction",
});

/// Where a dictation stands.
pub type Place = (Phase, State);

/// Where a step leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// There.
    Place(Phase, State),
    /// To another state of the phase it is in.
    Within(State),
    /// Nowhere: it stays where it is.
    Stay,
}

/// A line of the table. A step has more than one where who may, or what it needs, differs by place.
#[derive(Debug)]
pub struct Rule {
    /// The step.
    pub step: Step,
    /// From where; from nowhere where a dictation begins.
    pub from: &'static [Place],
    /// To where.
    pub to: To,
    /// Who may.
    pub who: &'static [Party],
    /// What it needs.
    pub needs: &'static [Need],
    /// What it writes.
    pub writes: &'static [Writes],
}

use Need::{Answer, NewestVersion, OtherPatient, Question, Reason, SecondIdentifier, Text};
use Party::{Author, Machine, Secretary};
use Phase::{AwaitingSignature, Filed, InCorrection, Recorded, Signed, Transcribed};
use State::{Deleted, Done, InProgress, Pending, Rejected, Returned, Suspended};

/// All places before a signature, the rejected and the deleted aside.
const OPEN: &[Place] = &[
    (Recorded, Pending),
    (Recorded, InProgress),
    (Recorded, Suspended),
    (Transcribed, Pending),
    (InCorrection, Pending),
    (InCorrection, InProgress),
    (InCorrection, Suspended),
    (InCorrection, Returned),
    (AwaitingSignature, Pending),
];

const REJECTED: &[Place] = &[
    (Recorded, Rejected),
    (Transcribed, Rejected),
    (InCorrection, Rejected),
    (AwaitingSignature, Rejected),
];

/// What can be deleted: all of the above.
const UNSIGNED: &[Place] = &[
    (Recorded, Pending),
    (Recorded, InProgress),
    (Recorded, Suspended),
    (Recorded, Rejected),
    (Transcribed, Pending),
    (Transcribed, Rejected),
    (InCorrection, Pending),
    (InCorrection, InProgress),
    (InCorrection, Suspended),
    (InCorrection, Returned),
    (InCorrection, Rejected),
    (AwaitingSignature, Pending),
    (AwaitingSignature, Rejected),
];

/// What has words that can be divided.
const DRAFTED: &[Place] = &[
    (Transcribed, Pending),
    (InCorrection, Pending),
    (InCorrection, InProgress),
    (InCorrection, Suspended),
    (InCorrection, Returned),
    (AwaitingSignature, Pending),
];

/// The table. A dictation that was deleted, and one whose report was retracted, takes no further step.
pub const TABLE: &[Rule] = &[
    Rule {
        step: Step::Receive,
        from: &[],
        to: To::Place(Recorded, Pending),
        who: &[Author, Secretary, Machine],
        needs: &[],
        writes: &[Writes::Dictation, Writes::Job],
    },
    Rule {
        step: Step::Transcribe,
        from: &[
            (Recorded, Pending),
            (Recorded, InProgress),
            (Recorded, Suspended),
        ],
        to: To::Place(Recorded, InProgress),
        who: &[Machine],
        needs: &[],
        writes: &[Writes::Lease],
    },
    Rule {
        step: Step::Release,
        from: &[(Recorded, InProgress)],
        to: To::Place(Recorded, Pending),
        who: &[Machine],
        needs: &[Reason],
        writes: &[Writes::BackOff, Writes::Note],
    },
    Rule {
        step: Step::GiveUp,
        from: &[(Recorded, InProgress)],
        to: To::Place(Recorded, Suspended),
        who: &[Machine],
        needs: &[Reason],
        writes: &[Writes::Note],
    },
    Rule {
        step: Step::Retry,
        from: &[(Recorded, Suspended)],
        to: To::Place(Recorded, Pending),
        who: &[Author, Secretary],
        needs: &[],
        writes: &[Writes::BackOff],
    },
    Rule {
        step: Step::DraftForAuthor,
        from: &[
            (Recorded, Pending),
            (Recorded, InProgress),
            (Recorded, Suspended),
        ],
        to: To::Place(AwaitingSignature, Pending),
        who: &[Machine],
        needs: &[],
        writes: &[Writes::Draft],
    },
    Rule {
        step: Step::DraftForSecretary,
        from: &[
            (Recorded, Pending),
            (Recorded, InProgress),
            (Recorded, Suspended),
        ],
        to: To::Place(Transcribed, Pending),
        who: &[Machine],
        needs: &[],
        writes: &[Writes::Draft],
    },
    Rule {
        step: Step::Open,
        from: &[
            (Transcribed, Pending),
            (InCorrection, Pending),
            (InCorrection, Suspended),
        ],
        to: To::Place(InCorrection, InProgress),
        who: &[Author, Secretary],
        needs: &[],
        writes: &[Writes::Lock],
    },
    Rule {
        step: Step::TakeOver,
        from: &[(InCorrection, InProgress)],
        to: To::Place(InCorrection, InProgress),
        who: &[Author, Secretary],
        needs: &[],
        writes: &[Writes::Lock],
    },
    Rule {
        step: Step::PutAside,
        from: &[(InCorrection, InProgress)],
        to: To::Place(InCorrection, Suspended),
        who: &[Author, Secretary],
        needs: &[Need::Lock],
        writes: &[Writes::Unlock, Writes::Assignment],
    },
    Rule {
        step: Step::Correct,
        from: &[(InCorrection, InProgress)],
        to: To::Stay,
        who: &[Author, Secretary],
        needs: &[Need::Lock, NewestVersion],
        writes: &[Writes::Version],
    },
    Rule {
        step: Step::Correct,
        from: &[(AwaitingSignature, Pending)],
        to: To::Stay,
        who: &[Author],
        needs: &[NewestVersion],
        writes: &[Writes::Version],
    },
    Rule {
        step: Step::Ask,
        from: &[(InCorrection, InProgress)],
        to: To::Place(InCorrection, Returned),
        who: &[Secretary],
        needs: &[Need::Lock, Question],
        writes: &[Writes::Note, Writes::Unlock, Writes::Assignment],
    },
    Rule {
        step: Step::Answer,
        from: &[(InCorrection, Returned)],
        to: To::Place(InCorrection, Pending),
        who: &[Author],
        needs: &[Answer],
        writes: &[Writes::Note],
    },
    Rule {
        step: Step::Submit,
        from: &[(InCorrection, InProgress)],
        to: To::Place(AwaitingSignature, Pending),
        who: &[Author, Secretary],
        needs: &[Need::Lock],
        writes: &[Writes::Unlock],
    },
    Rule {
        step: Step::TakeBack,
        from: &[
            (Transcribed, Pending),
            (InCorrection, Pending),
            (InCorrection, InProgress),
            (InCorrection, Suspended),
            (InCorrection, Returned),
        ],
        to: To::Place(AwaitingSignature, Pending),
        who: &[Author],
        needs: &[],
        writes: &[Writes::Unlock],
    },
    Rule {
        step: Step::SendToSecretary,
        from: &[(AwaitingSignature, Pending)],
        to: To::Place(InCorrection, Pending),
        who: &[Author],
        needs: &[Reason],
        writes: &[Writes::Note],
    },
    Rule {
        step: Step::Reject,
        from: OPEN,
        to: To::Within(Rejected),
        who: &[Author, Secretary],
        needs: &[Reason],
        writes: &[Writes::Note, Writes::Unlock],
    },
    Rule {
        step: Step::Restore,
        from: REJECTED,
        to: To::Within(Pending),
        who: &[Author, Secretary],
        needs: &[],
        writes: &[],
    },
    Rule {
        step: Step::Delete,
        from: UNSIGNED,
        to: To::Within(Deleted),
        who: &[Author],
        needs: &[Reason],
        writes: &[Writes::Note, Writes::Unlock],
    },
    Rule {
        step: Step::Move,
        from: OPEN,
        to: To::Stay,
        who: &[Author, Secretary],
        needs: &[Reason, OtherPatient],
        writes: &[Writes::Note, Writes::Patient],
    },
    Rule {
        step: Step::Split,
        from: DRAFTED,
        to: To::Within(Deleted),
        who: &[Author, Secretary],
        needs: &[Reason, OtherPatient],
        writes: &[Writes::Note, Writes::TwoDictations],
    },
    Rule {
        step: Step::Sign,
        from: &[(AwaitingSignature, Pending)],
        to: To::Place(Signed, Pending),
        who: &[Author],
        needs: &[NewestVersion, Text],
        writes: &[Writes::Signature],
    },
    Rule {
        step: Step::File,
        from: &[(Signed, Pending)],
        to: To::Place(Filed, Done),
        who: &[Author, Secretary, Machine],
        needs: &[SecondIdentifier],
        writes: &[Writes::FiledAt],
    },
    Rule {
        step: Step::Addendum,
        from: &[(Filed, Done)],
        to: To::Stay,
        who: &[Author],
        needs: &[Text],
        writes: &[Writes::AddendumReport],
    },
    Rule {
        step: Step::CorrectAddendum,
        from: &[(Filed, Done)],
        to: To::Stay,
        who: &[Author],
        needs: &[NewestVersion, Text],
        writes: &[Writes::Version],
    },
    Rule {
        step: Step::SignAddendum,
        from: &[(Filed, Done)],
        to: To::Stay,
        who: &[Author],
        needs: &[NewestVersion, Text, SecondIdentifier],
        writes: &[Writes::Signature, Writes::FiledAt],
    },
    Rule {
        step: Step::Retract,
        from: &[(Signed, Pending), (Filed, Done)],
        to: To::Within(Deleted),
        who: &[Author],
        needs: &[Reason],
        writes: &[Writes::Note, Writes::Retraction],
    },
    Rule {
        step: Step::RetractAddendum,
        from: &[(Filed, Done)],
        to: To::Stay,
        who: &[Author],
        needs: &[Reason],
        writes: &[Writes::Note, Writes::Retraction],
    },
];

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The step does not lead away from here.
    #[error(
        "the dictation is {} ({}) already; {} is not possible there. Look at it again", spoken(.phase.as_str()), spoken(.state.as_str()), spoken(.step.as_str())
    )]
    Place {
        /// What was asked for.
        step: Step,
        /// Where it stands.
        phase: Phase,
        /// And its state.
        state: State,
    },
    /// Somebody else may.
    #[error("{} is not for you: only {} may", spoken(.step.as_str()), names(.who))]
    Party {
        /// What was asked for.
        step: Step,
        /// Who may.
        who: &'static [Party],
    },
    /// Something is missing.
    #[error("{} needs {}", spoken(.step.as_str()), .need.as_str())]
    Missing {
        /// What was asked for.
        step: Step,
        /// What it needs.
        need: Need,
    },
}

fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

fn names(who: &[Party]) -> String {
    let names: Vec<String> = who.iter().map(|p| format!("the {}", p.as_str())).collect();
    names.join(" or ")
}

/// The line of the table for a step from a place.
pub fn rule(step: Step, from: Option<Place>) -> Option<&'static Rule> {
    TABLE.iter().find(|rule| {
        rule.step == step
            && match from {
                None => rule.from.is_empty(),
                Some(place) => rule.from.contains(&place),
            }
    })
}

/// Whether `party` may take the step from there with what is `given`, and where it leads.
///
/// # Errors
/// [`Refused`], asked in this order: place, party, needs.
pub fn decide(
    step: Step,
    from: Option<Place>,
    party: Option<Party>,
    given: &[Need],
) -> Result<Place, Refused> {
    let Some(rule) = rule(step, from) else {
        // A dictation that is there is not received again.
        let (phase, state) = from.unwrap_or((Recorded, Pending));
        return Err(Refused::Place { step, phase, state });
    };
    if !party.is_some_and(|party| rule.who.contains(&party)) {
        return Err(Refused::Party {
            step,
            who: rule.who,
        });
    }
    if let Some(need) = rule.needs.iter().find(|need| !given.contains(need)) {
        return Err(Refused::Missing { step, need: *need });
    }
    Ok(match (rule.to, from) {
        (To::Place(phase, state), _) => (phase, state),
        (To::Within(state), Some((phase, _))) => (phase, state),
        (To::Within(state), None) => (Recorded, state),
        (To::Stay, place) => place.unwrap_or((Recorded, Pending)),
    })
}

/// Whether nothing is left to be done: filed, or taken away with a reason. Everything else is visibly waiting.
pub fn is_over((_, state): Place) -> bool {
    matches!(state, Done | Deleted)
}

/// Words that a person gives for a step: a reason, a question, an answer. Never empty; at most 2,000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(String);

/// Most characters of a note.
const LONGEST: usize = 2000;

/// Why some words are no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("say why or what in 1 to {} characters", LONGEST)]
pub struct InvalidNote;

impl Note {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the machine says for itself, cut where it is too long.
    pub fn of_machine(reason: &str) -> Self {
        let reason = reason.trim();
        let reason = if reason.is_empty() { "unknown" } else { reason };
        Self(reason.chars().take(LONGEST).collect())
    }
}

impl FromStr for Note {
    type Err = InvalidNote;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let s = s.trim();
        if s.is_empty() || s.chars().count() > LONGEST {
            return Err(InvalidNote);
        }
        Ok(Self(s.to_owned()))
    }
}
