-- Several events in one request: what a webhook says of it, and of a delivery the batch to which it belongs,
-- by the row of the delivery that was its first. NULL is no batch, which costs no row anything.
ALTER TABLE webhooks ADD COLUMN batch TEXT;
ALTER TABLE deliveries ADD COLUMN batch_seq INTEGER;
CREATE INDEX deliveries_in_batch ON deliveries (batch_seq, seq) WHERE batch_seq IS NOT NULL;
