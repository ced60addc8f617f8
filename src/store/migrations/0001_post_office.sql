-- The whole post office. Times are Unix milliseconds; `seq` is the row number that ids carry.

CREATE TABLE instance (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('built_in', 'file', 'api')),
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- A newer version of the same name, or a deletion; deliveries keep the version they began with.
    superseded_at INTEGER
) STRICT;
CREATE UNIQUE INDEX profiles_current ON profiles (name) WHERE superseded_at IS NULL;

CREATE TABLE workspaces (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    plan TEXT NOT NULL CHECK (plan IN ('free', 'pro', 'enterprise')),
    profile TEXT NOT NULL,
    strict_event_types INTEGER NOT NULL CHECK (strict_event_types IN (0, 1)),
    secret_sealed BLOB,
    alert_url TEXT,
    alert_webhook_seq INTEGER,
    retention_delivered_ms INTEGER,
    retention_exhausted_ms INTEGER,
    retention_keep_latest INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX workspaces_name ON workspaces (name) WHERE deleted_at IS NULL;

CREATE TABLE event_types (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    name TEXT NOT NULL,
    description TEXT,
    group_name TEXT,
    schema TEXT,
    example TEXT,
    archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_types_named ON event_types (workspace_seq, name);
CREATE INDEX event_types_listed ON event_types (workspace_seq, seq);

CREATE TABLE webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    -- Registered by a customer; the target of a single publish call; or where alerts go.
    kind TEXT NOT NULL CHECK (kind IN ('registered', 'one_off', 'alert')),
    label TEXT NOT NULL,
    url TEXT NOT NULL,
    event_types TEXT NOT NULL,
    profile_seq INTEGER NOT NULL REFERENCES profiles,
    format TEXT NOT NULL,
    headers_sealed BLOB,
    status TEXT NOT NULL CHECK (status IN ('active', 'disabled', 'revoked')),
    disabled_reason TEXT CHECK (disabled_reason IN ('manual', 'circuit_breaker', 'gone')),
    disabled_at INTEGER,
    retry_policy TEXT NOT NULL,
    timeout_ms INTEGER NOT NULL,
    max_in_flight INTEGER NOT NULL,
    rate_limit REAL,
    ordered INTEGER NOT NULL CHECK (ordered IN (0, 1)),
    disable_after_failures INTEGER,
    disable_after_ms INTEGER,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    secret_rotated_at INTEGER,
    deleted_at INTEGER,
    -- How it has been answering.
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    last_attempted_at INTEGER,
    last_success_at INTEGER,
    last_status_code INTEGER,
    -- Finds the hidden webhook of a one-off target again, so that it keeps one lane.
    target_digest BLOB
) STRICT;
CREATE INDEX webhooks_listed ON webhooks (workspace_seq, seq)
    WHERE kind = 'registered' AND deleted_at IS NULL;
CREATE UNIQUE INDEX webhooks_target ON webhooks (workspace_seq, target_digest)
    WHERE target_digest IS NOT NULL AND deleted_at IS NULL;
-- What leaves once the last of its deliveries has left.
CREATE INDEX webhooks_leaving ON webhooks (workspace_seq, seq)
    WHERE kind <> 'registered' OR deleted_at IS NOT NULL;

CREATE TABLE webhook_secrets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_seq INTEGER NOT NULL REFERENCES webhooks,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- NULL for the current secret; an old one is valid until then.
    expires_at INTEGER
) STRICT;
CREATE INDEX webhook_secrets_of ON webhook_secrets (webhook_seq, seq);
CREATE INDEX webhook_secrets_expiring ON webhook_secrets (expires_at)
    WHERE expires_at IS NOT NULL;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    given_id TEXT,
    type TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL,
    -- SHA-256 over what is signed and sent: a changed row is noticed, never delivered.
    digest BLOB NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_given_id ON events (workspace_seq, given_id) WHERE given_id IS NOT NULL;
CREATE INDEX events_listed ON events (workspace_seq, kind, seq);
CREATE INDEX events_by_type ON events (workspace_seq, kind, type, seq);

