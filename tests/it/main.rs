//! The whole of hookpost in one process: a real database file, real HTTP, real receivers.
//!
//! One binary, so that it is linked once; files mirror URLs. [`app::TestApp`] starts everything on
//! loopback, [`receiver::Receiver`] is where deliveries go.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and the panic says where"
)]

mod api;
mod app;
mod audit;
mod binary;
mod bounds;
mod browser;
mod conventions;
mod dashboard;
mod destinations;
mod dialects;
mod fuzz;
mod generated;
mod handbook;
mod headers;
mod house;
mod housekeeping;
mod isolation;
mod limits;
mod locked;
mod login;
mod matrix;
mod observing;
mod openapi;
mod operations;
mod portal;
mod receiver;
mod schemathesis;
mod sdk;
mod second_factor;
mod sentinel;
mod step_up;
mod world;
