//! The consumer portal: where a platform's customers look after their own webhooks. A file per page, its
//! template of the same name in `templates/portal/`.
//!
//! Owns: pages, forms, the exchange of a link for a session, the platform's looks. Refuses: rules
//! (`service`), and anything that is not the visitor's own: whatever a page reads, it reads as a caller
//! that is bound to the consumer, and no page names the workspace, its people or its keys.
//!
//! # Why it is an audience of its own
//! The dashboard's pages are for whoever runs hookpost. What a customer sees differs in what is said
//! about failures, in what can be done, and in whose name is at the top; what both have in common is in
//! `ui` and `service::views`. So nothing of the dashboard can be reached by leaving out a check.
//!
//! # Why everything works without JavaScript
//! As for the dashboard: forms post and are answered with a redirect; the script only adds to that.

mod access;
pub mod alerts;
mod ask;
mod audience;
pub mod catalogue;
pub mod dead_letters;
pub mod deliveries;
pub mod delivery;
pub mod error_page;
pub mod event;
mod form;
pub mod guest;
pub mod job;
pub mod looks;
pub mod open;
pub mod overview;
pub mod page;
pub mod session;
pub mod webhook;
pub mod webhook_actions;
pub mod webhook_form;
pub mod webhooks;

pub use audience::{AUDIENCE, PortalAudience};
