//! The native REST API: a file per resource.
//!
//! Owns: the wire shapes of requests and answers, and turning them into calls of the service.
//! Refuses: rules; what is refused here is refused for its form.

pub mod audit_log;
pub mod jobs;
