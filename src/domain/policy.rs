//! Who may do what to which record. One pure function, [`decide`], over one table, [`grant`]: what is not granted there
//! is refused. Whoever calls it finds out the facts first and writes a refusal to the audit trail afterwards.

use crate::domain::dictation::{Phase, State};
use crate::domain::ids::UserId;
use crate::domain::role::{Role, Scope, Scopes};

/// An enum of actions with their written forms and a list of them all, so that no test can forget one.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident => $word:literal,)+) => {
        /// What somebody asks to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action { $($(#[$doc])* $name,)+ }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }

        written!(Action { $($name => $word),+ });
    };
}

actions! {
    /// Search and list patients by name and number.
    FindPatients => "find_patients",
    /// Add a patient.
    AddPatient => "add_patient",
    /// Change what is known about a patient: name, contact, allergies, medication.
    EditPatient => "edit_patient",
    /// Add a visit.
    AddEncounter => "add_encounter",
    /// Join two entries of the same patient.
    MergePatients => "merge_patients",
    /// Read a record, hear a recording, see a draft.
    ReadRecord => "read_record",
    /// Open a record that one has nothing to do with, with a reason.
    OpenInEmergency => "open_in_emergency",
    /// Take documents out of Osler: print, export, send.
    Export => "export",
    /// See what waits, with its counts.
    ReadWorklist => "read_worklist",
    /// Dictate in one's own name.
    Dictate => "dictate",
    /// Hand in a recording in its author's name.
    HandIn => "hand_in",
    /// Hear a recording of which nobody has said yet whose it is.
    HearArrival => "hear_arrival",
    /// Give a dictation to a person or a pool.
    Assign => "assign",
    /// Change priority or due time.
    Prioritise => "prioritise",
    /// Change a draft.
    Correct => "correct",
    /// Take a draft over that somebody else is editing.
    TakeOver => "take_over",
    /// Hand a draft to its author for signature.
    SendToAuthor => "send_to_author",
    /// Send a dictation back to its author with a question.
    ReturnToAuthor => "return_to_author",
    /// Refuse a dictation, with a reason.
    Reject => "reject",
    /// Take a dictation away before it is signed, with a reason.
    Delete => "delete",
    /// Move a dictation to another patient, or split one recording between two, with a reason.
    Move => "move",
    /// Sign a report.
    Sign => "sign",
    /// Give the second identifier of a signed report, which files it.
    File => "file",
    /// Add to a filed report.
    AddAddendum => "add_addendum",
    /// Make a signed report a letter to somebody, and withdraw one.
    WriteLetter => "write_letter",
    /// Mark a signed report as entered in error, with a reason.
    Retract => "retract",
    /// Accept a correction as a rule from now on.
    Teach => "teach",
    /// Read the ready texts of the site, and those that are one's own or that one corrects with.
    ReadTemplates => "read_templates",
    /// Add and take back one's own ready texts.
    KeepOwnTemplates => "keep_own_templates",
    /// Add and take back the ready texts of the site.
    KeepSiteTemplates => "keep_site_templates",
    /// See who works here.
    ListUsers => "list_users",
    /// Add people, close accounts, set passwords anew.
    ManageUsers => "manage_users",
    /// Make service accounts and their tokens.
    ManageServices => "manage_services",
    /// Change settings.
    ManageSettings => "manage_settings",
    /// Make and verify backups.
    Backup => "backup",
    /// Read and export the audit trail.
    ReadAudit => "read_audit",
    /// Change one's own password and second factor.
    OwnAccount => "own_account",
}

impl Action {
    /// What a service account needs for it; none where no service may do it at all.
    pub fn scope(self) -> Option<Scope> {
        Some(match self {
            Self::FindPatients => Scope::PatientsRead,
            Self::AddPatient | Self::EditPatient | Self::AddEncounter => Scope::PatientsWrite,
            Self::HandIn => Scope::DictationsWrite,
            Self::ReadRecord | Self::Export => Scope::ReportsRead,
            Self::ReadWorklist => Scope::WorklistRead,
            _ => return None,
        })
    }

    /// Whether it is done only with a reason that stays with the record.
    pub fn needs_reason(self) -> bool {
        matches!(
            self,
            Self::OpenInEmergency
                | Self::ReturnToAuthor
                | Self::Reject
                | Self::Delete
                | Self::Move
                | Self::Retract
        )
    }

