-- Schema 3: the server's word for every head that it acknowledged, not only for the latest: a restored server takes back
-- what it has once signed for.
CREATE TABLE receipts (
    chain TEXT NOT NULL CHECK (chain IN ('roster', 'vault')),
    seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) WITHOUT ROWID;
INSERT INTO receipts (chain, seq, head, body, signature) SELECT chain, seq, head, body, signature FROM heads;
