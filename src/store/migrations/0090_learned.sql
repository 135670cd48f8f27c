-- What physicians' signed reports teach: where a person wrote something else than what was heard. Digits, doses, sides,
-- negations and names never get here.
CREATE TABLE learned_reports (
    report_id TEXT PRIMARY KEY REFERENCES reports (id),
    at        INTEGER NOT NULL
) STRICT;
CREATE TABLE learned_pairs (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id    TEXT NOT NULL REFERENCES reports (id),
    physician_id TEXT NOT NULL REFERENCES users (id),
    -- The words as heard, and what was written, both as they are compared; and as it was written.
    heard        TEXT NOT NULL CHECK (heard <> ''),
    key          TEXT NOT NULL CHECK (key <> ''),
    written      TEXT NOT NULL CHECK (written <> '')
) STRICT;
CREATE INDEX learned_pairs_by_words ON learned_pairs (physician_id, heard, key);

-- What a person said about making a rule of it, and how many places of signed reports it would have made worse then.
CREATE TABLE learned_decisions (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    physician_id TEXT NOT NULL REFERENCES users (id),
    heard        TEXT NOT NULL,
    key          TEXT NOT NULL,
    accepted     INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    -- The change of the dictionary that it became.
    change       INTEGER CHECK (change IS NULL OR accepted = 1),
    worse        INTEGER NOT NULL CHECK (worse >= 0),
    made_by      TEXT NOT NULL,
    made_at      INTEGER NOT NULL
) STRICT;
CREATE TRIGGER learned_decisions_no_replace BEFORE INSERT ON learned_decisions
WHEN EXISTS (SELECT 1 FROM learned_decisions WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER learned_decisions_no_update BEFORE UPDATE ON learned_decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER learned_decisions_no_delete BEFORE DELETE ON learned_decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
