-- Alerts: what was told of each webhook, so that an outage is one alert and dead letters come in groups.
-- What an attempt has to know stands with the webhook: since when its outage has been told of.
ALTER TABLE webhooks ADD COLUMN outage_at INTEGER;
CREATE TABLE alert_states (
    webhook_seq INTEGER PRIMARY KEY REFERENCES webhooks ON DELETE CASCADE,
    -- when the outage was last told of; empty where nobody is to be reminded
    outage_told_at INTEGER,
    -- when dead letters were last told of, how many have not been, and the latest of these
    exhausted_told_at INTEGER,
    exhausted_unsaid INTEGER NOT NULL DEFAULT 0,
    exhausted_last INTEGER,
    -- the last stage of a certificate's end that was told of, in days
    certificate_days INTEGER
) STRICT;
CREATE INDEX alert_states_outages ON alert_states (outage_told_at) WHERE outage_told_at IS NOT NULL;
CREATE INDEX alert_states_unsaid ON alert_states (exhausted_told_at) WHERE exhausted_unsaid > 0;
ALTER TABLE workspaces ADD COLUMN alert_format TEXT;
-- A consumer's own: where it is told of what is its.
ALTER TABLE consumers ADD COLUMN alert_url TEXT;
ALTER TABLE consumers ADD COLUMN alert_webhook_seq INTEGER;
CREATE INDEX consumers_alerts ON consumers (alert_webhook_seq) WHERE alert_webhook_seq IS NOT NULL;
