-- Rows of the trail whose time is over leave as a closed beginning of it, in whose place a checkpoint stands: the number and
-- the code of the last row that left, on which the next one builds, so that what stays can still be checked.
CREATE TABLE audit_checkpoints (
    seq       INTEGER PRIMARY KEY,
    mac       TEXT NOT NULL CHECK (length(mac) = 64),
    -- Rows that left with it.
    rows      INTEGER NOT NULL CHECK (rows > 0),
    -- When the last of them was written.
    last_at   INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    -- HMAC-SHA-256 over all of this.
    seal      TEXT NOT NULL CHECK (length(seal) = 64)
) STRICT;
CREATE TRIGGER audit_checkpoints_go_on BEFORE INSERT ON audit_checkpoints
WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM audit_checkpoints)
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND mac = NEW.mac)
BEGIN SELECT RAISE(ABORT, 'a checkpoint takes the place of rows that are there'); END;
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint stays'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint stays'); END;

DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM audit_checkpoints)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
