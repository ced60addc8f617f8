//! What audiences are made of: the server, and the one way from a request to its answer.
//!
//! Owns: endpoints and the gate around them, credentials, reading requests, writing answers, the
//! OpenAPI document. Refuses: knowing any audience, rules (`service`), SQL (`store`), sending
//! deliveries (`engine`).
//!
//! # One request, one straight line
//! ```text
//! answer::dress     a request id, security headers
//!  └ audience       the address's rate; who is it, may they, in which workspace; a fresh second
//!     │             factor where the endpoint asks for one; a 500 instead of a panic
//!     └ extract     bounded body → DTO, query, ids; every fault names its field
//!        └ handler  one call of a service, and its answer as a wire shape
//! ```
//! What any of these refuses becomes a [`Problem`], only `problem` knows its status, and the
//! audience tells it in its own form.

pub mod answer;
pub mod audience;
pub mod auth;
pub mod connections;
pub mod cross_origin;
pub mod endpoint;
pub mod extract;
pub mod held;
pub mod limits;
pub mod line_ends;
pub mod openapi;
pub mod problem;
pub mod programs;
pub mod proxy;
pub mod same_origin;
pub mod server;
pub mod state;
pub mod unparsed;
pub mod while_connected;
pub mod wire;

pub use limits::Limits;
pub use problem::{Answered, Problem, Shown};
pub use server::{ServeOptions, Serving, serve};
pub use state::{AppState, HttpOptions, State};
