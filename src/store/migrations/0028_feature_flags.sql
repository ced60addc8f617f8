-- Event types that are deprecated, or shown to some customers only, and what a portal link shows. NULL, for
-- those without flags, costs no row anything.
ALTER TABLE event_types ADD COLUMN deprecated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event_types ADD COLUMN feature_flags TEXT;
ALTER TABLE portal_links ADD COLUMN feature_flags TEXT;
