-- Posts that were begun and not answered: each may be a message on screen whose id nobody knows.
CREATE TABLE doubts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    inbox_row INTEGER NOT NULL REFERENCES deliveries (inbox_row) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    sent TEXT NOT NULL,
    follows TEXT NOT NULL  -- the message before it: the question's, or the last page's
);
CREATE INDEX doubts_row ON doubts (inbox_row);
CREATE INDEX posts_id ON posts (id);
