-- How long a workspace keeps the data of its events: NULL as long as the events, 0 until all of it is
-- delivered, else so many milliseconds.
ALTER TABLE workspaces ADD COLUMN keep_data INTEGER;
CREATE INDEX workspaces_keeping ON workspaces (seq) WHERE keep_data IS NOT NULL;
