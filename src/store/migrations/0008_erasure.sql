-- When the data of an event was erased; the rest of its row stays.
ALTER TABLE events ADD COLUMN erased_at INTEGER;
