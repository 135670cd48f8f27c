-- What is known about patients beside their record number and date of birth: contact, the numbers that others gave them;
-- how it changed; and records of the same patient that were joined.

-- Grows with each change, so that nobody overwrites what they have not seen.
ALTER TABLE patients ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1);
ALTER TABLE patients ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE patients ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE patients ADD COLUMN email TEXT NOT NULL DEFAULT '';
-- The record that this one was joined with, where all that was in it lies now. Its number finds that one.
ALTER TABLE patients ADD COLUMN merged_into TEXT REFERENCES patients (id);
CREATE INDEX patients_merged ON patients (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE patient_numbers (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    patient_id   TEXT NOT NULL REFERENCES patients (id),
    issuer       TEXT NOT NULL CHECK (issuer <> ''),
    value        TEXT NOT NULL CHECK (value <> ''),
    added_by     TEXT NOT NULL,
    added_at     INTEGER NOT NULL,
    withdrawn_by TEXT,
    withdrawn_at INTEGER,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX patient_numbers_in_force
    ON patient_numbers (value COLLATE NOCASE, issuer COLLATE NOCASE) WHERE withdrawn_at IS NULL;
CREATE INDEX patient_numbers_by_patient ON patient_numbers (patient_id);
CREATE TRIGGER patient_numbers_no_delete BEFORE DELETE ON patient_numbers
BEGIN SELECT RAISE(ABORT, 'a number is withdrawn, never deleted'); END;

-- What stood in a record before it was changed, and what took its place.
CREATE TABLE patient_changes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    patient_id TEXT NOT NULL REFERENCES patients (id),
    at         INTEGER NOT NULL,
    -- As the trail names them.
    made_by    TEXT NOT NULL,
    field      TEXT NOT NULL CHECK (field <> ''),
    before     TEXT NOT NULL,
    after      TEXT NOT NULL
) STRICT;
CREATE INDEX patient_changes_by_patient ON patient_changes (patient_id, seq);
CREATE TRIGGER patient_changes_no_replace BEFORE INSERT ON patient_changes
WHEN EXISTS (SELECT 1 FROM patient_changes WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the history of a patient is append-only'); END;
CREATE TRIGGER patient_changes_no_update BEFORE UPDATE ON patient_changes
BEGIN SELECT RAISE(ABORT, 'the history of a patient is append-only'); END;
CREATE TRIGGER patient_changes_no_delete BEFORE DELETE ON patient_changes
BEGIN SELECT RAISE(ABORT, 'the history of a patient is append-only'); END;

CREATE TABLE patient_merges (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    from_id TEXT NOT NULL UNIQUE REFERENCES patients (id),
    into_id TEXT NOT NULL REFERENCES patients (id),
    made_by TEXT NOT NULL,
    at      INTEGER NOT NULL,
    reason  TEXT NOT NULL CHECK (reason <> ''),
    CHECK (from_id <> into_id)
) STRICT;
CREATE INDEX patient_merges_by_record ON patient_merges (into_id);
-- What each of them moved.
CREATE TABLE merged_things (
    kind  TEXT NOT NULL CHECK (kind IN ('dictation', 'report', 'encounter', 'entry', 'number')),
    thing TEXT NOT NULL,
    merge INTEGER NOT NULL REFERENCES patient_merges (seq),
    PRIMARY KEY (kind, thing, merge)
) STRICT;
CREATE TRIGGER patient_merges_no_replace BEFORE INSERT ON patient_merges
WHEN EXISTS (SELECT 1 FROM patient_merges WHERE seq = NEW.seq OR from_id = NEW.from_id)
BEGIN SELECT RAISE(ABORT, 'a record is joined with another once'); END;
CREATE TRIGGER patient_merges_no_update BEFORE UPDATE ON patient_merges
BEGIN SELECT RAISE(ABORT, 'the trace of joined records is append-only'); END;
CREATE TRIGGER patient_merges_no_delete BEFORE DELETE ON patient_merges
BEGIN SELECT RAISE(ABORT, 'the trace of joined records is append-only'); END;
CREATE TRIGGER merged_things_no_replace BEFORE INSERT ON merged_things
WHEN EXISTS (SELECT 1 FROM merged_things WHERE kind = NEW.kind AND thing = NEW.thing AND merge = NEW.merge)
BEGIN SELECT RAISE(ABORT, 'the trace of joined records is append-only'); END;
CREATE TRIGGER merged_things_no_update BEFORE UPDATE ON merged_things
BEGIN SELECT RAISE(ABORT, 'the trace of joined records is append-only'); END;
CREATE TRIGGER merged_things_no_delete BEFORE DELETE ON merged_things
BEGIN SELECT RAISE(ABORT, 'the trace of joined records is append-only'); END;

CREATE TRIGGER patients_no_delete BEFORE DELETE ON patients
BEGIN SELECT RAISE(ABORT, 'a patient is never deleted'); END;
CREATE TRIGGER patients_keep_their_number BEFORE UPDATE OF id, mrn ON patients
WHEN NEW.id <> OLD.id OR NEW.mrn <> OLD.mrn
BEGIN SELECT RAISE(ABORT, 'a patient keeps the record number'); END;
-- A joined record follows where its own was joined, and is otherwise over.
CREATE TRIGGER patients_joined_stay BEFORE UPDATE ON patients
WHEN OLD.merged_into IS NOT NULL
  AND (NEW.merged_into IS NULL OR NEW.family <> OLD.family OR NEW.given <> OLD.given
    OR NEW.birth_date <> OLD.birth_date OR NEW.sex <> OLD.sex)
BEGIN SELECT RAISE(ABORT, 'a record that was joined with another does not change'); END;
CREATE TRIGGER patients_joined_with_a_trace BEFORE UPDATE OF merged_into ON patients
WHEN OLD.merged_into IS NULL AND NEW.merged_into IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM patient_merges WHERE from_id = NEW.id AND into_id = NEW.merged_into)
BEGIN SELECT RAISE(ABORT, 'records are joined with a trace'); END;

-- Nothing comes into a record that is over.
CREATE TRIGGER dictations_of_records_in_use BEFORE INSERT ON dictations
WHEN EXISTS (SELECT 1 FROM patients WHERE id = NEW.patient_id AND merged_into IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'this record was joined with another'); END;
CREATE TRIGGER dictations_move_to_records_in_use BEFORE UPDATE OF patient_id ON dictations
WHEN EXISTS (SELECT 1 FROM patients WHERE id = NEW.patient_id AND merged_into IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'this record was joined with another'); END;
CREATE TRIGGER encounters_of_records_in_use BEFORE INSERT ON encounters
WHEN EXISTS (SELECT 1 FROM patients WHERE id = NEW.patient_id AND merged_into IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'this record was joined with another'); END;
CREATE TRIGGER entries_of_records_in_use BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM patients WHERE id = NEW.patient_id AND merged_into IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'this record was joined with another'); END;

