-- What lets a platform's customers into their portal. A row is there as long as its link may be used, and
-- a little longer; whoever ends one removes it.
CREATE TABLE portal_links (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    consumer_seq INTEGER NOT NULL REFERENCES consumers,
    hash BLOB NOT NULL,
    -- Words separated by spaces.
    can TEXT NOT NULL,
    theme TEXT NOT NULL,
    locale TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX portal_links_of ON portal_links (consumer_seq, seq);
CREATE INDEX portal_links_expiring ON portal_links (expires_at);
