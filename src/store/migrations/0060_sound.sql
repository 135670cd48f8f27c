-- Sound on its way in: dictations that are being spoken, and recordings that are being uploaded. The sound itself lies in
-- files of the data folder that are named by the identifier alone.

CREATE TABLE live_dictations (
    id                TEXT PRIMARY KEY,
    author_id         TEXT NOT NULL REFERENCES users (id),
    patient_id        TEXT NOT NULL REFERENCES patients (id),
    encounter_id      TEXT REFERENCES encounters (id),
    identity_verified INTEGER NOT NULL CHECK (identity_verified IN (0, 1)),
    priority          INTEGER NOT NULL CHECK (priority IN (0, 1, 2)),
    route             TEXT NOT NULL CHECK (route IN ('author', 'secretary')),
    begun_at          INTEGER NOT NULL,
    -- When somebody last recorded.
    touched_at        INTEGER NOT NULL,
    -- What became of it: handed on, or thrown away by its author, who said why.
    dictation_id      TEXT REFERENCES dictations (id),
    discarded_at      INTEGER,
    reason            TEXT,
    CHECK (dictation_id IS NULL OR discarded_at IS NULL),
    CHECK ((discarded_at IS NULL) = (reason IS NULL))
) STRICT;
CREATE INDEX live_dictations_open ON live_dictations (author_id, begun_at)
WHERE dictation_id IS NULL AND discarded_at IS NULL;
CREATE TRIGGER live_dictations_no_delete BEFORE DELETE ON live_dictations
BEGIN SELECT RAISE(ABORT, 'a dictation is not deleted'); END;

CREATE TABLE uploads (
    id           TEXT PRIMARY KEY,
    by_id        TEXT NOT NULL REFERENCES users (id),
    -- Made by the sender, so that a request that is repeated makes one upload.
    request_key  TEXT,
    name         TEXT NOT NULL,
    bytes        INTEGER NOT NULL CHECK (bytes > 0),
    sha256       TEXT CHECK (length(sha256) = 64),
    mrn          TEXT NOT NULL,
    birth_date   TEXT,
    encounter    TEXT,
    author_id    TEXT NOT NULL REFERENCES users (id),
    priority     INTEGER NOT NULL CHECK (priority IN (0, 1, 2)),
    route        TEXT NOT NULL CHECK (route IN ('author', 'secretary')),
    -- Bytes that are on the disk for certain.
    received     INTEGER NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND bytes),
    -- Why a person has to decide; the word of a refusal.
    waits_for    TEXT,
    begun_at     INTEGER NOT NULL,
    touched_at   INTEGER NOT NULL,
    dictation_id TEXT REFERENCES dictations (id),
    UNIQUE (by_id, request_key)
) STRICT;
CREATE INDEX uploads_open ON uploads (by_id, begun_at) WHERE dictation_id IS NULL;
