-- Conditions on an event without which a webhook does not get it: JSON, as its owner wrote it.
ALTER TABLE webhooks ADD COLUMN filter TEXT;
