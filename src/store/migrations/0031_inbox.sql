-- Recordings that came by themselves and of which it is not certain whose they are, or who dictated them. The sound lies
-- in the audio store under its sha256. A row per recording, however often it is delivered.
CREATE TABLE inbox (
    id            TEXT PRIMARY KEY,
    sha256        TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    bytes         INTEGER NOT NULL CHECK (bytes > 0),
    original_name TEXT NOT NULL,
    source        TEXT NOT NULL CHECK (source <> ''),
    -- What is known, by field.
    hints         TEXT NOT NULL CHECK (json_valid(hints)),
    -- Why that is not enough.
    reason        TEXT NOT NULL CHECK (reason <> ''),
    -- Only a person can settle it: sources disagree. Otherwise a patient or a physician may just not be there yet.
    by_hand       INTEGER NOT NULL CHECK (by_hand IN (0, 1)),
    received_at   INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'assigned', 'discarded')),
    dictation_id  TEXT REFERENCES dictations (id),
    ended_at      INTEGER,
    ended_by      TEXT,
    note          TEXT,
    CHECK ((state = 'assigned') = (dictation_id IS NOT NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((state = 'discarded') = (note IS NOT NULL))
) STRICT;
CREATE INDEX inbox_waiting ON inbox (received_at) WHERE state = 'waiting';

CREATE TRIGGER inbox_assigned_no_update BEFORE UPDATE ON inbox WHEN OLD.state = 'assigned'
BEGIN SELECT RAISE(ABORT, 'what was assigned is a dictation and stays one'); END;
CREATE TRIGGER inbox_keeps_its_sound BEFORE UPDATE OF id, sha256, bytes, original_name, received_at ON inbox
BEGIN SELECT RAISE(ABORT, 'what is in the inbox keeps its sound'); END;
CREATE TRIGGER inbox_no_delete BEFORE DELETE ON inbox
BEGIN SELECT RAISE(ABORT, 'nothing leaves the inbox without a trace'); END;

-- Asked before a list is believed whose names come round again.
CREATE INDEX takes_by_name ON takes (original_name);
