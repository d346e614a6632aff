-- Schema 2: a device keeps its enrolment from before it opens its commitment until it has joined.

CREATE TABLE enrolment (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL);

CREATE TABLE profile_2 (
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
INSERT INTO profile_2 SELECT * FROM profile;
DROP TABLE profile;
ALTER TABLE profile_2 RENAME TO profile;

-- An AddDevice of schema 1 waits here to be sent by a later sync, which nobody would expect.
DELETE FROM outbox WHERE kind = 'roster';
