-- The code of each row of the trail over itself and the row before it (HMAC-SHA-256, hex). A row is sealed once, by the
-- transaction that writes it; the migration seals those that are there.
ALTER TABLE audit ADD COLUMN mac TEXT;
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX sessions_by_user ON sessions (user_id, last_seen_at);

DROP TRIGGER audit_no_update;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
WHEN OLD.mac IS NOT NULL OR NEW.mac IS NULL OR NEW.seq <> OLD.seq OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor
  OR NEW.via <> OLD.via OR NEW.action <> OLD.action OR NEW.subject_kind <> OLD.subject_kind
  OR NEW.subject_id <> OLD.subject_id OR NEW.patient_id IS NOT OLD.patient_id OR NEW.details <> OLD.details
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
