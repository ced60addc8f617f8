-- What a webhook's requests look like where they are not the envelope as it stands. A row never
-- changes: a delivery is pinned to the one that it was made with, and repeats the same bytes.
CREATE TABLE webhook_shapes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_seq INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    -- JSON, as its owner wrote it.
    template TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_shapes_of ON webhook_shapes (webhook_seq, seq);
ALTER TABLE webhooks ADD COLUMN method TEXT NOT NULL DEFAULT 'POST';
ALTER TABLE webhooks ADD COLUMN shape_seq INTEGER;
ALTER TABLE deliveries ADD COLUMN shape_seq INTEGER;
CREATE INDEX deliveries_by_shape ON deliveries (shape_seq) WHERE shape_seq IS NOT NULL;
