-- When the platform was called for a delivery: after a restart the budgets start from it. Old ones are pruned.
CREATE TABLE calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    inbox_row INTEGER NOT NULL REFERENCES deliveries (inbox_row) ON DELETE CASCADE,
    at REAL NOT NULL
);
CREATE INDEX calls_at ON calls (at);
INSERT INTO calls (inbox_row, at) SELECT inbox_row, posted FROM posts;
DROP INDEX posts_posted;

-- Why an answer ended as it did, in words for its user; never sent to the model.
ALTER TABLE turns ADD COLUMN note TEXT NOT NULL DEFAULT '';
