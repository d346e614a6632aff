-- Schema 1 of a device profile. `PRAGMA user_version` holds the number of the last schema; a newer one is refused.

CREATE TABLE profile (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account BLOB NOT NULL,
    device BLOB NOT NULL,
    server TEXT NOT NULL,
    ca BLOB,
    sealed_secrets BLOB NOT NULL,
    condition TEXT NOT NULL CHECK (condition IN ('creating', 'enrolling', 'joining', 'active')),
    stop_code TEXT,
    stop_detail TEXT,
    stop_at INTEGER
);

-- Both chains, verbatim. A commit beyond `vault.seq` is staged and counts for nothing.
CREATE TABLE roster_entries (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, signature BLOB NOT NULL);
CREATE TABLE commits (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL, signature BLOB NOT NULL);
CREATE TABLE sealed_keys (roster_seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE links (
    roster_seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (roster_seq, epoch)
) WITHOUT ROWID;
CREATE TABLE vault (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    state BLOB NOT NULL
);
CREATE TABLE heads (
    chain TEXT PRIMARY KEY CHECK (chain IN ('roster', 'vault')),
    seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL
) WITHOUT ROWID;

-- What the set hash counts; `envelope` is null for a tombstone.
CREATE TABLE elements (item BLOB PRIMARY KEY, revision INTEGER NOT NULL, envelope BLOB) WITHOUT ROWID;
-- The last ten revisions of each item; one with a fault is quarantined. `seq` is its commit's, unless it came by a snapshot.
CREATE TABLE revisions (
    item BLOB NOT NULL,
    revision INTEGER NOT NULL,
    envelope BLOB,
    seq INTEGER,
    author BLOB,
    fault TEXT,
    PRIMARY KEY (item, revision)
) WITHOUT ROWID;
CREATE INDEX revisions_by_envelope ON revisions (envelope);
CREATE INDEX faults ON revisions (fault) WHERE fault IS NOT NULL;
-- `staged` until a revision in force names it.
CREATE TABLE envelopes (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL, staged INTEGER NOT NULL);
CREATE INDEX staged_envelopes ON envelopes (staged) WHERE staged = 1;

-- This device's own: edits that no acknowledged commit holds, and messages whose fate is not known.
CREATE TABLE edits (id INTEGER PRIMARY KEY AUTOINCREMENT, item BLOB NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE outbox (
    kind TEXT PRIMARY KEY CHECK (kind IN ('account', 'roster', 'commit')),
    message BLOB NOT NULL,
    edits BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE enrolment_failures (at INTEGER NOT NULL);
-- An enrolment from before it opens its commitment until the device has joined.
CREATE TABLE enrolment (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL);
