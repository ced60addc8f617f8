//! The dashboard: where people look after their webhooks. A file per page, its template of the same
//! name in `templates/`.
//!
//! Owns: pages, forms, static files, the live signal. Refuses: rules (`service`) and deciding who
//! somebody is (`auth`). A handler is extract → one call → render; what a template shows is
//! formatted by methods of its view.
//!
//! # Why everything works without JavaScript
//! Forms post and are answered with a redirect, so that a reload repeats nothing. The one script in
//! `static/` only adds to that: copying, local times, refreshing what changed. No page holds inline
//! script or style, and the policy in [`page`] forbids both.
//!
//! # Why nothing that a receiver or publisher sent can act
//! All of it is text that askama escapes. The few types whose output is taken as HTML
//! (`askama::filters::HtmlSafe`) are templates of this module themselves, and escape in turn.

mod access;
pub mod api_keys;
pub mod ask;
pub mod assets;
mod audience;
pub mod audit_log;
mod bare_form;
pub mod changes;
pub mod consumers;
pub mod dead_letter_actions;
pub mod dead_letters;
pub mod deliveries;
pub mod delivery;
pub mod error_page;
pub mod event;
pub mod event_erasure;
pub mod event_type_versions;
pub mod event_types;
pub mod events;
pub mod export;
mod filters;
mod form;
pub mod job;
pub mod live;
pub mod login;
pub mod one_time_secret;
pub mod overview;
pub mod page;
pub mod people;
pub mod portal_links;
mod portal_settings;
pub mod preferences;
pub mod profile;
pub mod saved_views;
pub mod search;
mod session;
pub mod settings;
pub mod setup;
pub mod state;
pub mod system;
pub mod visitor;
pub mod webhook;
pub mod webhook_actions;
pub mod webhook_check;
pub mod webhook_form;
pub mod webhook_frame;
pub mod webhook_preview;
pub mod webhook_sections;
pub mod webhook_settings;
pub mod webhooks;
pub mod wire_profiles;
pub mod workspaces;

pub use crate::ui::form::Form;
pub use audience::{AUDIENCE, PersonAudience};
pub use page::{PageContext, Section, Shown, back_to, show};

pub use state::{Desk, SharedDesk};
pub use visitor::Visitor;

#[cfg(test)]
mod tests;
