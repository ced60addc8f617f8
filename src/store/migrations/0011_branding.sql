-- What a workspace says of the pages that its customers see. Columns are added empty; a logo has a table
-- of its own, so that reading a workspace never reads a picture.
ALTER TABLE workspaces ADD COLUMN portal_origins TEXT;
ALTER TABLE workspaces ADD COLUMN brand_name TEXT;
ALTER TABLE workspaces ADD COLUMN brand_logo TEXT;
ALTER TABLE workspaces ADD COLUMN brand_accent TEXT;
ALTER TABLE workspaces ADD COLUMN brand_footer_text TEXT;
ALTER TABLE workspaces ADD COLUMN brand_footer_url TEXT;
ALTER TABLE workspaces ADD COLUMN brand_hidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN webhooks_per_consumer INTEGER;
CREATE INDEX workspaces_framed ON workspaces (seq)
    WHERE portal_origins IS NOT NULL AND deleted_at IS NULL;
CREATE TABLE workspace_logos (
    workspace_seq INTEGER PRIMARY KEY REFERENCES workspaces,
    content BLOB NOT NULL
) STRICT;
