-- What lies over the base set of the dictionary: entries of the site, of a specialty, of a physician, of a patient. An
-- entry is added once, may be revoked once, and stays. `owner` is nothing, a specialty, or a user's or a patient's
-- identifier; entries that came at once share the number of their change.
CREATE TABLE dictionary_entries (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    change     INTEGER NOT NULL,
    layer      TEXT NOT NULL CHECK (layer IN ('site', 'specialty', 'physician', 'patient')),
    owner      TEXT NOT NULL CHECK ((owner = '') = (layer = 'site')),
    kind       TEXT NOT NULL CHECK (kind IN ('term', 'name', 'replacement')),
    key        TEXT NOT NULL CHECK (key <> ''),
    written    TEXT NOT NULL CHECK (written <> ''),
    -- How it is said; the words as heard of a replacement.
    spoken     TEXT CHECK (spoken <> ''),
    category   TEXT NOT NULL,
    origin     TEXT NOT NULL CHECK (origin IN ('typed', 'imported', 'learned')),
    added_by   TEXT NOT NULL,
    added_at   INTEGER NOT NULL,
    revoked_by TEXT,
    revoked_at INTEGER,
    CHECK (kind <> 'replacement' OR spoken IS NOT NULL),
    CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
) STRICT;
-- What is heard has one replacement in a layer, and what is written one entry.
CREATE UNIQUE INDEX dictionary_entries_in_force
    ON dictionary_entries (layer, owner, (kind = 'replacement'), key) WHERE revoked_at IS NULL;
CREATE INDEX dictionary_entries_by_change ON dictionary_entries (change);

-- A replacement of a row would delete it without firing the trigger below, on a connection that did not ask for that.
CREATE TRIGGER dictionary_entries_no_replace BEFORE INSERT ON dictionary_entries
WHEN EXISTS (SELECT 1 FROM dictionary_entries WHERE seq = NEW.seq)
  OR (NEW.revoked_at IS NULL AND EXISTS (
      SELECT 1 FROM dictionary_entries
      WHERE layer = NEW.layer AND owner = NEW.owner AND (kind = 'replacement') = (NEW.kind = 'replacement')
        AND key = NEW.key AND revoked_at IS NULL))
BEGIN SELECT RAISE(ABORT, 'an entry of the dictionary is never replaced'); END;
CREATE TRIGGER dictionary_entries_no_delete BEFORE DELETE ON dictionary_entries
BEGIN SELECT RAISE(ABORT, 'an entry of the dictionary is revoked, never deleted'); END;
CREATE TRIGGER dictionary_entries_revoked_once BEFORE UPDATE ON dictionary_entries
WHEN OLD.revoked_at IS NOT NULL
  OR NEW.revoked_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.change <> OLD.change OR NEW.layer <> OLD.layer OR NEW.owner <> OLD.owner
  OR NEW.kind <> OLD.kind OR NEW.key <> OLD.key OR NEW.written <> OLD.written OR NEW.spoken IS NOT OLD.spoken
  OR NEW.category <> OLD.category OR NEW.origin <> OLD.origin
  OR NEW.added_by <> OLD.added_by OR NEW.added_at <> OLD.added_at
BEGIN SELECT RAISE(ABORT, 'an entry of the dictionary is revoked once and changes in nothing else'); END;

-- The specialty whose layer lies over what a physician dictates.
ALTER TABLE users ADD COLUMN specialty TEXT CHECK (specialty <> '');
