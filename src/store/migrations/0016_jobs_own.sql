-- The bulk job that put a delivery back in line, discarded it or took that back, the latest of them.
ALTER TABLE deliveries ADD COLUMN job_seq INTEGER;
CREATE INDEX deliveries_of_job ON deliveries (job_seq, status, seq, manual_fallback)
    WHERE job_seq IS NOT NULL;
