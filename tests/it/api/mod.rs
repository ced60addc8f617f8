//! The native API, a file per resource.

mod api_keys;
mod audit_log;
mod bulk;
mod consumer_events;
mod consumers;
mod cursors;
mod dead_letters;
mod deliveries;
mod event_context;
mod event_types;
mod events;
mod events_erased;
mod jobs;
mod profiles;
mod retries;
mod sessions;
mod stats;
mod templates;
mod times;
mod webhooks;
mod webhooks_auth;
mod webhooks_filter;
mod webhooks_moved;
mod webhooks_retries;
mod webhooks_template;
mod workspaces;
