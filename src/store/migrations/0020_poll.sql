-- How a receiver comes by its events: NULL where its URL is requested, 1 where it fetches. The column is
-- added empty: no row is touched.
ALTER TABLE webhooks ADD COLUMN transport INTEGER;
-- What is kept for the readers of such a webhook, in the order in which they get it.
CREATE TABLE poll_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_seq INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    -- The version of the shape that makes its body; NULL is the plain one.
    shape_seq INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX poll_entries_of ON poll_entries (webhook_seq, seq);
CREATE INDEX poll_entries_of_event ON poll_entries (event_seq, webhook_seq);
-- What becomes such an entry later; the times are those of scheduled_deliveries.
CREATE TABLE poll_plans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_seq INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    shape_seq INTEGER,
    due_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    passed_at INTEGER NOT NULL,
    clock_offset INTEGER NOT NULL
) STRICT;
CREATE INDEX poll_plans_of ON poll_plans (webhook_seq, due_at);
CREATE INDEX poll_plans_of_event ON poll_plans (event_seq, webhook_seq);
-- How far each reader of a webhook has come.
CREATE TABLE poll_readers (
    webhook_seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    acked_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_seq, name)
) STRICT, WITHOUT ROWID;