    /// Whether somebody else's editing stands in its way.
    fn is_editing(self) -> bool {
        matches!(
            self,
            Self::Correct | Self::SendToAuthor | Self::ReturnToAuthor | Self::Reject | Self::Move
        )
    }
}

/// What somebody has to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The dictation or report is theirs.
    Own,
    /// It was given to them, or to a pool of theirs.
    Assigned,
    /// The patient is, or was, in their care: a visit with them, a dictation of theirs.
    InCare,
    /// They opened the record in an emergency, which has not run out.
    Emergency,
    /// Nothing.
    Stranger,
}

written!(Relation {
    Own => "own",
    Assigned => "assigned",
    InCare => "in_care",
    Emergency => "emergency",
    Stranger => "stranger",
});

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 5] = [
        Self::Own,
        Self::Assigned,
        Self::InCare,
        Self::Emergency,
        Self::Stranger,
    ];
}

/// Where the dictation or report that is asked about stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is about a patient's record as a whole, or about no record.
    Whole,
    /// The sound is stored.
    Recorded,
    /// There is a text that is being worked on.
    Draft,
    /// It waits for its author's signature.
    Awaiting,
    /// Signed, not filed.
    Signed,
    /// In the patient's record.
    Filed,
    /// Rejected or deleted.
    Closed,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 7] = [
        Self::Whole,
        Self::Recorded,
        Self::Draft,
        Self::Awaiting,
        Self::Signed,
        Self::Filed,
        Self::Closed,
    ];

    /// The stage of a dictation.
    pub fn of(phase: Phase, state: State) -> Self {
        match (phase, state) {
            // What was signed cannot be taken away by a state.
            (Phase::Filed, _) => Self::Filed,
            (Phase::Signed, _) => Self::Signed,
            (_, State::Rejected | State::Deleted) => Self::Closed,
            (Phase::Recorded, _) => Self::Recorded,
            (Phase::Transcribed | Phase::InCorrection, _) => Self::Draft,
            (Phase::AwaitingSignature, _) => Self::Awaiting,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Their account.
    pub user: UserId,
    /// What they are.
    pub role: Role,
    /// What they are allowed, where they are a service.
    pub scopes: Scopes,
    /// Whether their password was set by somebody else and has to be changed first.
    pub password_due: bool,
    /// Whether they have just proved who they are, as a signature needs.
    pub proven: bool,
}

impl Asker {
    /// A person with this role who has proved nothing beyond logging in.
    pub fn person(user: UserId, role: Role) -> Self {
        Self {
            user,
            role,
            scopes: Scopes::default(),
            password_due: false,
            proven: false,
        }
    }
}

/// What is known about what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What the asker has to do with the record.
    pub relation: Relation,
    /// Where it stands.
    pub stage: Stage,
    /// Whether somebody else is editing it.
    pub locked: bool,
    /// Whether a reason was given.
    pub has_reason: bool,
}

impl Facts {
    /// About no record.
    pub const NO_RECORD: Self = Self {
        relation: Relation::Stranger,
        stage: Stage::Whole,
        locked: false,
        has_reason: false,
    };

    /// About a patient's record as a whole.
    pub fn patient(relation: Relation) -> Self {
        Self {
            relation,
            ..Self::NO_RECORD
        }
    }

    /// About a dictation or its report.
    pub fn dictation(relation: Relation, stage: Stage) -> Self {
        Self {
            relation,
            stage,
            ..Self::NO_RECORD
        }
    }

    /// The same, with a reason given.
    pub fn with_reason(self) -> Self {
        Self {
            has_reason: true,
            ..self
        }
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allowed,
    /// It may not.
    Refused(Reason),
}

/// Why something may not be done. No message says anything about the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The password was set by somebody else.
    #[error("your password was set by somebody else; change it first")]
    PasswordDue,
    /// Not with this role.
    #[error("the role {} may not do this ({})", .0.as_str(), .1.as_str())]
    Role(Role, Action),
    /// Not with this token.
    #[error("this token lacks the scope {}; an administrator can make one that has it", .0.as_str())]
    Scope(Scope),
    /// Not with this record.
    #[error(
        "this record is not in your care, nor was it given to you; in an emergency a physician can open it with a reason"
    )]
    Relation,
    /// Not now.
    #[error("this cannot be done where the dictation stands now")]
    Stage,
    /// Somebody else is at it.
    #[error("somebody else is editing this; take it over, or wait until they are done")]
    Locked,
    /// Not without a reason.
    #[error("this needs a reason, which stays with the record")]
    NoReason,
    /// Not without proof.
    #[error("a signature needs your password and the code of your second factor")]
    NotProven,
}

