-- When a delivery was first found genuine in the dashboard, as its receiver would check it: the last of
-- the first steps. Who has come this far needs none.
ALTER TABLE workspaces ADD COLUMN verified_at INTEGER;
UPDATE workspaces SET verified_at = created_at;
