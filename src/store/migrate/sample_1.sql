-- A post office of schema version 1, with rows in every table. Its master key is 5e, 32 times.

INSERT INTO instance (key, value) VALUES
    ('clock_seen', x'0000019cf61b24e0'),
    ('key_record', x'015e46516e8742c3420eec25ae47308d0363d00f530af363f310bed88413843fd7dd14dbee3923f3be3f9d13c30141c064a719476dfacc7623d206c0e84811132c03940c7631b3416c');
INSERT INTO profiles (seq, name, origin, source, created_at, superseded_at) VALUES
    (1, 'standard', 'built_in', '# Standard Webhooks 1.0.0, whole: any of its published verification libraries accepts a delivery.
# This file also explains the format; a profile of your own is a file like it.

# Lower-case letters, digits, _ and -.
name = "standard"
description = "Standard Webhooks 1.0.0"

# The time that one attempt may take: 100ms to 2m. Absent: 10s.
timeout = "10s"

# What a webhook subscribes to that names nothing, such as ["order.*"]. Absent: it must name something.
# default_event_types = []

# The fields of the body, in order. `from` is one of
#   type, event_id, delivery_id, workspace_id,
#   time (RFC 3339, UTC, milliseconds), time_unix (seconds), time_unix_ms: when the event happened,
#   data: what was published, byte for byte, under `name`,
#   data_members: the members of the published object, beside the other fields; takes no `name`,
#   constant: the text, whole number, true or false given as `value`.
# The data must be carried exactly once.
envelope = [
    { name = "type", from = "type" },
    { name = "timestamp", from = "time" },
    { name = "data", from = "data" },
]

# Headers beside the signature. Known placeholders: {event_id}, {event_type}, {delivery_id},
# {workspace_id}, {timestamp} (Unix seconds of the attempt).
[headers]
webhook-id = "{event_id}"
webhook-timestamp = "{timestamp}"

# HMAC-SHA256 over `content`, where {id} is what `id` says (event_id or delivery_id), {timestamp} is
# that of the attempt, and {body} the bytes that are sent. The header''s value is
# `lead` (once; may use {timestamp}), then `prefix` and the signature as `encoding` (hex, base64).
# With a `separator` (" ", ",", ", ", ";", "; ") there is one `prefix` and signature per live secret,
# newest first; without one, only the newest secret signs.
# `key` says how a secret becomes a key: base64_after_prefix (the base64 behind whsec_) or utf8
# (all its characters).
[signature]
header = "webhook-signature"
prefix = "v1,"
encoding = "base64"
separator = " "
id = "event_id"
content = "{id}.{timestamp}.{body}"
key = "base64_after_prefix"

# The form of generated secrets: whsec (whsec_ and the base64 of 32 bytes) or hex64 (64 digits).
[secret]
generate = "whsec"

# Delays between attempts; then one attempt `then_every` until `give_up_after` the first. `jitter`
# spreads delays by up to a tenth. Without this table: as here.
[retry]
delays = ["1s", "5s", "30s", "2m", "10m", "1h"]
then_every = "1h"
give_up_after = "24h"
jitter = true

# A webhook is disabled after `disable_after_failures` failed attempts in a row, or after
# `disable_after` of nothing but failures; an absent rule is off. Without this table: as here.
[breaker]
disable_after = "120h"

# The event that a test sends; `data` is JSON text. Without this table: as here.
[test]
type = "test"
data = ''{"message":"This is a test delivery. If its signature verifies, this webhook works."}''

# The event types of a workspace created with the profile: tables [[event_types]] with `name`,
# `description` and `group`. Standard Webhooks names none.
', 1773655500000, NULL);
INSERT INTO workspaces (seq, name, plan, profile, strict_event_types, secret_sealed, alert_url, alert_webhook_seq, retention_delivered_ms, retention_exhausted_ms, retention_keep_latest, created_at, updated_at, deleted_at) VALUES
    (1, 'default', 'pro', 'standard', 0, x'015c4e1085dac3a409e34d72a31b0e60702229bb50ee32c465348b2c90e3de7cef3a0a7a0f7281c26688f01be1ff4f37ad872e4f7276b14816d30c4ffa9939c2338d0547a1064f1f270cd0fc1801ea', NULL, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL);
INSERT INTO event_types (seq, workspace_seq, name, description, group_name, schema, example, archived, created_at, updated_at) VALUES
    (1, 1, 'score.changed', 'A score', NULL, '{"type":"object"}', NULL, 0, 1773655500000, 1773655500000);
INSERT INTO webhooks (seq, workspace_seq, kind, label, url, event_types, profile_seq, format, headers_sealed, status, disabled_reason, disabled_at, retry_policy, timeout_ms, max_in_flight, rate_limit, ordered, disable_after_failures, disable_after_ms, metadata, created_at, updated_at, secret_rotated_at, deleted_at, consecutive_failures, failing_since, last_attempted_at, last_success_at, last_status_code, target_digest) VALUES
    (1, 1, 'registered', '', 'https://example.com/hook', '["*"]', 1, 'json', x'01084e88ec81e770050840d356ed49f221407d425d423d6e9454fdc2d1ccb770e1ec14d9702ed6ef71b6be7292c7220473c75b309435430bad15f4050893874c7bbf38fe4b12ca81125e2fd6', 'active', NULL, NULL, '{"delays_ms":[1000,5000,30000,120000,600000,3600000],"then_every_ms":3600000,"give_up_after_ms":86400000,"jitter":true}', 10000, 16, NULL, 0, NULL, NULL, '{}', 1773655500000, 1773655500000, 1773655500000, NULL, 0, NULL, NULL, NULL, NULL, NULL),
    (2, 1, 'registered', '', 'https://example.com/hook', '["*"]', 1, 'json', x'01f08eb363d9685c9a102e16eba0eb2141be89d3b684f4a06e7543a005c0ac02f9144a2a84c3f814e4615b62c7f4c16c41173f50759758910001d65396e2745c3a3bd4bf61aedb78214eadf7', 'disabled', 'circuit_breaker', 1773655500000, '{"delays_ms":[1000,5000,30000,120000,600000,3600000],"then_every_ms":3600000,"give_up_after_ms":86400000,"jitter":true}', 10000, 16, NULL, 0, NULL, NULL, '{}', 1773655500000, 1773655500000, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL),
    (3, 1, 'registered', '', 'https://example.com/hook', '["*"]', 1, 'json', x'01ec571a8f20918eac42628d0670afac11f0ee5874d97d05be3c5a595c0690b2e6fdca2b1738966bf69daa8505fcdb20f74438068412869d49912df470895a99377925f160a61192a0fb213b', 'revoked', NULL, NULL, '{"delays_ms":[1000,5000,30000,120000,600000,3600000],"then_every_ms":3600000,"give_up_after_ms":86400000,"jitter":true}', 10000, 16, NULL, 0, NULL, NULL, '{}', 1773655500000, 1773655500000, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL),
    (4, 1, 'one_off', '', 'https://example.com/hook', '["*"]', 1, 'json', x'01cdf13659b4558d5d5b78319512405e4f830ebea8f5470e0abf4a884b610f453e2c475c2157e0f4c4e202987f71bbf92a74921570b938bc645ffe3c6b58a00c97c4d4d6d06abd30af082412', 'active', NULL, NULL, '{"delays_ms":[1000,5000,30000,120000,600000,3600000],"then_every_ms":3600000,"give_up_after_ms":86400000,"jitter":true}', 10000, 16, NULL, 0, NULL, NULL, '{}', 1773655500000, 1773655500000, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL),
    (5, 1, 'alert', '', 'https://example.com/hook', '["*"]', 1, 'json', x'01ee187d49b316af0c90c0b05018b22260310b21c73c32ab98187de4f0a3273dfc8adea22f6a836bea42351c63c2d2c4ddd53420d04d23b0dac9bb32b30233720bf9d765c8513501cee47c58', 'active', NULL, NULL, '{"delays_ms":[1000,5000,30000,120000,600000,3600000],"then_every_ms":3600000,"give_up_after_ms":86400000,"jitter":true}', 10000, 16, NULL, 0, NULL, NULL, '{}', 1773655500000, 1773655500000, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO webhook_secrets (seq, webhook_seq, sealed, created_at, expires_at) VALUES
    (1, 1, x'0116f5745d3c1d516b63b31e94c6fe1eac9389beb056b0c11564308a0aaf37fdc01406cf4784c3136301c2d07120bbbf3486ab682b37cba30d1bbb9e8dbfc8b129abbfc1a2bfa907c6a29fb6383dfc', 1773655500000, 1773741900000),
    (2, 2, x'01ee9778dca99d9f54ca6c7e6fd4983a79c5cf67173fc90cc5d5c5e7668e09e12c474ced88180e0dbe2c92d2d997f81a5ee831baedff68a5dbb9c9c059679468997048dbe43eb55479a62a638e2e27', 1773655500000, NULL),
    (3, 3, x'01774212fb2fca8919d20dd06960583c5261ab39defa2a8c9358328890155fa5cbab7771e28e3de6ccf4b45c440d12cd01dfff682726067110c8ade2e0ad30a159ab768ec14ee0ee80fda46da487af', 1773655500000, NULL),
    (4, 4, x'016dc6f73228a078aba4dc8baaeda975ab34dab4288d78de8e2b73dc2b7628aa8e30f8622900f80fbd2525188a1381f4ea8124546b64ca9522811ef98d08b494bdbae23e9a0394b0b5e3fd53312532', 1773655500000, NULL),
    (5, 5, x'01cb1b9d7f43660f9f1d753aa97fa40ca7d54afa2a3d8d4babf2b6c4148db675d06e4f5c81cbb3b662963e54b34545d0df1d118a07d233a5b3c3add922d5dd79274cea6ecbcd86e793416bd006a92b', 1773655500000, NULL),
    (6, 1, x'0124f8977f0fb77b8dd7363b75c706a27df097b4510bf82074841c3c9838b3a1e3a45456f7d1e823f8ec0004390c4d7b00db38701569825466fe771ce727d5a81b70531711d89a0196a6ac93dcd486', 1773655500000, NULL);
INSERT INTO events (seq, workspace_seq, kind, given_id, type, occurred_at, created_at, delivery_count, digest, data) VALUES
    (1, 1, 0, NULL, 'score.changed', 1773655500000, 1773655500000, 1, x'996e16e8f86aa750a403160d3744da58e928012d7216afd7b6147d1846cf1b1f', '{}');
INSERT INTO event_misses (webhook_seq, event_seq, reason) VALUES
    (2, 1, 'circuit_breaker');
INSERT INTO deliveries (seq, workspace_seq, webhook_seq, event_seq, event_type, status, trigger, profile_seq, format, attempt_count, max_attempts, failed_in_run, run_started_at, next_attempt_at, manual_fallback, fallback_at, last_status_code, last_error_kind, last_error, last_duration_ms, retried_from_seq, retried_from_at, alert_sent_at, alert_error, created_at, completed_at, discarded_at) VALUES
    (1, 1, 1, 1, 'score.changed', 0, 0, 1, 'json', 0, 29, 0, NULL, 1773655500000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1773655500000, NULL, NULL),
    (2, 1, 1, 1, 'score.changed', 1, 0, 1, 'json', 1, 29, 0, NULL, 1773655500000, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, NULL, NULL),
    (3, 1, 1, 1, 'score.changed', 2, 0, 1, 'json', 1, 29, 0, NULL, NULL, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL),
    (4, 1, 1, 1, 'score.changed', 3, 0, 1, 'json', 1, 29, 0, NULL, NULL, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL),
    (5, 1, 1, 1, 'score.changed', 4, 0, 1, 'json', 1, 29, 0, NULL, NULL, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL),
    (6, 1, 5, 1, 'score.changed', 2, 1, 1, 'json', 1, 29, 0, NULL, NULL, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL),
    (7, 1, 5, 1, 'score.changed', 2, 2, 1, 'json', 1, 29, 0, NULL, NULL, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL),
    (8, 1, 5, 1, 'score.changed', 2, 3, 1, 'json', 1, 29, 0, NULL, NULL, NULL, NULL, 200, NULL, NULL, 12, NULL, NULL, NULL, NULL, 1773655500000, 1773655500000, NULL);
INSERT INTO attempts (seq, trigger, started_at, duration_ms, status_code, error_kind, error, remote_addr, url, request_headers, response_headers, response_truncated, response_body) VALUES
    (8193, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'),
    (12289, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'),
    (16385, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'),
    (20481, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'),
    (24577, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'),
    (28673, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'),
    (32769, 0, 1773655500000, 12, 200, NULL, NULL, NULL, 'https://example.com/hook', '', '', 0, x'78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
INSERT INTO delivery_counts (webhook_seq, status, deliveries) VALUES
    (1, 0, 1),
    (1, 1, 1),
    (1, 2, 1),
    (1, 3, 1),
    (1, 4, 1),
    (5, 2, 3);
INSERT INTO stats (workspace_seq, webhook_seq, width_ms, bucket_at, events, attempts, failures, delivered, exhausted, canceled) VALUES
    (1, 0, 60000, 1773655500000, 1, 6, 0, 3, 1, 1),
    (1, 0, 3600000, 1773655200000, 1, 6, 0, 3, 1, 1),
    (1, 1, 60000, 1773655500000, 0, 4, 0, 1, 1, 1),
    (1, 1, 3600000, 1773655200000, 0, 4, 0, 1, 1, 1),
    (1, 5, 60000, 1773655500000, 0, 3, 0, 3, 0, 0),
    (1, 5, 3600000, 1773655200000, 0, 3, 0, 3, 0, 0);
INSERT INTO duration_stats (workspace_seq, webhook_seq, width_ms, bucket_at, slot, attempts) VALUES
    (1, 0, 60000, 1773655500000, 29, 6),
    (1, 0, 3600000, 1773655200000, 29, 6),
    (1, 1, 60000, 1773655500000, 29, 4),
    (1, 1, 3600000, 1773655200000, 29, 4),
    (1, 5, 60000, 1773655500000, 29, 3),
    (1, 5, 3600000, 1773655200000, 29, 3);
INSERT INTO idempotency (seq, workspace_seq, key, request_digest, status, answer_sealed, created_at) VALUES
    (1, 1, 'once', x'0101010101010101010101010101010101010101010101010101010101010101', 202, x'01b2c822c54f190825b5c35e65704afc9395a51d3e45b2bfd41c64eda5e34e6f847aa883df9fe6569d2ed8381f1278c4f0', 1773655500000);
INSERT INTO jobs (seq, workspace_seq, kind, task, status, total, done, position, error, created_at, updated_at) VALUES
    (1, 1, 'retry', '{"ids":[1]}', 'running', 3, 0, NULL, NULL, 1773655500000, 1773655500000);
INSERT INTO api_keys (seq, workspace_seq, name, scopes, hash, rate_limit, created_at, last_used_at, revoked_at) VALUES
    (1, 1, 'deploy', 'events:write', x'4c907664cc9c500d1f9a106ddeca4554d2fa6091c8bbe54e9a5ff87456916a2d', 2.5, 1773655500000, NULL, NULL);
INSERT INTO users (seq, email, password_hash, role, totp_sealed, totp_confirmed_at, totp_last_step, recovery_hashes, created_at, updated_at, last_login_at, disabled_at) VALUES
    (1, 'owner@example.com', '$argon2id$sample', 'owner', x'018d15e09324a0a9d0b6141172227429c2e19e375bac0c2b52f9a5216f0ba83c7cca5e8e91cf69ff2121d6bca0f9d04eb51eb9f65cfdd66f645b9751d7', 1773655500000, 5, '[[3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3]]', 1773655500000, 1773655500000, NULL, NULL);
INSERT INTO sessions (seq, user_seq, workspace_seq, hash, channel, user_agent, created_at, last_seen_at, mfa_verified_at) VALUES
    (1, 1, 1, x'd8ff8905dff3124684c7ffa5c7f52ec11e183c41600f3ddeb82d84d3d52a0b8b', 'browser', 'sample', 1773655500000, 1773655500000, NULL);
INSERT INTO audit_log (seq, workspace_seq, at, actor_kind, actor, action, target, detail) VALUES
    (1, 1, 1773655500000, 'key', 'key_x', 'webhook.create', 'wh_x', '{}');
