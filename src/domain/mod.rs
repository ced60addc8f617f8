//! Values and laws: what a webhook, an event and a delivery are, and what may happen to them.
//!
//! Owns: parsed types, the delivery state machine, retry and breaker laws, wire profiles and
//! signing. Refuses: clocks, randomness, environment, disk, network, async. `now` and entropy are
//! parameters everywhere.

pub mod api_key;
pub mod attempt;
pub mod audit;
pub mod authorization;
pub mod branding;
pub mod breaker;
pub mod bucket;
pub mod catalogue;
pub mod consumer;
pub mod delivery;
pub mod envelope;
pub mod event;
pub mod event_context;
pub mod event_document;
pub mod event_type;
pub mod filter;
pub mod format;
pub mod header;
pub mod id;
pub mod idempotency;
pub mod job;
pub mod json;
pub mod keep_data;
pub mod oauth2;
pub mod order;
pub mod outcome;
pub mod own_name;
pub mod page;
pub mod password;
pub mod portal;
pub mod profile;
pub mod ready_templates;
pub mod recovery_code;
pub mod retry;
pub mod retry_after;
pub mod role;
pub mod saved_view;
pub mod schedule;
pub mod secret;
pub mod session;
pub mod shape;
pub mod signing;
pub mod stats;
pub mod status_rules;
pub mod template;
pub mod throttle;
pub mod time;
pub mod token;
pub mod totp;
pub mod user;
pub mod webhook;
pub mod workspace;
