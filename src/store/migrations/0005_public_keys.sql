-- The public key of a webhook's newest secret, where that signs with Ed25519.
ALTER TABLE webhooks ADD COLUMN public_key TEXT;
