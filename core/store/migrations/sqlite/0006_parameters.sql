-- How a conversation is to be answered; empty: as its role and the settings say. length: tokens of an answer.
ALTER TABLE sessions ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN temperature DOUBLE PRECISION;
ALTER TABLE sessions ADD COLUMN length INTEGER;
-- What a reasoning model thought before it answered, when that is shown. It is never sent to a model.
ALTER TABLE turns ADD COLUMN thoughts TEXT NOT NULL DEFAULT '';
