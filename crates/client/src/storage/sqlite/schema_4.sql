-- Schema 4: in which epoch an item is encrypted, so that what a removed device could read is encrypted anew; which revisions
-- only say again what the one before said, and are no history; and why a profile is empty.
ALTER TABLE revisions ADD COLUMN restates INTEGER NOT NULL DEFAULT 0;
-- Of the latest revision's envelope, if that is good; 0 where it was not noted.
ALTER TABLE elements ADD COLUMN epoch INTEGER;
UPDATE elements SET epoch = 0 WHERE envelope IS NOT NULL AND EXISTS (
    SELECT 1 FROM revisions r WHERE r.item = elements.item AND r.revision = elements.revision AND r.fault IS NULL
);
CREATE INDEX elements_by_epoch ON elements (epoch) WHERE epoch IS NOT NULL;
-- When this device last looked for passkeys whose 30 days are over.
CREATE TABLE purge (id INTEGER PRIMARY KEY CHECK (id = 1), looked_at INTEGER NOT NULL);
-- Who may open the profile, and how often somebody has tried.
CREATE TABLE lock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    is_locked INTEGER NOT NULL DEFAULT 0,
    idle_after INTEGER,
    used_at INTEGER,
    guesses INTEGER NOT NULL DEFAULT 0,
    guessed_at INTEGER
);
CREATE TABLE farewell (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account BLOB NOT NULL,
    remover TEXT NOT NULL,
    at INTEGER NOT NULL,
    unsent INTEGER NOT NULL
);
-- A further condition; SQLite changes no constraint in place.
CREATE TABLE profile_4 (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account BLOB NOT NULL,
    device BLOB NOT NULL,
    server TEXT NOT NULL,
    ca BLOB,
    sealed_secrets BLOB NOT NULL,
    condition TEXT NOT NULL CHECK (condition IN ('creating', 'enrolling', 'recovering', 'joining', 'active')),
    stop_code TEXT,
    stop_detail TEXT,
    stop_at INTEGER
);
INSERT INTO profile_4 SELECT id, account, device, server, ca, sealed_secrets, condition, stop_code, stop_detail, stop_at FROM profile;
DROP TABLE profile;
ALTER TABLE profile_4 RENAME TO profile;