-- Why a webhook whose subscription matched got no delivery when the event was published.
CREATE TABLE event_misses (
    webhook_seq INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (webhook_seq, event_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_misses_of ON event_misses (event_seq, webhook_seq);

CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL,
    webhook_seq INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    -- 0 pending, 1 retrying, 2 delivered, 3 exhausted, 4 canceled
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
    -- 0 event, 1 test, 2 replay, 3 alert
    trigger INTEGER NOT NULL CHECK (trigger BETWEEN 0 AND 3),
    profile_seq INTEGER NOT NULL,
    format TEXT NOT NULL,
    attempt_count INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    failed_in_run INTEGER NOT NULL DEFAULT 0,
    run_started_at INTEGER,
    next_attempt_at INTEGER,
    -- NULL: the schedule's. Else what follows a failed manual attempt:
    -- 0 restart the policy, 1 continue at fallback_at, 2 stay delivered
    manual_fallback INTEGER CHECK (manual_fallback BETWEEN 0 AND 2),
    fallback_at INTEGER,
    last_status_code INTEGER,
    last_error_kind TEXT,
    last_error TEXT,
    last_duration_ms INTEGER,
    retried_from_seq INTEGER,
    retried_from_at INTEGER,
    alert_sent_at INTEGER,
    alert_error TEXT,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    discarded_at INTEGER,
    CHECK ((status < 2) = (next_attempt_at IS NOT NULL))
) STRICT;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_seq, status, seq);
CREATE INDEX deliveries_by_workspace ON deliveries (workspace_seq, status, seq);
CREATE INDEX deliveries_by_type ON deliveries (workspace_seq, event_type, seq);
CREATE INDEX deliveries_by_event ON deliveries (event_seq);
CREATE INDEX deliveries_due ON deliveries (webhook_seq, next_attempt_at, seq) WHERE status = 1;
CREATE INDEX dead_letters ON deliveries (workspace_seq, seq)
    WHERE status = 3 AND discarded_at IS NULL;
CREATE INDEX dead_letters_of ON deliveries (webhook_seq, seq)
    WHERE status = 3 AND discarded_at IS NULL;

-- An attempt's row number is its delivery's, shifted by 12 bits, plus its own number: attempts of
-- a delivery lie side by side and need no index.
CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY,
    trigger INTEGER NOT NULL CHECK (trigger BETWEEN 0 AND 2),
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status_code INTEGER,
    error_kind TEXT,
    error TEXT,
    remote_addr TEXT,
    url TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    response_truncated INTEGER NOT NULL CHECK (response_truncated IN (0, 1)),
    response_body BLOB
) STRICT;

-- How many deliveries of a webhook stand where; kept with every change, never counted.
CREATE TABLE delivery_counts (
    webhook_seq INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
    deliveries INTEGER NOT NULL,
    PRIMARY KEY (webhook_seq, status)
) STRICT, WITHOUT ROWID;

-- What happened in a minute or an hour. webhook_seq 0 is the whole workspace.
CREATE TABLE stats (
    workspace_seq INTEGER NOT NULL,
    webhook_seq INTEGER NOT NULL,
    width_ms INTEGER NOT NULL,
    bucket_at INTEGER NOT NULL,
    events INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    exhausted INTEGER NOT NULL DEFAULT 0,
    canceled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_seq, webhook_seq, width_ms, bucket_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX stats_age ON stats (width_ms, bucket_at);

-- Durations of attempts in the same buckets; slot is a logarithmic class of milliseconds.
CREATE TABLE duration_stats (
    workspace_seq INTEGER NOT NULL,
    webhook_seq INTEGER NOT NULL,
    width_ms INTEGER NOT NULL,
    bucket_at INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (workspace_seq, webhook_seq, width_ms, bucket_at, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    -- Named, because a sealed answer is bound to it and an unnamed row number may change.
    seq INTEGER PRIMARY KEY,
    -- The workspace, or 0 for the instance.
    workspace_seq INTEGER NOT NULL,
    key TEXT NOT NULL,
    request_digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer_sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace_seq, key)
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces,
    kind TEXT NOT NULL,
    -- What to work off, as JSON.
    task TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'canceled')),
    total INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    -- Where the next batch begins, as JSON.
    position TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_running ON jobs (seq) WHERE status = 'running';
CREATE INDEX jobs_listed ON jobs (workspace_seq, seq);

CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL: belongs to the instance.
    workspace_seq INTEGER REFERENCES workspaces,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    hash BLOB NOT NULL,
    rate_limit REAL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_listed ON api_keys (workspace_seq, seq) WHERE revoked_at IS NULL;

CREATE TABLE users (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'operator', 'viewer')),
    totp_sealed BLOB,
    totp_confirmed_at INTEGER,
    totp_last_step INTEGER,
    recovery_hashes TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER,
    disabled_at INTEGER
) STRICT;

CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    user_seq INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    workspace_seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('browser', 'token')),
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    mfa_verified_at INTEGER
) STRICT;
CREATE INDEX sessions_of ON sessions (user_seq, seq);
CREATE INDEX sessions_idle ON sessions (last_seen_at);

CREATE TABLE audit_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_seq INTEGER,
    at INTEGER NOT NULL,
    -- 'key', 'user', 'cli' or 'system', and who exactly.
    actor_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_of ON audit_log (workspace_seq, seq);
