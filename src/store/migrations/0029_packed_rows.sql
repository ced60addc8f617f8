-- Less room for each row.

-- An event's data, packed: `data` is empty then. NULL where it stands in `data` as it is, as that of all
-- earlier events does.
ALTER TABLE events ADD COLUMN packed_data BLOB;

-- Where a webhook's attempts went and whom they reached: nearly all of them the same.
CREATE TABLE attempt_targets (
    number INTEGER PRIMARY KEY,
    webhook_seq INTEGER NOT NULL,
    url TEXT NOT NULL,
    remote_addr TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX attempt_targets_of ON attempt_targets (webhook_seq, url, remote_addr);
-- NULL where an attempt's own columns say it.
ALTER TABLE attempts ADD COLUMN target INTEGER;

-- SQLite ends each entry of an index with the row's number; naming it as a column stored it twice.
DROP INDEX events_listed;
CREATE INDEX events_listed ON events (workspace_seq, kind);
DROP INDEX events_by_type;
CREATE INDEX events_by_type ON events (workspace_seq, kind, type);
DROP INDEX events_of_consumer;
CREATE INDEX events_of_consumer ON events (consumer_seq, kind) WHERE consumer_seq IS NOT NULL;
DROP INDEX events_of_consumer_by_type;
CREATE INDEX events_of_consumer_by_type ON events (consumer_seq, kind, type) WHERE consumer_seq IS NOT NULL;
DROP INDEX deliveries_by_webhook;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_seq, status);
DROP INDEX deliveries_by_workspace;
CREATE INDEX deliveries_by_workspace ON deliveries (workspace_seq, status);
DROP INDEX deliveries_by_type;
CREATE INDEX deliveries_by_type ON deliveries (workspace_seq, event_type);
DROP INDEX deliveries_of_consumer;
CREATE INDEX deliveries_of_consumer ON deliveries (consumer_seq, status) WHERE consumer_seq IS NOT NULL;
