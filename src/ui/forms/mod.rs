//! Forms that more than one audience shows.
//!
//! Owns: their fields. Refuses: asking the service; an audience narrows a form to what its people may
//! say and hands on what it reads.

pub mod captured_request;
pub mod customer_webhook;
pub mod event_type_groups;
mod setting;
pub mod webhook;
pub mod webhook_actions;
mod webhook_limits;
mod webhook_pins;
mod webhook_proof;