impl Reason {
    /// The written form, for the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PasswordDue => "password_due",
            Self::Role(..) => "role",
            Self::Scope(_) => "scope",
            Self::Relation => "relation",
            Self::Stage => "stage",
            Self::Locked => "locked",
            Self::NoReason => "no_reason",
            Self::NotProven => "not_proven",
        }
    }
}

/// With which relations and at which stages a role may do something.
struct Grant {
    relations: &'static [Relation],
    stages: &'static [Stage],
}

/// The table. None: never.
fn grant(role: Role, action: Action) -> Option<Grant> {
    use Action as A;
    use Relation::{Assigned, Emergency, InCare, Own};
    use Stage::{Awaiting, Draft, Filed, Recorded, Signed};
    const ANYONE: &[Relation] = &Relation::ALL;
    const EVER: &[Stage] = &Stage::ALL;
    const OPEN: &[Stage] = &[Recorded, Draft, Awaiting];
    let (relations, stages): (&'static [Relation], &'static [Stage]) = match (role, action) {
        (
            Role::Physician,
            A::FindPatients
            | A::AddPatient
            | A::OpenInEmergency
            | A::ReadWorklist
            // Whoever sees a patient, or dictates about one, has them in care from then on; that itself shows nothing.
            | A::AddEncounter
            | A::Dictate
            | A::Teach
            | A::ReadTemplates
            | A::ListUsers
            | A::OwnAccount,
        ) => (ANYONE, EVER),
        (Role::Physician, A::KeepOwnTemplates) => (&[Own], EVER),
        (Role::Physician, A::EditPatient) => (&[Own, Assigned, InCare], EVER),
        (Role::Physician, A::ReadRecord) => (&[Own, Assigned, InCare, Emergency], EVER),
        (Role::Physician, A::Export | A::WriteLetter) => {
            (&[Own, Assigned, InCare], &[Signed, Filed])
        }
        (Role::Physician, A::HandIn | A::HearArrival) => (&[Own], EVER),
        (Role::Physician, A::Correct) => (&[Own], &[Draft, Awaiting]),
        (Role::Physician, A::SendToAuthor) => (&[Own], &[Draft]),
        (
            Role::Physician,
            A::Assign | A::Prioritise | A::TakeOver | A::Reject | A::Delete | A::Move,
        ) => (&[Own], OPEN),
        (Role::Physician, A::Sign) => (&[Own], &[Awaiting]),
        (Role::Physician, A::File) => (&[Own], &[Signed]),
        (Role::Physician, A::AddAddendum) => (&[Own, InCare], &[Filed]),
        (Role::Physician, A::Retract) => (&[Own], &[Signed, Filed]),

        (
            Role::Secretary,
            A::FindPatients
            | A::AddPatient
            | A::EditPatient
            | A::AddEncounter
            | A::MergePatients
            | A::ReadWorklist
            | A::HandIn
            | A::HearArrival
            | A::Teach
            | A::ReadTemplates
            | A::KeepSiteTemplates
            | A::ListUsers
            | A::OwnAccount,
        ) => (ANYONE, EVER),
        (Role::Secretary, A::ReadRecord) => (&[Assigned], EVER),
        (Role::Secretary, A::Export | A::WriteLetter) => (&[Assigned], &[Signed, Filed]),
        (Role::Secretary, A::Assign | A::Prioritise) => (ANYONE, OPEN),
        (Role::Secretary, A::Correct | A::TakeOver | A::SendToAuthor | A::ReturnToAuthor) => {
            (&[Assigned], &[Draft])
        }
        (Role::Secretary, A::Reject | A::Move) => (&[Assigned], &[Recorded, Draft]),
        (Role::Secretary, A::File) => (&[Assigned], &[Signed]),

        (
            Role::Administrator,
            A::ReadTemplates
            | A::KeepSiteTemplates
            | A::ListUsers
            | A::ManageUsers
            | A::ManageServices
            | A::ManageSettings
            | A::Backup
            | A::OwnAccount,
        ) => (ANYONE, EVER),

        (Role::Auditor, A::ListUsers | A::ReadAudit | A::OwnAccount) => (ANYONE, EVER),

        (Role::Service, A::ReadRecord | A::Export) => (ANYONE, &[Filed]),
        (
            Role::Service,
            A::FindPatients
            | A::AddPatient
            | A::EditPatient
            | A::AddEncounter
            | A::HandIn
            | A::ReadWorklist,
        ) => (ANYONE, EVER),

        _ => return None,
    };
    Some(Grant { relations, stages })
}

