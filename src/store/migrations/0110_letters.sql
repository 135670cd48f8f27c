-- Signed reports on their way to somebody. A letter stays as it was written; one that was not to go out is withdrawn.
CREATE TABLE letters (
    id         TEXT PRIMARY KEY,
    report_id  TEXT NOT NULL REFERENCES reports (id),
    to_name    TEXT NOT NULL CHECK (to_name <> ''),
    to_address TEXT NOT NULL,
    -- How many get a copy.
    copies     INTEGER NOT NULL CHECK (copies >= 0),
    made_by    TEXT NOT NULL REFERENCES users (id),
    made_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX letters_by_report ON letters (report_id, made_at);
CREATE TABLE letter_copies (
    letter_id TEXT NOT NULL REFERENCES letters (id),
    idx       INTEGER NOT NULL CHECK (idx >= 0),
    name      TEXT NOT NULL CHECK (name <> ''),
    address   TEXT NOT NULL,
    PRIMARY KEY (letter_id, idx)
) STRICT;
CREATE TABLE letter_withdrawals (
    letter_id TEXT PRIMARY KEY REFERENCES letters (id),
    by_id     TEXT NOT NULL REFERENCES users (id),
    at        INTEGER NOT NULL,
    reason    TEXT NOT NULL CHECK (reason <> '')
) STRICT;

CREATE TRIGGER letters_of_signed_reports BEFORE INSERT ON letters
WHEN EXISTS (SELECT 1 FROM letters WHERE id = NEW.id)
  OR (SELECT status FROM reports WHERE id = NEW.report_id) = 'draft'
  OR EXISTS (SELECT 1 FROM retractions WHERE report_id = NEW.report_id)
BEGIN SELECT RAISE(ABORT, 'only what is signed and holds becomes a letter'); END;
CREATE TRIGGER letters_no_update BEFORE UPDATE ON letters
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
CREATE TRIGGER letters_no_delete BEFORE DELETE ON letters
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
CREATE TRIGGER letter_copies_as_written BEFORE INSERT ON letter_copies
WHEN EXISTS (SELECT 1 FROM letter_copies WHERE letter_id = NEW.letter_id AND idx = NEW.idx)
  OR NEW.idx >= (SELECT copies FROM letters WHERE id = NEW.letter_id)
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
CREATE TRIGGER letter_copies_no_update BEFORE UPDATE ON letter_copies
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
CREATE TRIGGER letter_copies_no_delete BEFORE DELETE ON letter_copies
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
CREATE TRIGGER letter_withdrawals_once BEFORE INSERT ON letter_withdrawals
WHEN EXISTS (SELECT 1 FROM letter_withdrawals WHERE letter_id = NEW.letter_id)
BEGIN SELECT RAISE(ABORT, 'a letter is withdrawn once'); END;
CREATE TRIGGER letter_withdrawals_no_update BEFORE UPDATE ON letter_withdrawals
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
CREATE TRIGGER letter_withdrawals_no_delete BEFORE DELETE ON letter_withdrawals
BEGIN SELECT RAISE(ABORT, 'letters are append-only'); END;
