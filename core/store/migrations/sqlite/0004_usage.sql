-- Money is in nano-dollars (a billionth of a dollar), so that no sum is ever rounded.

-- What each request to a model used: the ledger. estimated: the endpoint did not say, so it was counted from the text.
CREATE TABLE usage (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    inbox_row INTEGER NOT NULL,  -- the turn; 0 for what nobody asked for (a summary)
    subject TEXT NOT NULL,
    chat TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX usage_row ON usage (inbox_row);
CREATE INDEX usage_at ON usage (at);

-- The ledger's sums: who ("house", "user", "chat", "model") in which day ("2026-11-22") and month ("2026-11").
CREATE TABLE sums (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    period TEXT NOT NULL,
    label TEXT NOT NULL,  -- a person's name
    requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (kind, name, period)
) WITHOUT ROWID;
CREATE INDEX sums_period ON sums (period, kind, cost);

-- What answers that are being written may still cost. It goes when they are paid; one that a crash left behind is
-- settled when its inbox row is taken up again, and no longer counts after an hour.
CREATE TABLE reservations (
    inbox_row INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    chat TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    at REAL NOT NULL
);

-- Which limits were told to the admins, how far they were used up: once each.
CREATE TABLE budget_alerts (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    period TEXT NOT NULL,
    percent INTEGER NOT NULL,
    PRIMARY KEY (kind, name, period, percent)
) WITHOUT ROWID;
