-- first: the first turn that the model is sent. summary: what was said in the turns up to `folded`, in the model's words.
ALTER TABLE sessions ADD COLUMN first INTEGER NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN summary TEXT NOT NULL DEFAULT '';
