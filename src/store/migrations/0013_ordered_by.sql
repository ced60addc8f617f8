-- Order by a value: the pointer to it, and of a delivery a digest of the value. NULL is no such order, which
-- costs no row anything.
ALTER TABLE webhooks ADD COLUMN ordered_by TEXT;
ALTER TABLE deliveries ADD COLUMN order_key INTEGER;
CREATE INDEX deliveries_in_order ON deliveries (webhook_seq, order_key, seq)
    WHERE order_key IS NOT NULL AND status IN (0, 1);
