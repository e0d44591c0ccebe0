-- Times are unix seconds, booleans 0 or 1, JSON is text.
-- The column inbox_row is the id of the inbox row that an answer belongs to.

-- What a platform handed over, from "got it" until it is answered. Once done, its text is dropped.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of arrival
    lane TEXT NOT NULL,
    platform TEXT NOT NULL,
    bot TEXT NOT NULL,
    event TEXT NOT NULL,
    incoming TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done')),
    tries INTEGER NOT NULL DEFAULT 0,
    received REAL NOT NULL,
    UNIQUE (platform, bot, event)
);
CREATE INDEX inbox_waiting ON inbox (lane, id) WHERE state = 'waiting';

-- Who may write for a lane: only the newest epoch.
CREATE TABLE leases (
    lane TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order they were made in
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    platform TEXT NOT NULL,
    bot TEXT NOT NULL,
    chat TEXT NOT NULL,
    title TEXT NOT NULL,
    role TEXT NOT NULL,
    role_prompt TEXT NOT NULL,
    language TEXT NOT NULL,
    streaming INTEGER NOT NULL,
    turns INTEGER NOT NULL DEFAULT 0,  -- the newest turn's seq
    created REAL NOT NULL,
    updated REAL NOT NULL
);
CREATE INDEX sessions_key ON sessions (key, updated);
CREATE INDEX sessions_chat ON sessions (platform, bot, chat, updated);

CREATE TABLE current_sessions (
    key TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX current_sessions_session ON current_sessions (session);

-- Clustered by session: what a turn reads lies together on disk (14 times faster from a cold disk).
CREATE TABLE turns (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    inbox_row INTEGER NOT NULL UNIQUE,
    author TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'stopped', 'failed')),
    replaced INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    PRIMARY KEY (session, seq)
) WITHOUT ROWID;

-- How far an answer got on screen.
CREATE TABLE deliveries (
    inbox_row INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'final'))
);

CREATE TABLE posts (
    inbox_row INTEGER NOT NULL REFERENCES deliveries (inbox_row) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    id TEXT NOT NULL,
    posted REAL NOT NULL,
    PRIMARY KEY (inbox_row, page)
) WITHOUT ROWID;
CREATE INDEX posts_posted ON posts (posted);

CREATE TABLE access (
    subject TEXT PRIMARY KEY,
    level TEXT NOT NULL CHECK (level IN ('admin', 'member')),
    name TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE pairings (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    expires REAL NOT NULL
);

-- hash: sha256 of a token. kind: a link works once and becomes a cookie.
CREATE TABLE logins (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('link', 'cookie')),
    person TEXT NOT NULL,
    expires REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX logins_expires ON logins (expires);

CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
