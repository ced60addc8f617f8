//! What people and programs speak to: the REST API, other systems' dialects, the dashboard.
//!
//! Owns: the route table, authentication and authorisation, reading requests, writing answers.
//! Refuses: rules (`service`), SQL (`store`), sending deliveries (`engine`).
//!
//! # One request, one straight line
//! ```text
//! answer::dress     a request id, security headers, a 500 instead of a panic
//!  └ auth::gate     who is it, may they, in which workspace → a Caller; the only such place
//!     └ extract     bounded body → DTO, query, ids; every fault names its field
//!        └ handler  one call of a service, and its answer as a wire shape
//! ```
//! What any of these refuses becomes a [`Problem`], and only `error` knows its status.

pub mod answer;
pub mod auth;
pub mod connections;
pub mod endpoint;
pub mod extract;
pub mod limits;
pub mod openapi;
pub mod problem;
pub mod proxy;
pub mod server;
pub mod state;
pub mod wire;

pub use limits::Limits;
pub use problem::Problem;
pub use server::{ServeOptions, Serving, serve};
pub use state::{AppState, HttpOptions, State};

/// What a handler answers.
pub type Answered = Result<actix_web::HttpResponse, Problem>;
