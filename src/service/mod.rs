//! What may be asked of hookpost: every action and every rule, once.
//!
//! Owns: the actions on webhooks, events, deliveries and everything else that people and programs
//! may ask for; checking input against rules; writing the audit log. Refuses: authenticating
//! (`http::auth`), speaking JSON or HTML (`http`), choosing a delivery's next state (`domain`).
//!
//! # Why a floor of its own
//! The native API, five dialects, the dashboard and the command line offer the same actions. Each
//! of them translates and calls; none has a rule of its own. What is true here is true everywhere.

pub mod caller;
pub mod once;
pub mod refusal;

pub use caller::{Actor, Caller};
pub use once::{Answer, Done, Once};
pub use refusal::{FieldError, Refusal};
