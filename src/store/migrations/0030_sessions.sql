-- How a session's owner proved who they are for the next signature, and when; a signature takes it away.
ALTER TABLE sessions ADD COLUMN proof TEXT;
ALTER TABLE sessions ADD COLUMN proof_at INTEGER;
