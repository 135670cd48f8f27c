-- Ready texts that an author put between the words, by key, while dictating: where, in seconds of the recording, and what
-- is written there. In the order of the text.
CREATE TABLE placed_texts (
    dictation_id TEXT NOT NULL REFERENCES dictations (id),
    n            INTEGER NOT NULL CHECK (n >= 0),
    at_s         REAL NOT NULL CHECK (at_s >= 0),
    text         TEXT NOT NULL CHECK (text <> ''),
    PRIMARY KEY (dictation_id, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER placed_texts_stay BEFORE UPDATE ON placed_texts BEGIN SELECT RAISE(ABORT, 'placed texts stay'); END;
CREATE TRIGGER placed_texts_are_kept BEFORE DELETE ON placed_texts BEGIN SELECT RAISE(ABORT, 'placed texts are kept'); END;
