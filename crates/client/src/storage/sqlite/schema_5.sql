-- Schema 5: what proves to anybody that the server has signed two histories.
CREATE TABLE proof (id INTEGER PRIMARY KEY CHECK (id = 1), bytes BLOB NOT NULL);
