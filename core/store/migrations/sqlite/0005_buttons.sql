-- Whose question a turn answers and which message asked it, so that its buttons and edits of it find it again.
-- role: asked for this once. finish: why the model ended, in its own word ("length": it had more to say).
ALTER TABLE turns ADD COLUMN asker TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN message TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN finish TEXT NOT NULL DEFAULT '';
CREATE INDEX turns_message ON turns (message) WHERE message <> '';
