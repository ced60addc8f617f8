-- Alerts by mail: to whom, and the mails that the server has not taken yet.
ALTER TABLE workspaces ADD COLUMN alert_emails TEXT;
ALTER TABLE consumers ADD COLUMN alert_email TEXT;
CREATE TABLE alert_mails (
    seq INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    -- the delivery on which it is written what came of it
    about INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_mails_due ON alert_mails (due_at);
