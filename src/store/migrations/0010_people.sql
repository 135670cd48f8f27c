-- How people and programs get in, and what they were let into. No password and no token is stored, only hashes.

-- What a user needs to log in; a user without a row cannot.
CREATE TABLE accounts (
    user_id          TEXT PRIMARY KEY REFERENCES users (id),
    -- Argon2id, as a PHC string; NULL: no password yet.
    password_hash    TEXT,
    -- The password was set by somebody else and is to be changed before anything else.
    password_due     INTEGER NOT NULL DEFAULT 0 CHECK (password_due IN (0, 1)),
    totp_secret      BLOB CHECK (totp_secret IS NULL OR length(totp_secret) = 20),
    totp_confirmed   INTEGER NOT NULL DEFAULT 0 CHECK (totp_confirmed IN (0, 1)),
    -- The 30-second step of the last code that was accepted: a code counts once.
    totp_last_step   INTEGER,
    disabled_at      INTEGER,
    CHECK (totp_confirmed = 0 OR totp_secret IS NOT NULL)
) STRICT;

-- Attempts to get in, by login name and by place, as SHA-256 of "user:dr.a" and "from:192.0.2.7". A right one takes
-- the name's row away.
CREATE TABLE attempts (
    key      TEXT PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    last_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_time ON attempts (last_at);

CREATE TABLE sessions (
    -- SHA-256 (hex) of the token.
    token_hash   TEXT PRIMARY KEY CHECK (length(token_hash) = 64),
    user_id      TEXT NOT NULL REFERENCES users (id),
    via          TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- When its owner first proved who they are for a signature.
    proven_at    INTEGER,
    ended_at     INTEGER,
    end_reason   TEXT CHECK (end_reason IN ('logged_out', 'idle', 'expired', 'revoked')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;
CREATE INDEX sessions_open ON sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE service_tokens (
    token_hash TEXT PRIMARY KEY CHECK (length(token_hash) = 64),
    user_id    TEXT NOT NULL REFERENCES users (id),
    scopes     TEXT NOT NULL CHECK (scopes <> ''),
    created_at INTEGER NOT NULL,
    -- NULL: until it is revoked.
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX service_tokens_by_user ON service_tokens (user_id);

CREATE TABLE emergency_access (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    TEXT NOT NULL REFERENCES users (id),
    patient_id TEXT NOT NULL REFERENCES patients (id),
    reason     TEXT NOT NULL CHECK (reason <> ''),
    opened_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL CHECK (ends_at > opened_at)
) STRICT;
CREATE INDEX emergency_access_open ON emergency_access (user_id, patient_id, ends_at);

-- What is asked when somebody wants to see a record: had they a dictation of this patient?
CREATE INDEX dictations_by_author ON dictations (author_id, patient_id);
CREATE INDEX encounters_by_physician ON encounters (physician_id, patient_id);

CREATE TRIGGER sessions_do_not_begin_again BEFORE UPDATE ON sessions WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a session that ended stays so'); END;
CREATE TRIGGER sessions_keep_their_owner BEFORE UPDATE OF token_hash, user_id, created_at ON sessions
BEGIN SELECT RAISE(ABORT, 'a session keeps its owner'); END;
CREATE TRIGGER service_tokens_keep_their_scopes BEFORE UPDATE OF token_hash, user_id, scopes, created_at ON service_tokens
BEGIN SELECT RAISE(ABORT, 'a token keeps its scopes'); END;
CREATE TRIGGER service_tokens_stay_revoked BEFORE UPDATE ON service_tokens WHEN OLD.revoked_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a revoked token stays so'); END;
CREATE TRIGGER emergency_access_no_update BEFORE UPDATE ON emergency_access
BEGIN SELECT RAISE(ABORT, 'emergency access is append-only'); END;
CREATE TRIGGER emergency_access_no_delete BEFORE DELETE ON emergency_access
BEGIN SELECT RAISE(ABORT, 'emergency access is append-only'); END;
CREATE TRIGGER emergency_access_no_replace BEFORE INSERT ON emergency_access
WHEN EXISTS (SELECT 1 FROM emergency_access WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'emergency access is append-only'); END;
