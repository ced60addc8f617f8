//! The native API, a file per resource.

mod api_keys;
mod dead_letters;
mod deliveries;
mod event_types;
mod events;
mod profiles;
mod webhooks;
mod workspaces;
