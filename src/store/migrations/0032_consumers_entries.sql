-- What a consumer's visitors and keys did, for the page of that consumer. NULL, for the platform's own
-- entries, costs them nothing.
ALTER TABLE audit_log ADD COLUMN consumer_seq INTEGER;
CREATE INDEX audit_log_consumers ON audit_log (consumer_seq, seq) WHERE consumer_seq IS NOT NULL;
