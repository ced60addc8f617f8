-- What a person narrows a list to again and again, under a name.
CREATE TABLE saved_views (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    user_seq INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (user_seq, workspace_seq, path, name)
) STRICT;
