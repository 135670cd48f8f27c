-- The way of a dictation from the sound to the record: how it is to be worked on, every step it took, who edits it now,
-- the queue of transcriptions, and what was signed in error.

-- 0 STAT, 1 urgent, 2 routine: the order of the list is the order of the numbers.
ALTER TABLE dictations ADD COLUMN priority INTEGER NOT NULL DEFAULT 2 CHECK (priority IN (0, 1, 2));
-- Who gets the engine's draft.
ALTER TABLE dictations ADD COLUMN route TEXT NOT NULL DEFAULT 'author' CHECK (route IN ('author', 'secretary'));
-- Document type of the newest version of the report, by which it is due.
ALTER TABLE dictations ADD COLUMN kind TEXT NOT NULL DEFAULT 'dictation';
ALTER TABLE dictations ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
-- To a person, or to a pool, or to nobody.
ALTER TABLE dictations ADD COLUMN assigned_to TEXT REFERENCES users (id);
ALTER TABLE dictations ADD COLUMN pool TEXT CHECK (pool IS NULL OR assigned_to IS NULL);
-- Who edits it, and until when that holds unless it is renewed.
ALTER TABLE dictations ADD COLUMN lock_by TEXT REFERENCES users (id);
ALTER TABLE dictations ADD COLUMN lock_until INTEGER CHECK ((lock_by IS NULL) = (lock_until IS NULL));

-- What waits, in its order; what is over is not in it, so that it stays small.
CREATE INDEX dictations_waiting ON dictations (priority, due_at, id) WHERE state NOT IN ('done', 'deleted');
CREATE INDEX addenda_waiting ON reports (dictation_id) WHERE parent_id IS NOT NULL AND status = 'draft';

-- Minutes from the taking in of a dictation until it is due. The type '' is for all that have no line of their own.
CREATE TABLE due_times (
    kind     TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority IN (0, 1, 2)),
    minutes  INTEGER NOT NULL CHECK (minutes > 0),
    PRIMARY KEY (kind, priority)
) STRICT;
INSERT INTO due_times VALUES ('', 0, 60), ('', 1, 240), ('', 2, 1440);
UPDATE dictations SET due_at = created_at + 1440 * 60000000;

CREATE TABLE pool_members (
    pool    TEXT NOT NULL CHECK (pool <> ''),
    user_id TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (pool, user_id)
) STRICT;
CREATE INDEX pool_members_by_user ON pool_members (user_id);

-- Every step of every dictation: where it led, who took it (NULL: the machine), and the words given for it. Turnaround is
-- read from here.
CREATE TABLE steps (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    dictation_id TEXT NOT NULL REFERENCES dictations (id),
    step         TEXT NOT NULL,
    phase        TEXT NOT NULL,
    state        TEXT NOT NULL,
    by_id        TEXT REFERENCES users (id),
    at           INTEGER NOT NULL,
    note         TEXT
) STRICT;
CREATE INDEX steps_by_dictation ON steps (dictation_id, seq);
CREATE INDEX steps_by_step ON steps (step, at);
CREATE TRIGGER steps_no_replace BEFORE INSERT ON steps
WHEN EXISTS (SELECT 1 FROM steps WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'steps are append-only'); END;
CREATE TRIGGER steps_no_update BEFORE UPDATE ON steps
BEGIN SELECT RAISE(ABORT, 'steps are append-only'); END;
CREATE TRIGGER steps_no_delete BEFORE DELETE ON steps
BEGIN SELECT RAISE(ABORT, 'steps are append-only'); END;

-- The transcriptions that are still to be made. Whether one waits, runs or was given up says the dictation itself
-- (recorded: pending, in progress, suspended); here is what only the queue knows.
CREATE TABLE jobs (
    dictation_id TEXT PRIMARY KEY REFERENCES dictations (id),
    -- Claims so far; the number tells the newest claim from one that lapsed.
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- Since a person last said that it should be tried.
    failures     INTEGER NOT NULL DEFAULT 0,
    not_before   INTEGER NOT NULL,
    lease_until  INTEGER
) STRICT;
CREATE INDEX jobs_running ON jobs (lease_until) WHERE lease_until IS NOT NULL;

-- A signed report that was entered in error stays as it was signed; this stands beside it.
CREATE TABLE retractions (
    report_id TEXT PRIMARY KEY REFERENCES reports (id),
    by_id     TEXT NOT NULL REFERENCES users (id),
    at        INTEGER NOT NULL,
    reason    TEXT NOT NULL CHECK (reason <> '')
) STRICT;
CREATE TRIGGER retractions_of_signed_only BEFORE INSERT ON retractions
WHEN EXISTS (SELECT 1 FROM retractions WHERE report_id = NEW.report_id)
  OR (SELECT status FROM reports WHERE id = NEW.report_id) = 'draft'
BEGIN SELECT RAISE(ABORT, 'a signed report is retracted once'); END;
CREATE TRIGGER retractions_no_update BEFORE UPDATE ON retractions
BEGIN SELECT RAISE(ABORT, 'retractions are append-only'); END;
CREATE TRIGGER retractions_no_delete BEFORE DELETE ON retractions
BEGIN SELECT RAISE(ABORT, 'retractions are append-only'); END;

-- A dictation that was taken away, or whose report was retracted, takes no further step.
CREATE TRIGGER dictations_deleted_no_step BEFORE UPDATE OF phase, state ON dictations WHEN OLD.state = 'deleted'
BEGIN SELECT RAISE(ABORT, 'a deleted dictation takes no further step'); END;
CREATE TRIGGER dictations_filed_stay BEFORE UPDATE OF phase, state ON dictations
WHEN OLD.phase = 'filed' AND (NEW.phase <> 'filed' OR NEW.state NOT IN ('done', 'deleted'))
BEGIN SELECT RAISE(ABORT, 'a filed dictation stays filed'); END;

-- What was there before: its steps as far as they are known, and the queue.
INSERT INTO steps (dictation_id, step, phase, state, by_id, at)
    SELECT id, 'receive', 'recorded', 'pending', NULL, created_at FROM dictations;
INSERT INTO steps (dictation_id, step, phase, state, by_id, at)
    SELECT dictation_id, 'draft_for_author', 'awaiting_signature', 'pending', NULL, created_at FROM reports
    WHERE parent_id IS NULL;
INSERT INTO steps (dictation_id, step, phase, state, by_id, at)
    SELECT r.dictation_id, 'sign', 'signed', 'pending', s.signer_id, s.signed_at
    FROM signatures s JOIN reports r ON r.id = s.report_id WHERE r.parent_id IS NULL;
INSERT INTO steps (dictation_id, step, phase, state, by_id, at)
    SELECT dictation_id, 'file', 'filed', 'done', NULL, filed_at FROM reports
    WHERE parent_id IS NULL AND filed_at IS NOT NULL;
-- A transcription that was under way is begun again.
UPDATE dictations SET state = 'pending' WHERE phase = 'recorded' AND state = 'in_progress';
INSERT INTO jobs (dictation_id, not_before)
    SELECT id, created_at FROM dictations WHERE phase = 'recorded' AND state IN ('pending', 'suspended', 'rejected');
