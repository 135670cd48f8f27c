//! What the order of work goes by: priority, due time, who gets it; and how long it took.

use crate::domain::dictation::{Phase, State};
use crate::domain::ids::UserId;
use crate::domain::transition::{Place, Step};

/// How urgent a dictation is. The smaller comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Priority {
    /// At once, before everything else.
    Stat,
    /// Before the routine.
    Urgent,
    /// In its turn.
    #[default]
    Routine,
}

written!(Priority {
    Stat => "stat",
    Urgent => "urgent",
    Routine => "routine",
});

/// Who gets the engine's draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Route {
    /// The author, who corrects and signs at once.
    #[default]
    Author,
    /// A secretary, who corrects it first.
    Secretary,
}

written!(Route {
    Author => "author",
    Secretary => "secretary",
});

/// How a dictation is to be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orders {
    /// How urgent it is.
    pub priority: Priority,
    /// Who gets the draft.
    pub route: Route,
}

/// To whom a dictation is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// Whoever is next.
    Nobody,
    /// A person.
    Person(UserId),
    /// Whoever is next in a group of people.
    Pool(String),
}

/// A heap in which dictations lie on somebody's desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tray {
    /// For a secretary to correct.
    ToCorrect,
    /// Back with their authors, with a question.
    Questions,
    /// Wait for their authors' signature, or for the second identifier behind it.
    ToSign,
    /// Not heard yet, or given up.
    UnderWay,
    /// Refused, with a reason.
    Rejected,
    /// In the record.
    Filed,
}

written!(Tray {
    ToCorrect => "to_correct",
    Questions => "questions",
    ToSign => "to_sign",
    UnderWay => "under_way",
    Rejected => "rejected",
    Filed => "filed",
});

impl Tray {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ToCorrect,
        Self::Questions,
        Self::ToSign,
        Self::UnderWay,
        Self::Rejected,
        Self::Filed,
    ];

    /// Where something that waits lies; what is filed and waits has an addendum to be signed.
    pub fn of_waiting((phase, state): Place) -> Self {
        match (phase, state) {
            (_, State::Rejected) => Self::Rejected,
            (_, State::Returned) => Self::Questions,
            (Phase::Recorded, _) => Self::UnderWay,
            (Phase::Transcribed | Phase::InCorrection, _) => Self::ToCorrect,
            (Phase::AwaitingSignature | Phase::Signed | Phase::Filed, _) => Self::ToSign,
        }
    }
}

/// Seconds that a lock holds unless it is renewed; who edits renews it each minute.
pub const LOCK_S: i64 = 300;

/// A point on the way of a dictation between which turnaround is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Its recording was taken in.
    Received,
    /// The engine's draft was there.
    Drafted,
    /// The secretary sent it to its author.
    Submitted,
    /// It was signed.
    Signed,
    /// It was filed.
    Filed,
}

written!(Mark {
    Received => "received",
    Drafted => "drafted",
    Submitted => "submitted",
    Signed => "signed",
    Filed => "filed",
});

impl Mark {
    /// The steps that reach it; two names for the one where there is only one.
    pub fn steps(self) -> (Step, Step) {
        match self {
            Self::Received => (Step::Receive, Step::Receive),
            Self::Drafted => (Step::DraftForAuthor, Step::DraftForSecretary),
            Self::Submitted => (Step::Submit, Step::TakeBack),
            Self::Signed => (Step::Sign, Step::Sign),
            Self::Filed => (Step::File, Step::File),
        }
    }
}

/// How long dictations took from one mark to another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Dictations that reached both marks.
    pub finished: usize,
    /// Dictations that reached the first and not the second, the deleted aside.
    pub open: usize,
    /// Those finished after they were due.
    pub late: usize,
    /// Seconds: median, 90th percentile (nearest rank), longest. None where none is finished.
    pub seconds: Option<(i64, i64, i64)>,
}

/// The figures of seconds taken, each with whether it was late.
pub fn figures(finished: &[(i64, bool)], open: usize) -> Figures {
    let mut seconds: Vec<i64> = finished.iter().map(|(s, _)| *s).collect();
    seconds.sort_unstable();
    let rank = |percent: usize| {
        let at = (percent * seconds.len()).div_ceil(100);
        seconds.get(at.saturating_sub(1)).copied()
    };
    Figures {
        finished: finished.len(),
        open,
        late: finished.iter().filter(|(_, late)| *late).count(),
        seconds: rank(50)
            .zip(rank(90))
            .zip(rank(100))
            .map(|((median, p90), longest)| (median, p90, longest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_values_that_were_measured() {
        assert_eq!(figures(&[], 3).seconds, None);
        assert_eq!(figures(&[], 3).open, 3);
        let one = figures(&[(7, true)], 0);
        assert_eq!((one.seconds, one.late), (Some((7, 7, 7)), 1));
        let ten: Vec<(i64, bool)> = (1..=10).rev().map(|s| (s, s > 8)).collect();
        let ten = figures(&ten, 0);
        assert_eq!((ten.seconds, ten.late), (Some((5, 9, 10)), 2));
    }

    #[test]
    fn stat_comes_before_urgent_and_urgent_before_routine() {
        assert!(Priority::Stat < Priority::Urgent && Priority::Urgent < Priority::Routine);
        assert_eq!(Orders::default().priority, Priority::Routine);
    }
}
