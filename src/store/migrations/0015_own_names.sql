-- What the platform calls a webhook and an event of one of its consumers: its own id, unique with that
-- consumer. Columns are added empty: no row is touched.
ALTER TABLE webhooks ADD COLUMN uid TEXT;
CREATE UNIQUE INDEX webhooks_uid ON webhooks (consumer_seq, uid)
    WHERE uid IS NOT NULL AND deleted_at IS NULL;
ALTER TABLE events ADD COLUMN uid TEXT;
CREATE UNIQUE INDEX events_uid ON events (consumer_seq, uid) WHERE uid IS NOT NULL;

-- By which channel or tag an event is found: a row for each, and none for events without.
CREATE TABLE event_labels (
    workspace_seq INTEGER NOT NULL,
    -- 0 channel, 1 tag
    kind INTEGER NOT NULL CHECK (kind IN (0, 1)),
    label TEXT NOT NULL,
    event_seq INTEGER NOT NULL,
    consumer_seq INTEGER,
    PRIMARY KEY (workspace_seq, kind, label, event_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_labels_of_consumer ON event_labels (consumer_seq, kind, label, event_seq)
    WHERE consumer_seq IS NOT NULL;
CREATE INDEX event_labels_of ON event_labels (event_seq);
INSERT OR IGNORE INTO event_labels (workspace_seq, kind, label, event_seq, consumer_seq)
SELECT events.workspace_seq, 0, said.value, events.seq, events.consumer_seq
FROM events, json_each(events.channels) AS said
WHERE events.channels IS NOT NULL AND json_valid(events.channels);
INSERT OR IGNORE INTO event_labels (workspace_seq, kind, label, event_seq, consumer_seq)
SELECT events.workspace_seq, 1, said.value, events.seq, events.consumer_seq
FROM events, json_each(events.tags) AS said
WHERE events.tags IS NOT NULL AND json_valid(events.tags);
