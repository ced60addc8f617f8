-- By which way a webhook's requests leave: empty as the instance says, 'direct' around its egress proxy.
ALTER TABLE webhooks ADD COLUMN via TEXT;
