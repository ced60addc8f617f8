-- One consumer's events of one type, without walking all of its others.
CREATE INDEX events_of_consumer_by_type ON events (consumer_seq, kind, type, seq)
    WHERE consumer_seq IS NOT NULL;
