-- What is removed after its time, and what is not, because somebody may have to show it.

-- A legal hold: nothing of this patient's is removed until it is lifted.
CREATE TABLE holds (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    patient_id  TEXT NOT NULL REFERENCES patients (id),
    reason      TEXT NOT NULL CHECK (reason <> ''),
    placed_by   TEXT NOT NULL REFERENCES users (id),
    placed_at   INTEGER NOT NULL,
    lifted_by   TEXT REFERENCES users (id),
    lifted_at   INTEGER,
    lift_reason TEXT,
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL))
) STRICT;
CREATE UNIQUE INDEX holds_in_force ON holds (patient_id) WHERE lifted_at IS NULL;
CREATE TRIGGER holds_no_replace BEFORE INSERT ON holds
WHEN EXISTS (SELECT 1 FROM holds WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'a hold is never replaced'); END;
CREATE TRIGGER holds_are_lifted_once BEFORE UPDATE ON holds
WHEN OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL OR NEW.patient_id <> OLD.patient_id OR NEW.reason <> OLD.reason
  OR NEW.placed_by <> OLD.placed_by OR NEW.placed_at <> OLD.placed_at
BEGIN SELECT RAISE(ABORT, 'a hold is lifted once and otherwise stays as it was placed'); END;
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'a hold is never deleted'); END;

-- Recordings whose time was over. The take that names one stays as it was, with its sum and length.
CREATE TABLE removed_sounds (
    sha256     TEXT PRIMARY KEY,
    removed_at INTEGER NOT NULL,
    -- How many days recordings were kept at that time.
    days       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER removed_sounds_no_replace BEFORE INSERT ON removed_sounds
WHEN EXISTS (SELECT 1 FROM removed_sounds WHERE sha256 = NEW.sha256)
BEGIN SELECT RAISE(ABORT, 'a recording is removed once'); END;
CREATE TRIGGER removed_sounds_are_over BEFORE INSERT ON removed_sounds
WHEN NOT EXISTS (SELECT 1 FROM takes WHERE sha256 = NEW.sha256)
  OR EXISTS (SELECT 1 FROM takes t JOIN dictations d ON d.id = t.dictation_id
             WHERE t.sha256 = NEW.sha256
               AND NOT (d.state = 'deleted' OR (d.phase = 'filed' AND d.state = 'done')))
  OR EXISTS (SELECT 1 FROM takes t JOIN reports r ON r.dictation_id = t.dictation_id
             JOIN dictations d ON d.id = t.dictation_id
             WHERE t.sha256 = NEW.sha256 AND d.state <> 'deleted' AND r.status <> 'filed')
BEGIN SELECT RAISE(ABORT, 'the recording of a dictation that is under way is kept'); END;
CREATE TRIGGER removed_sounds_are_not_held BEFORE INSERT ON removed_sounds
WHEN EXISTS (SELECT 1 FROM takes t JOIN dictations d ON d.id = t.dictation_id
             JOIN holds h ON h.patient_id = d.patient_id
             WHERE t.sha256 = NEW.sha256 AND h.lifted_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'a legal hold keeps the recording'); END;
CREATE TRIGGER removed_sounds_no_update BEFORE UPDATE ON removed_sounds
BEGIN SELECT RAISE(ABORT, 'what was removed stays noted'); END;
CREATE TRIGGER removed_sounds_no_delete BEFORE DELETE ON removed_sounds
BEGIN SELECT RAISE(ABORT, 'what was removed stays noted'); END;