/// Whether `asker` may do `action`, as things are.
pub fn decide(asker: &Asker, action: Action, facts: &Facts) -> Decision {
    match refusal(asker, action, facts) {
        None => Decision::Allowed,
        Some(reason) => Decision::Refused(reason),
    }
}

/// The first thing that stands in the way: first what nothing can change, last what the asker can do at once.
fn refusal(asker: &Asker, action: Action, facts: &Facts) -> Option<Reason> {
    let Some(grant) = grant(asker.role, action) else {
        return Some(Reason::Role(asker.role, action));
    };
    if asker.role == Role::Service {
        match action.scope() {
            Some(scope) if asker.scopes.contains(scope) => {}
            Some(scope) => return Some(Reason::Scope(scope)),
            None => return Some(Reason::Role(asker.role, action)),
        }
    }
    if asker.password_due && action != Action::OwnAccount {
        return Some(Reason::PasswordDue);
    }
    if !grant.relations.contains(&facts.relation) {
        return Some(Reason::Relation);
    }
    if !grant.stages.contains(&facts.stage) {
        return Some(Reason::Stage);
    }
    // The author always has access.
    if facts.locked && facts.relation != Relation::Own && action.is_editing() {
        return Some(Reason::Locked);
    }
    if action.needs_reason() && !facts.has_reason {
        return Some(Reason::NoReason);
    }
    if action == Action::Sign && !asker.proven {
        return Some(Reason::NotProven);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// Action, then for each role "relations:stages", where it may be done. Relations: o own, a assigned, c in care,
    /// e emergency, n none. Stages: W whole record or none, R recorded, D draft, A awaiting, S signed, F filed,
    /// X closed. `*` is all of them, `-` is never. Written beside the code, not from it.
    const MATRIX: &str = "
        action             physician  secretary  administrator  auditor  service
        find_patients      *:*        *:*        -              -        *:*
        add_patient        *:*        *:*        -              -        *:*
        edit_patient       oac:*      *:*        -              -        *:*
        add_encounter      *:*        *:*        -              -        *:*
        merge_patients     -          *:*        -              -        -
        read_record        oace:*     a:*        -              -        *:F
        open_in_emergency  *:*        -          -              -        -
        export             oac:SF     a:SF       -              -        *:F
        read_worklist      *:*        *:*        -              -        *:*
        dictate            *:*        -          -              -        -
        hand_in            o:*        *:*        -              -        *:*
        hear_arrival       o:*        *:*        -              -        -
        assign             o:RDA      *:RDA      -              -        -
        prioritise         o:RDA      *:RDA      -              -        -
        correct            o:DA       a:D        -              -        -
        take_over          o:RDA      a:D        -              -        -
        send_to_author     o:D        a:D        -              -        -
        return_to_author   -          a:D        -              -        -
        reject             o:RDA      a:RD       -              -        -
        delete             o:RDA      -          -              -        -
        move               o:RDA      a:RD       -              -        -
        sign               o:A        -          -              -        -
        file               o:S        a:S        -              -        -
        add_addendum       oc:F       -          -              -        -
        write_letter       oac:SF     a:SF       -              -        -
        retract            o:SF       -          -              -        -
        teach              *:*        *:*        -              -        -
        read_templates     *:*        *:*        *:*            -        -
        keep_own_templates o:*        -          -              -        -
        keep_site_templates -         *:*        *:*            -        -
        list_users         *:*        *:*        *:*            *:*      -
        manage_users       -          -          *:*            -        -
        manage_services    -          -          *:*            -        -
        manage_settings    -          -          *:*            -        -
        backup             -          -          *:*            -        -
        read_audit         -          -          -              *:*      -
        own_account        *:*        *:*        *:*            *:*      -
    ";

    fn relation_letter(relation: Relation) -> char {
        match relation {
            Relation::Own => 'o',
            Relation::Assigned => 'a',
            Relation::InCare => 'c',
            Relation::Emergency => 'e',
            Relation::Stranger => 'n',
        }
    }

    fn stage_letter(stage: Stage) -> char {
        match stage {
            Stage::Whole => 'W',
            Stage::Recorded => 'R',
            Stage::Draft => 'D',
            Stage::Awaiting => 'A',
            Stage::Signed => 'S',
            Stage::Filed => 'F',
            Stage::Closed => 'X',
        }
    }

    fn id() -> UserId {
        UserId::new(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Somebody who lacks nothing that they could get.
    fn willing(role: Role) -> Asker {
        Asker {
            scopes: Scope::ALL.into_iter().collect(),
            proven: true,
            ..Asker::person(id(), role)
        }
    }

    #[test]
    fn the_whole_matrix_is_as_it_is_written_here() {
        let mut lines = MATRIX.lines().map(str::trim).filter(|l| !l.is_empty());
        let roles: Vec<Role> = lines
            .next()
            .unwrap()
            .split_whitespace()
            .skip(1)
            .map(|word| word.parse().unwrap())
            .collect();
        assert_eq!(roles, Role::ALL);
        let mut seen = Vec::new();
        let mut wrong = Vec::new();
        for line in lines {
            let mut cells = line.split_whitespace();
            let action: Action = cells.next().unwrap().parse().unwrap();
            seen.push(action);
            let cells: Vec<&str> = cells.collect();
            assert_eq!(cells.len(), roles.len(), "{line}");
            for (role, cell) in roles.iter().zip(cells) {
                for relation in Relation::ALL {
                    for stage in Stage::ALL {
                        let expected = cell.split_once(':').is_some_and(|(relations, stages)| {
                            (relations == "*" || relations.contains(relation_letter(relation)))
                                && (stages == "*" || stages.contains(stage_letter(stage)))
                        });
                        let facts = Facts::dictation(relation, stage).with_reason();
                        let is_allowed =
                            decide(&willing(*role), action, &facts) == Decision::Allowed;
                        if is_allowed != expected {
                            wrong.push((role.as_str(), action, relation, stage, is_allowed));
                        }
                    }
                }
            }
        }
        assert_eq!(seen, Action::ALL, "every action has its line, in order");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_phase_and_state_has_its_stage() {
        for (phase, state, stage) in [
            (Phase::Recorded, State::Pending, Stage::Recorded),
            (Phase::Recorded, State::InProgress, Stage::Recorded),
            (Phase::Transcribed, State::Pending, Stage::Draft),
            (Phase::InCorrection, State::Suspended, Stage::Draft),
            (Phase::AwaitingSignature, State::Returned, Stage::Awaiting),
            (Phase::AwaitingSignature, State::Deleted, Stage::Closed),
            (Phase::Recorded, State::Rejected, Stage::Closed),
            (Phase::Signed, State::Deleted, Stage::Signed),
            (Phase::Filed, State::Deleted, Stage::Filed),
        ] {
            assert_eq!(Stage::of(phase, state), stage, "{phase:?} {state:?}");
        }
    }

    #[test]
    fn a_refusal_names_what_stands_in_the_way() {
        let own = Facts::dictation(Relation::Own, Stage::Awaiting);
        let physician = willing(Role::Physician);
        let unproven = Asker::person(id(), Role::Physician);
        let due = Asker {
            password_due: true,
            ..physician.clone()
        };
        let bare = Asker::person(id(), Role::Service);
        let locked = Facts {
            locked: true,
            ..Facts::dictation(Relation::Assigned, Stage::Draft)
        };
        for (asker, action, facts, reason) in [
            (&unproven, Action::Sign, own, Reason::NotProven),
            (&due, Action::Sign, own, Reason::PasswordDue),
            (&physician, Action::Delete, own, Reason::NoReason),
            (&physician, Action::File, own, Reason::Stage),
            (
                &physician,
                Action::ReadRecord,
                Facts::patient(Relation::Stranger),
                Reason::Relation,
            ),
            (
                &willing(Role::Secretary),
                Action::Correct,
                locked,
                Reason::Locked,
            ),
            (
                &willing(Role::Secretary),
                Action::Sign,
                own,
                Reason::Role(Role::Secretary, Action::Sign),
            ),
            (
                &bare,
                Action::HandIn,
                own,
                Reason::Scope(Scope::DictationsWrite),
            ),
        ] {
            assert_eq!(
                decide(asker, action, &facts),
                Decision::Refused(reason),
                "{action:?}"
            );
        }
    }

    #[test]
    fn the_author_works_on_although_somebody_else_holds_the_lock_and_a_secretary_takes_over() {
        let locked = |relation| Facts {
            locked: true,
            ..Facts::dictation(relation, Stage::Draft)
        };
        let author = willing(Role::Physician);
        let secretary = willing(Role::Secretary);
        for (asker, action, relation) in [
            (&author, Action::Correct, Relation::Own),
            (&secretary, Action::TakeOver, Relation::Assigned),
            (&secretary, Action::ReadRecord, Relation::Assigned),
        ] {
            assert_eq!(
                decide(asker, action, &locked(relation)),
                Decision::Allowed,
                "{action:?}"
            );
        }
    }

    fn any_asker() -> impl Strategy<Value = Asker> {
        (
            select(Role::ALL.to_vec()),
            proptest::collection::vec(select(Scope::ALL.to_vec()), 0..5),
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(|(role, scopes, password_due, proven)| Asker {
                user: id(),
                role,
                scopes: scopes.into_iter().collect(),
                password_due,
                proven,
            })
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        (
            select(Relation::ALL.to_vec()),
            select(Stage::ALL.to_vec()),
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(|(relation, stage, locked, has_reason)| Facts {
                relation,
                stage,
                locked,
                has_reason,
            })
    }

    const READING: [Action; 5] = [
        Action::FindPatients,
        Action::ReadRecord,
        Action::ReadWorklist,
        Action::ListUsers,
        Action::ReadAudit,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_allowed_keeps_the_rules(
            asker in any_asker(),
            action in select(Action::ALL.to_vec()),
            facts in any_facts(),
        ) {
            if decide(&asker, action, &facts) == Decision::Allowed {
                let is_about_own_account = action == Action::OwnAccount;
                if asker.role == Role::Auditor {
                    prop_assert!(READING.contains(&action) || is_about_own_account, "auditors change nothing");
                }
                if asker.role == Role::Administrator {
                    prop_assert!(
                        !matches!(action, Action::ReadRecord | Action::Export | Action::FindPatients),
                        "administrators see no record"
                    );
                }
                if action == Action::Sign {
                    prop_assert!(asker.role == Role::Physician && facts.relation == Relation::Own);
                    prop_assert!(asker.proven && facts.stage == Stage::Awaiting);
                }
                if matches!(facts.stage, Stage::Signed | Stage::Filed | Stage::Closed) {
                    prop_assert!(
                        !matches!(
                            action,
                            Action::Correct | Action::Delete | Action::Move | Action::Reject | Action::Sign
                        ),
                        "what was signed or closed stays as it is"
                    );
                }
                if asker.role == Role::Service {
                    prop_assert!(action.scope().is_some_and(|s| asker.scopes.contains(s)));
                }
                if asker.password_due {
                    prop_assert!(is_about_own_account);
                }
                if action.needs_reason() {
                    prop_assert!(facts.has_reason);
                }
            }
        }

        #[test]
        fn an_emergency_opens_a_record_for_reading_and_for_nothing_else(
            asker in any_asker(),
            action in select(Action::ALL.to_vec()),
            facts in any_facts(),
        ) {
            let emergency = Facts { relation: Relation::Emergency, ..facts };
            let stranger = Facts { relation: Relation::Stranger, ..facts };
            if decide(&asker, action, &emergency) != decide(&asker, action, &stranger) {
                prop_assert_eq!(action, Action::ReadRecord);
                prop_assert_eq!(asker.role, Role::Physician);
            }
        }
    }
}