-- Only what is searched for; a patient's other data changes more often.
DROP TRIGGER patients_changed_are_found;
CREATE TRIGGER patients_changed_are_found AFTER UPDATE OF family, given, mrn, birth_date ON patients
WHEN NEW.family <> OLD.family OR NEW.given <> OLD.given OR NEW.mrn <> OLD.mrn OR NEW.birth_date <> OLD.birth_date
BEGIN
    UPDATE patient_words SET family = NEW.family, given = NEW.given, mrn = NEW.mrn, birth_date = NEW.birth_date
        WHERE patient_id = NEW.id;
END;

-- What is signed keeps its patient, and moves only where it stands that two records were the same patient's.
DROP TRIGGER dictations_keep_their_patient;
CREATE TRIGGER dictations_keep_their_patient BEFORE UPDATE OF id, patient_id, author_id ON dictations
WHEN (OLD.phase IN ('signed', 'filed')
    OR EXISTS (SELECT 1 FROM reports WHERE dictation_id = OLD.id AND status <> 'draft'))
  AND NOT (NEW.id = OLD.id AND NEW.author_id = OLD.author_id
    AND EXISTS (SELECT 1 FROM patient_merges WHERE from_id = OLD.patient_id AND into_id = NEW.patient_id))
BEGIN SELECT RAISE(ABORT, 'a signed dictation keeps its patient and its author'); END;
DROP TRIGGER reports_keep_their_people;
CREATE TRIGGER reports_keep_their_people BEFORE UPDATE OF patient_id, author_id ON reports
WHEN OLD.status <> 'draft' AND (NEW.patient_id <> OLD.patient_id OR NEW.author_id <> OLD.author_id)
  AND NOT (NEW.author_id = OLD.author_id
    AND EXISTS (SELECT 1 FROM patient_merges WHERE from_id = OLD.patient_id AND into_id = NEW.patient_id))
BEGIN SELECT RAISE(ABORT, 'a signed report keeps its patient and its author'); END;
DROP TRIGGER reports_filed_no_update;
CREATE TRIGGER reports_filed_no_update BEFORE UPDATE ON reports
WHEN OLD.status = 'filed'
  AND NOT (NEW.id = OLD.id AND NEW.dictation_id = OLD.dictation_id AND NEW.author_id = OLD.author_id
    AND NEW.status = OLD.status AND NEW.parent_id IS OLD.parent_id AND NEW.created_at = OLD.created_at
    AND NEW.filed_at IS OLD.filed_at
    AND EXISTS (SELECT 1 FROM patient_merges WHERE from_id = OLD.patient_id AND into_id = NEW.patient_id))
BEGIN SELECT RAISE(ABORT, 'a filed report never changes'); END;
