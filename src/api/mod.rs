//! The native REST API: a file per resource.
//!
//! Owns: the wire shapes of requests and answers, and turning them into calls of the service.
//! Refuses: rules; what is refused here is refused for its form.

mod access;
pub mod api_keys;
mod audience;
pub mod audit_log;
pub mod bulk;
pub mod consumers;
pub mod dead_letters;
pub mod deliveries;
pub mod delivery_filter;
pub mod docs;
pub mod event_types;
pub mod events;
pub mod handbook;
pub mod health;
pub mod jobs;
pub mod metrics;
pub mod openapi;
pub mod polling;
pub mod portal_links;
pub mod preview;
pub mod profile_gallery;
pub mod profiles;
pub mod retries;
pub mod sdk;
pub mod sessions;
pub mod stats;
pub mod templates;
mod version_text;
pub mod webhooks;
mod words;
pub mod workspaces;

pub use audience::{AUDIENCE, Programs, document};
