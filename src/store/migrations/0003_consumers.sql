-- The platform's customers. What belongs to one says so in `consumer_seq`; NULL is the platform's own.
-- Columns are added empty: no row is touched, whatever the size of the table.
CREATE TABLE consumers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    -- The platform's own id.
    uid TEXT,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    rate_limit REAL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    -- The last event that was erased; NULL where nothing is to be erased, or all of it was.
    erased_to INTEGER
) STRICT;
CREATE UNIQUE INDEX consumers_uid ON consumers (workspace_seq, uid)
    WHERE uid IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX consumers_named ON consumers (workspace_seq, name COLLATE NOCASE)
    WHERE deleted_at IS NULL;
CREATE INDEX consumers_listed ON consumers (workspace_seq, seq) WHERE deleted_at IS NULL;
CREATE INDEX consumers_erasing ON consumers (seq) WHERE erased_to IS NOT NULL;

ALTER TABLE webhooks ADD COLUMN consumer_seq INTEGER;
CREATE INDEX webhooks_of_consumer ON webhooks (consumer_seq, seq) WHERE consumer_seq IS NOT NULL;
CREATE INDEX webhooks_of_platform ON webhooks (workspace_seq, seq)
    WHERE kind = 'registered' AND deleted_at IS NULL AND consumer_seq IS NULL;

ALTER TABLE events ADD COLUMN consumer_seq INTEGER;
CREATE INDEX events_of_consumer ON events (consumer_seq, kind, seq) WHERE consumer_seq IS NOT NULL;

ALTER TABLE deliveries ADD COLUMN consumer_seq INTEGER;
CREATE INDEX deliveries_of_consumer ON deliveries (consumer_seq, status, seq)
    WHERE consumer_seq IS NOT NULL;
CREATE INDEX dead_letters_of_consumer ON deliveries (consumer_seq, seq)
    WHERE consumer_seq IS NOT NULL AND status = 3 AND discarded_at IS NULL;

ALTER TABLE jobs ADD COLUMN consumer_seq INTEGER;
CREATE INDEX jobs_of_consumer ON jobs (consumer_seq, seq) WHERE consumer_seq IS NOT NULL;

ALTER TABLE api_keys ADD COLUMN consumer_seq INTEGER;
CREATE INDEX api_keys_of_consumer ON api_keys (consumer_seq, seq) WHERE consumer_seq IS NOT NULL;
