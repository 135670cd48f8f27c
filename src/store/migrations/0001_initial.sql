-- The first schema. Times are microseconds since 1970-01-01T00:00:00Z, dates are ISO 8601, identifiers are UUIDs in
-- their written form. Whole values of the domain (a recognition, a report's body) are JSON: they are read and
-- written as one, and their shape is the domain's business.

-- "OSLR": tells this file from any other program's SQLite database.
PRAGMA application_id = 1330859090;

-- What kind of database this is. Set once, when it is made.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    username   TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL CHECK (name <> ''),
    role       TEXT NOT NULL CHECK (role <> ''),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE patients (
    id         TEXT PRIMARY KEY,
    mrn        TEXT NOT NULL UNIQUE,
    family     TEXT NOT NULL CHECK (family <> ''),
    given      TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex        TEXT NOT NULL CHECK (sex IN ('female', 'male', 'other', 'unknown')),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX patients_by_name ON patients (family, given);

CREATE TABLE encounters (
    id           TEXT PRIMARY KEY,
    patient_id   TEXT NOT NULL REFERENCES patients (id),
    physician_id TEXT NOT NULL REFERENCES users (id),
    date         TEXT NOT NULL,
    location     TEXT NOT NULL,
    reason       TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX encounters_by_patient ON encounters (patient_id, date);
CREATE INDEX encounters_by_day ON encounters (date, physician_id);

CREATE TABLE dictations (
    id                   TEXT PRIMARY KEY,
    patient_id           TEXT NOT NULL REFERENCES patients (id),
    encounter_id         TEXT REFERENCES encounters (id),
    author_id            TEXT NOT NULL REFERENCES users (id),
    phase                TEXT NOT NULL CHECK (phase IN
        ('recorded', 'transcribed', 'in_correction', 'awaiting_signature', 'signed', 'filed')),
    state                TEXT NOT NULL CHECK (state IN
        ('pending', 'in_progress', 'suspended', 'returned', 'rejected', 'deleted', 'done')),
    identity_verified_at INTEGER,
    created_at           INTEGER NOT NULL,
    -- Nothing is filed while the second identifier is open.
    CHECK (phase <> 'filed' OR identity_verified_at IS NOT NULL)
) STRICT;
CREATE INDEX dictations_by_patient ON dictations (patient_id, created_at);
CREATE INDEX dictations_by_step ON dictations (phase, state, created_at);

-- The recordings of a dictation, in order. The sound itself lies in the audio store under its sha256.
CREATE TABLE takes (
    id            TEXT PRIMARY KEY,
    dictation_id  TEXT NOT NULL REFERENCES dictations (id),
    idx           INTEGER NOT NULL CHECK (idx >= 0),
    sha256        TEXT NOT NULL CHECK (length(sha256) = 64),
    bytes         INTEGER NOT NULL CHECK (bytes > 0),
    original_name TEXT NOT NULL,
    UNIQUE (dictation_id, idx)
) STRICT;
CREATE INDEX takes_by_content ON takes (sha256);

-- What the engine heard, with everything needed to repeat the run. A further run is a further row.
CREATE TABLE transcripts (
    id                 TEXT PRIMARY KEY,
    dictation_id       TEXT NOT NULL REFERENCES dictations (id),
    seq                INTEGER NOT NULL CHECK (seq >= 1),
    model              TEXT NOT NULL,
    model_sha256       TEXT NOT NULL,
    parameters         TEXT NOT NULL CHECK (json_valid(parameters)),
    dictionary_version TEXT,
    recognition        TEXT NOT NULL CHECK (json_valid(recognition)),
    created_at         INTEGER NOT NULL,
    UNIQUE (dictation_id, seq)
) STRICT;

CREATE TABLE reports (
    id           TEXT PRIMARY KEY,
    dictation_id TEXT NOT NULL REFERENCES dictations (id),
    patient_id   TEXT NOT NULL REFERENCES patients (id),
    author_id    TEXT NOT NULL REFERENCES users (id),
    status       TEXT NOT NULL CHECK (status IN ('draft', 'signed', 'filed')),
    parent_id    TEXT REFERENCES reports (id),
    created_at   INTEGER NOT NULL,
    filed_at     INTEGER,
    CHECK ((status = 'filed') = (filed_at IS NOT NULL))
) STRICT;
CREATE INDEX reports_by_patient ON reports (patient_id, created_at);
CREATE INDEX reports_by_status ON reports (status, created_at);
CREATE INDEX reports_by_dictation ON reports (dictation_id);

CREATE TABLE report_versions (
    report_id TEXT NOT NULL REFERENCES reports (id),
    version   INTEGER NOT NULL CHECK (version >= 1),
    kind      TEXT NOT NULL,
    text      TEXT NOT NULL,
    body      TEXT NOT NULL CHECK (json_valid(body)),
    -- NULL: the machine.
    made_by   TEXT REFERENCES users (id),
    made_at   INTEGER NOT NULL,
    PRIMARY KEY (report_id, version)
) STRICT;

CREATE TABLE signatures (
    report_id      TEXT NOT NULL,
    version        INTEGER NOT NULL,
    signer_id      TEXT NOT NULL REFERENCES users (id),
    signer_name    TEXT NOT NULL CHECK (signer_name <> ''),
    signed_at      INTEGER NOT NULL,
    meaning        TEXT NOT NULL CHECK (meaning <> ''),
    authentication TEXT NOT NULL,
    text_sha256    TEXT NOT NULL CHECK (length(text_sha256) = 64),
    PRIMARY KEY (report_id, version),
    FOREIGN KEY (report_id, version) REFERENCES report_versions (report_id, version)
) STRICT;

-- Who did what to which record. `details` holds numbers, hashes and identifiers, never a patient's text.
CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    via          TEXT NOT NULL,
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    patient_id   TEXT,
    details      TEXT NOT NULL CHECK (json_valid(details))
) STRICT;
CREATE INDEX audit_by_patient ON audit (patient_id, seq);
CREATE INDEX audit_by_subject ON audit (subject_id, seq);

-- What must never change is held here, below every line of code that could forget it.

-- INSERT OR REPLACE deletes without firing delete triggers unless its connection asked for that; so a row that is there
-- refuses its replacement as well.
CREATE TRIGGER meta_no_replace BEFORE INSERT ON meta
WHEN EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'meta is set once'); END;
CREATE TRIGGER transcripts_no_replace BEFORE INSERT ON transcripts
WHEN EXISTS (SELECT 1 FROM transcripts
             WHERE id = NEW.id OR (dictation_id = NEW.dictation_id AND seq = NEW.seq))
BEGIN SELECT RAISE(ABORT, 'transcripts are immutable'); END;
CREATE TRIGGER signatures_on_drafts_only BEFORE INSERT ON signatures
WHEN (SELECT status FROM reports WHERE id = NEW.report_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a signed report is not signed again'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER reports_no_replace BEFORE INSERT ON reports
WHEN EXISTS (SELECT 1 FROM reports WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a report is never replaced'); END;

CREATE TRIGGER meta_no_update BEFORE UPDATE ON meta
BEGIN SELECT RAISE(ABORT, 'meta is set once'); END;
CREATE TRIGGER meta_no_delete BEFORE DELETE ON meta
BEGIN SELECT RAISE(ABORT, 'meta is set once'); END;

CREATE TRIGGER transcripts_no_update BEFORE UPDATE ON transcripts
BEGIN SELECT RAISE(ABORT, 'transcripts are immutable'); END;
CREATE TRIGGER transcripts_no_delete BEFORE DELETE ON transcripts
BEGIN SELECT RAISE(ABORT, 'transcripts are immutable'); END;

CREATE TRIGGER report_versions_no_update BEFORE UPDATE ON report_versions
BEGIN SELECT RAISE(ABORT, 'report versions are append-only'); END;
CREATE TRIGGER report_versions_no_delete BEFORE DELETE ON report_versions
BEGIN SELECT RAISE(ABORT, 'report versions are append-only'); END;
CREATE TRIGGER report_versions_of_drafts_only BEFORE INSERT ON report_versions
WHEN (SELECT status FROM reports WHERE id = NEW.report_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a signed report gets no further version'); END;
CREATE TRIGGER report_versions_without_holes BEFORE INSERT ON report_versions
WHEN NEW.version <> 1 + (SELECT coalesce(max(version), 0) FROM report_versions WHERE report_id = NEW.report_id)
BEGIN SELECT RAISE(ABORT, 'report versions are numbered without holes'); END;

CREATE TRIGGER signatures_no_update BEFORE UPDATE ON signatures
BEGIN SELECT RAISE(ABORT, 'signatures are append-only'); END;
CREATE TRIGGER signatures_no_delete BEFORE DELETE ON signatures
BEGIN SELECT RAISE(ABORT, 'signatures are append-only'); END;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TRIGGER reports_filed_no_update BEFORE UPDATE ON reports WHEN OLD.status = 'filed'
BEGIN SELECT RAISE(ABORT, 'a filed report never changes'); END;
CREATE TRIGGER reports_need_a_signature BEFORE UPDATE OF status ON reports
WHEN NEW.status <> 'draft' AND NOT EXISTS (SELECT 1 FROM signatures WHERE report_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'only a signed report leaves the draft'); END;
CREATE TRIGGER reports_begin_as_drafts BEFORE INSERT ON reports WHEN NEW.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a report begins as a draft'); END;
CREATE TRIGGER reports_no_way_back BEFORE UPDATE OF status ON reports
WHEN OLD.status <> 'draft' AND NEW.status = 'draft'
BEGIN SELECT RAISE(ABORT, 'a signed report is not a draft again'); END;
CREATE TRIGGER reports_keep_their_place BEFORE UPDATE OF id, dictation_id, parent_id ON reports
BEGIN SELECT RAISE(ABORT, 'a report keeps its dictation and its parent'); END;
CREATE TRIGGER reports_no_delete BEFORE DELETE ON reports
BEGIN SELECT RAISE(ABORT, 'a report is never deleted'); END;
CREATE TRIGGER reports_keep_their_people BEFORE UPDATE OF patient_id, author_id ON reports
WHEN OLD.status <> 'draft' AND (NEW.patient_id <> OLD.patient_id OR NEW.author_id <> OLD.author_id)
BEGIN SELECT RAISE(ABORT, 'a signed report keeps its patient and its author'); END;

-- What a signed report came from stays as it is, too. The report is asked as well as the phase, so that setting the phase
-- back opens nothing.
CREATE TRIGGER dictations_keep_their_patient BEFORE UPDATE OF id, patient_id, author_id ON dictations
WHEN OLD.phase IN ('signed', 'filed')
  OR EXISTS (SELECT 1 FROM reports WHERE dictation_id = OLD.id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'a signed dictation keeps its patient and its author'); END;
CREATE TRIGGER dictations_no_replace BEFORE INSERT ON dictations
WHEN EXISTS (SELECT 1 FROM dictations WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a dictation is never replaced'); END;
CREATE TRIGGER dictations_signed_no_delete BEFORE DELETE ON dictations
WHEN OLD.phase IN ('signed', 'filed')
  OR EXISTS (SELECT 1 FROM reports WHERE dictation_id = OLD.id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'a signed dictation is never deleted'); END;
CREATE TRIGGER takes_signed_no_insert BEFORE INSERT ON takes
WHEN EXISTS (SELECT 1 FROM takes WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM dictations WHERE id = NEW.dictation_id AND phase IN ('signed', 'filed'))
  OR EXISTS (SELECT 1 FROM reports WHERE dictation_id = NEW.dictation_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'a signed dictation gets no further recording'); END;
CREATE TRIGGER takes_signed_no_update BEFORE UPDATE ON takes
WHEN EXISTS (SELECT 1 FROM dictations WHERE id = OLD.dictation_id AND phase IN ('signed', 'filed'))
  OR EXISTS (SELECT 1 FROM reports WHERE dictation_id = OLD.dictation_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'the recordings of a signed dictation never change'); END;
CREATE TRIGGER takes_signed_no_delete BEFORE DELETE ON takes
WHEN EXISTS (SELECT 1 FROM dictations WHERE id = OLD.dictation_id AND phase IN ('signed', 'filed'))
  OR EXISTS (SELECT 1 FROM reports WHERE dictation_id = OLD.dictation_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'the recordings of a signed dictation are never deleted'); END;
