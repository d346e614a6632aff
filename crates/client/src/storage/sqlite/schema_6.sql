-- Schema 6: what this device's authenticator keeps of itself, sealed: the PIN and settings, and large blobs of no passkey here.
CREATE TABLE authenticator (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
