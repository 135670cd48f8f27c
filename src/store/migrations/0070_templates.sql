-- Ready texts ("AutoText") of the site and of physicians. A version is added once, may be revoked once, and stays; a
-- change revokes the version that it takes the place of and adds another.
CREATE TABLE templates (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    layer      TEXT NOT NULL CHECK (layer IN ('site', 'physician')),
    owner      TEXT NOT NULL CHECK ((owner = '') = (layer = 'site')),
    name       TEXT NOT NULL CHECK (name <> ''),
    -- The name as it is compared: small letters, single spaces, no marks.
    key        TEXT NOT NULL CHECK (key <> ''),
    -- What else it is called by, a list of texts.
    spoken     TEXT NOT NULL CHECK (json_valid(spoken)),
    body       TEXT NOT NULL CHECK (body <> ''),
    -- Document type that it is meant for; NULL: any.
    kind       TEXT CHECK (kind <> ''),
    added_by   TEXT NOT NULL,
    added_at   INTEGER NOT NULL,
    revoked_by TEXT,
    revoked_at INTEGER,
    CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX templates_in_force ON templates (layer, owner, key) WHERE revoked_at IS NULL;

CREATE TRIGGER templates_no_replace BEFORE INSERT ON templates
WHEN EXISTS (SELECT 1 FROM templates WHERE seq = NEW.seq)
  OR (NEW.revoked_at IS NULL AND EXISTS (
      SELECT 1 FROM templates
      WHERE layer = NEW.layer AND owner = NEW.owner AND key = NEW.key AND revoked_at IS NULL))
BEGIN SELECT RAISE(ABORT, 'a ready text is never replaced'); END;
CREATE TRIGGER templates_no_delete BEFORE DELETE ON templates
BEGIN SELECT RAISE(ABORT, 'a ready text is revoked, never deleted'); END;
CREATE TRIGGER templates_revoked_once BEFORE UPDATE ON templates
WHEN OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.layer <> OLD.layer OR NEW.owner <> OLD.owner OR NEW.name <> OLD.name
  OR NEW.key <> OLD.key OR NEW.spoken <> OLD.spoken OR NEW.body <> OLD.body OR NEW.kind IS NOT OLD.kind
  OR NEW.added_by <> OLD.added_by OR NEW.added_at <> OLD.added_at
BEGIN SELECT RAISE(ABORT, 'a ready text is revoked once and changes in nothing else'); END;
