-- Whether headers go out under their second names as well. NULL is what the workspace says.
ALTER TABLE webhooks ADD COLUMN aliases INTEGER;
ALTER TABLE workspaces ADD COLUMN aliases INTEGER NOT NULL DEFAULT 0;
