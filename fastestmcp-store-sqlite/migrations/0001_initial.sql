-- Names, keys, ids, owners, queues and topics are BLOBs: compared byte by byte, NUL included.
-- Moments are milliseconds since the Unix epoch. `ns` is namespace.id everywhere.

-- One row. `counter` numbers versions, tokens, offsets and scopes, and outlives them all; `stamp` is the store's time
-- at the last write.
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    min_supported_format INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    stamp INTEGER NOT NULL
) STRICT;
INSERT INTO meta (one, min_supported_format, counter, stamp) VALUES (1, 1, 0, 0);

-- `forgotten`: topics that vanished held offsets below this.
CREATE TABLE namespace (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE,
    forgotten INTEGER NOT NULL DEFAULT 0
) STRICT;

-- `id` is the incarnation: a scope that is deleted and made again has another one.
CREATE TABLE scope (
    id INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name BLOB NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    ends INTEGER
) STRICT;
CREATE UNIQUE INDEX scope_name ON scope (ns, kind, name);
CREATE INDEX scope_expiry ON scope (ns, kind, expires) WHERE expires IS NOT NULL;

CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    expires INTEGER,
    value BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_key ON entry (scope, key);
CREATE INDEX entry_expiry ON entry (ns, expires) WHERE expires IS NOT NULL;

-- Incarnations whose entries the sweep still has to remove.
CREATE TABLE grave (
    scope INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL
) STRICT;
CREATE INDEX grave_ns ON grave (ns);

CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    name BLOB NOT NULL,
    owner BLOB NOT NULL,
    session BLOB,
    queue BLOB NOT NULL,
    priority INTEGER NOT NULL,
    status INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    expires INTEGER,
    open INTEGER NOT NULL,
    due INTEGER,
    worker BLOB,
    token INTEGER,
    version INTEGER NOT NULL,
    claims INTEGER NOT NULL,
    idempotency_key BLOB,
    idempotency_digest BLOB
) STRICT;
CREATE UNIQUE INDEX task_name ON task (ns, name);
CREATE UNIQUE INDEX task_idempotency ON task (ns, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX task_due ON task (ns, queue, priority, due, name) WHERE due IS NOT NULL;
CREATE INDEX task_open ON task (ns, owner, expires) WHERE open = 1;
CREATE INDEX task_list ON task (ns, created, name);
CREATE INDEX task_list_owner ON task (ns, owner, created, name);
CREATE INDEX task_list_status ON task (ns, owner, status, created, name);
CREATE INDEX task_expiry ON task (ns, expires) WHERE expires IS NOT NULL;

-- Apart from the head, so that a progress write rewrites neither a large request nor an index.
CREATE TABLE task_spec (
    id INTEGER PRIMARY KEY,
    spec BLOB NOT NULL
) STRICT;
CREATE TABLE task_state (
    id INTEGER PRIMARY KEY,
    state BLOB NOT NULL
) STRICT;

-- `floor`: events up to this offset may be gone. `events` and `bytes`: how many it holds, and those of their payloads.
-- `dies`: when a topic that nobody writes disappears.
CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    name BLOB NOT NULL,
    floor INTEGER NOT NULL,
    head INTEGER NOT NULL,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    dies INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX topic_name ON topic (ns, name);
CREATE INDEX topic_dies ON topic (ns, dies);

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL,
    appended INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX event_topic ON event (topic);

-- Volatile hints to other handles; `id` has no holes, so a listener sees that it missed some.
CREATE TABLE wake (
    id INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    channel BLOB NOT NULL
) STRICT;
