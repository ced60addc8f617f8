-- The content type of an event whose data is a text that is sent as itself, and when its data is to be erased
-- because its publisher wanted it kept no longer. NULL, for all others, costs no row anything.
ALTER TABLE events ADD COLUMN content_type TEXT;
ALTER TABLE events ADD COLUMN erase_at INTEGER;
CREATE INDEX events_to_erase ON events (erase_at) WHERE erase_at IS NOT NULL;
