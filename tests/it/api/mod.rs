//! The native API, a file per resource.

mod api_keys;
mod bulk;
mod cursors;
mod dead_letters;
mod deliveries;
mod event_types;
mod events;
mod profiles;
mod retries;
mod sessions;
mod times;
mod webhooks;
mod workspaces;
