-- What is known about a patient beside the reports: allergies, medications, problems, one line each. A line that no
-- longer holds is withdrawn and stays.
CREATE TABLE entries (
    seq          INTEGER PRIMARY KEY,
    patient_id   TEXT NOT NULL REFERENCES patients (id),
    kind         TEXT NOT NULL CHECK (kind IN ('allergy', 'medication', 'problem')),
    text         TEXT NOT NULL CHECK (text <> ''),
    created_at   INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE UNIQUE INDEX entries_that_hold ON entries (patient_id, kind, text) WHERE withdrawn_at IS NULL;
