-- What is needed to review and to find: length and open flags of a dictation, what a person said about findings and edits,
-- how far the draft was from what was signed, full-text search, and creations that may be repeated.

-- Seconds, once it was heard.
ALTER TABLE dictations ADD COLUMN length_s REAL;
-- Findings that somebody has to look at, less those that somebody has.
ALTER TABLE dictations ADD COLUMN flags INTEGER NOT NULL DEFAULT 0 CHECK (flags >= 0);
UPDATE dictations SET
    length_s = (SELECT json_extract(t.recognition, '$.duration_s') FROM transcripts t
                WHERE t.dictation_id = dictations.id ORDER BY t.seq DESC LIMIT 1),
    flags = (SELECT count(*) FROM json_each(
                (SELECT t.recognition FROM transcripts t
                 WHERE t.dictation_id = dictations.id ORDER BY t.seq DESC LIMIT 1), '$.findings') f
             WHERE json_extract(f.value, '$.severity') <> 'info');

-- Who added a line of a record, as the trail names them; empty where nobody knows.
ALTER TABLE entries ADD COLUMN made_by TEXT NOT NULL DEFAULT '';

CREATE TABLE marks (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    transcript_id TEXT NOT NULL REFERENCES transcripts (id),
    about         TEXT NOT NULL CHECK (about IN ('finding', 'edit')),
    number        INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('open', 'cleared', 'applied', 'undone')),
    by_id         TEXT NOT NULL REFERENCES users (id),
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX marks_by_transcript ON marks (transcript_id, seq);
CREATE TRIGGER marks_no_replace BEFORE INSERT ON marks WHEN EXISTS (SELECT 1 FROM marks WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'marks are append-only'); END;
CREATE TRIGGER marks_no_update BEFORE UPDATE ON marks
BEGIN SELECT RAISE(ABORT, 'marks are append-only'); END;
CREATE TRIGGER marks_no_delete BEFORE DELETE ON marks
BEGIN SELECT RAISE(ABORT, 'marks are append-only'); END;

-- Words by which the earlier stages of a report differed from what was signed.
CREATE TABLE stage_errors (
    report_id  TEXT PRIMARY KEY REFERENCES reports (id),
    -- Words of the signed text.
    words      INTEGER NOT NULL CHECK (words >= 0),
    -- Of the machine's draft.
    recognised INTEGER NOT NULL CHECK (recognised >= 0),
    -- Of the last version that somebody else than the author wrote, where there was one.
    corrected  INTEGER CHECK (corrected >= 0)
) STRICT;

-- What somebody created with a key of their own, so that a request that is repeated creates nothing more.
CREATE TABLE creations (
    user_id TEXT NOT NULL REFERENCES users (id),
    key     TEXT NOT NULL CHECK (key <> ''),
    what    TEXT NOT NULL,
    made    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT;

CREATE INDEX reports_by_filing ON reports (filed_at) WHERE filed_at IS NOT NULL;

-- Full-text search. The words of reports are kept for the newest version only; the text itself stays where it is. The
-- triggers keep the index in step, whoever writes.
CREATE TABLE documents (
    id        INTEGER PRIMARY KEY,
    report_id TEXT NOT NULL UNIQUE REFERENCES reports (id)
) STRICT;
CREATE VIEW newest_texts AS
    SELECT d.id AS id, v.text AS text FROM documents d JOIN report_versions v ON v.report_id = d.report_id
    WHERE v.version = (SELECT max(version) FROM report_versions WHERE report_id = d.report_id);
CREATE VIRTUAL TABLE report_words USING fts5 (
    text, content = 'newest_texts', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO documents (report_id) SELECT DISTINCT report_id FROM report_versions ORDER BY report_id;
INSERT INTO report_words (report_words) VALUES ('rebuild');
CREATE TRIGGER report_versions_are_found AFTER INSERT ON report_versions
BEGIN
    INSERT INTO documents (report_id) SELECT NEW.report_id
        WHERE NOT EXISTS (SELECT 1 FROM documents WHERE report_id = NEW.report_id);
    INSERT INTO report_words (report_words, rowid, text)
        SELECT 'delete', d.id, v.text FROM documents d JOIN report_versions v ON v.report_id = d.report_id
        WHERE d.report_id = NEW.report_id AND v.version = NEW.version - 1;
    INSERT INTO report_words (rowid, text) SELECT id, NEW.text FROM documents WHERE report_id = NEW.report_id;
END;

CREATE VIRTUAL TABLE patient_words USING fts5 (
    patient_id UNINDEXED, family, given, mrn, birth_date, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO patient_words (patient_id, family, given, mrn, birth_date)
    SELECT id, family, given, mrn, birth_date FROM patients;
CREATE TRIGGER patients_are_found AFTER INSERT ON patients
BEGIN
    INSERT INTO patient_words (patient_id, family, given, mrn, birth_date)
        VALUES (NEW.id, NEW.family, NEW.given, NEW.mrn, NEW.birth_date);
END;
CREATE TRIGGER patients_changed_are_found AFTER UPDATE ON patients
BEGIN
    UPDATE patient_words SET family = NEW.family, given = NEW.given, mrn = NEW.mrn, birth_date = NEW.birth_date
        WHERE patient_id = NEW.id;
END;
CREATE TRIGGER patients_gone_are_not_found AFTER DELETE ON patients
BEGIN
    DELETE FROM patient_words WHERE patient_id = OLD.id;
END;
