-- Schema 2: the device's secrets under a keyring's key, beside those under the passphrase.
CREATE TABLE keyring (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL);
