-- Versions of event types, which of them an event is of, and which a webhook pins. NULL, for those that know
-- no versions, costs no row anything.
CREATE TABLE event_type_versions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    event_type_seq INTEGER NOT NULL REFERENCES event_types,
    name TEXT NOT NULL,
    description TEXT,
    schema TEXT,
    example TEXT,
    archived INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_type_versions_named ON event_type_versions (event_type_seq, name);
CREATE INDEX event_type_versions_listed ON event_type_versions (event_type_seq, seq);
CREATE INDEX event_type_versions_of ON event_type_versions (workspace_seq, seq);
ALTER TABLE events ADD COLUMN version TEXT;
-- A JSON object: the version of each event type of which one is pinned.
ALTER TABLE webhooks ADD COLUMN pinned_versions TEXT;
CREATE INDEX webhooks_pinning ON webhooks (workspace_seq)
    WHERE pinned_versions IS NOT NULL AND deleted_at IS NULL;
