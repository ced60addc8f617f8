-- What an event carries beside its data, and the channels to which a webhook listens; NULL is none, and
-- all. Columns are added empty: no row is touched.
ALTER TABLE events ADD COLUMN traceparent TEXT;
ALTER TABLE events ADD COLUMN tracestate TEXT;
-- JSON lists of texts.
ALTER TABLE events ADD COLUMN channels TEXT;
ALTER TABLE events ADD COLUMN tags TEXT;
ALTER TABLE webhooks ADD COLUMN channels TEXT;
