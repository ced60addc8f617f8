-- Webhooks that are told what happens to those of customers: 2 in `transport`.
CREATE INDEX webhooks_operational ON webhooks (workspace_seq, seq)
    WHERE transport = 2 AND deleted_at IS NULL;
