-- Schema 4: in which epoch an item is encrypted, so that what a removed device could read is encrypted anew; which revisions
-- only say again what the one before said, and are no history; and why a profile is empty.
ALTER TABLE revisions ADD COLUMN restates INTEGER NOT NULL DEFAULT 0;
-- Of the latest revision's envelope, if that is good; 0 where it was not noted.
ALTER TABLE elements ADD COLUMN epoch INTEGER;
UPDATE elements SET epoch = 0 WHERE envelope IS NOT NULL AND EXISTS (
    SELECT 1 FROM revisions r WHERE r.item = elements.item AND r.revision = elements.revision AND r.fault IS NULL
);
CREATE INDEX elements_by_epoch ON elements (epoch) WHERE epoch IS NOT NULL;
CREATE TABLE farewell (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account BLOB NOT NULL,
    remover TEXT NOT NULL,
    at INTEGER NOT NULL,
    unsent INTEGER NOT NULL
);
