-- Version 1. Later versions add numbered files beside this one and never change what stands.

-- What `Node::new` loads: rows the machine wrote for itself.
CREATE TABLE state (
    kind INTEGER NOT NULL,
    key BLOB NOT NULL,
    bytes BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Long names get small numbers.
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    device BLOB NOT NULL,
    account BLOB NOT NULL,
    UNIQUE (conversation, device)
) STRICT;

-- What was said, as the very bytes its author signed.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log INTEGER NOT NULL REFERENCES log (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE INDEX run_by_place ON run (log, last);

-- Which entries name which others, by how their ids begin, as seen by their author.
CREATE TABLE seen (
    id BLOB NOT NULL,
    log INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (id, log, seq)
) STRICT, WITHOUT ROWID;

-- What a person sees of it.
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry BLOB NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    log INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    "order" INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    text TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX message_by_order ON message (conversation, "order", entry);
