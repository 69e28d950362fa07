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
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- All that is asked about runs but their bytes: one that cannot be read stands in nobody's way.
CREATE INDEX run_by_place ON run (log, last, id, first, size);

-- Which entries name which others, by how their ids begin: their author had seen it, or edits it.
CREATE TABLE seen (
    id BLOB NOT NULL,
    log INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (id, log, seq)
) STRICT, WITHOUT ROWID;

-- What a person sees of it; of kind 0 is what acts on another one, and is on no page.
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry BLOB NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    log INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    "order" INTEGER NOT NULL,
    since INTEGER NOT NULL,
    keep_for INTEGER NOT NULL DEFAULT 0,
    reply_to BLOB NOT NULL DEFAULT x'',
    edited INTEGER NOT NULL DEFAULT 0,
    kind INTEGER NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    span INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Ids are random, so each is written to another page: the fewer of them the better.
CREATE INDEX message_by_id ON message (substr(entry, 1, 8));
CREATE UNIQUE INDEX message_by_order ON message (conversation, "order", entry) WHERE kind > 0;
CREATE INDEX message_by_place ON message (log, seq) WHERE kind IN (1, 2);
CREATE INDEX message_by_end ON message (since + keep_for) WHERE keep_for > 0;

-- What can be searched. Filled after the commits that show messages, when nothing else is to be
-- done: messages behind the last one here are searched by reading them.
CREATE VIRTUAL TABLE word USING fts5 (
    tokens,
    content = '',
    columnsize = 0,
    detail = none,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);

-- What was shown and is no longer leaves no trace in its pages either.
INSERT INTO word (word, rank) VALUES ('secure-delete', 1);

-- The messages that it holds, with what they are sorted by.
CREATE TABLE indexed (
    message INTEGER PRIMARY KEY,
    "order" INTEGER NOT NULL
) STRICT;

-- What it still holds, and is not shown any more.
CREATE TABLE stale (
    message INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TRIGGER message_moved AFTER UPDATE OF "order" ON message BEGIN
    UPDATE indexed SET "order" = new."order" WHERE message = new.id;
END;

CREATE TRIGGER message_reworded AFTER UPDATE OF text ON message WHEN old.text <> new.text BEGIN
    INSERT INTO stale (message, conversation, text)
    SELECT message, old.conversation, old.text FROM indexed WHERE message = old.id;
    DELETE FROM indexed WHERE message = old.id;
END;

CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN
    INSERT INTO stale (message, conversation, text)
    SELECT message, old.conversation, old.text FROM indexed WHERE message = old.id;
    DELETE FROM indexed WHERE message = old.id;
END;

-- What counts of each account's acts of a kind on an entry.
CREATE TABLE act (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    target BLOB NOT NULL,
    account BLOB NOT NULL,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    entry BLOB NOT NULL,
    content BLOB NOT NULL DEFAULT x'',
    UNIQUE (conversation, target, account, kind)
) STRICT;
