//! hookpost: an outbound webhook delivery appliance in one binary, with SQLite inside.
//!
//! # Floors
//! ```text
//!  5   main cli admin config app   wiring; knows everyone, known by no one
//!  4   http                        speaks to people and programs: api, dialects, dashboard, auth
//!  3   service                     what may be asked of hookpost: every rule, once
//!  2   engine                      moves deliveries forward
//!  1   store     net    telemetry  touch the world: disk | network | logs; never import each other
//!  0   domain    clock  entropy    values and laws, the time, the dice; no async
//! ```
//! A module imports only from floors below its own: never up, never sideways. A test reads the
//! `crate::` paths under `src/` and compares them with this table. One exception: `clock` hands out
//! `domain`'s timestamps. `domain` itself imports nothing.
//!
//! `service` exists because the native API, five dialects, the dashboard and the command line all
//! offer the same actions: the rules of an action live there once, and the floors above translate.

pub mod admin;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod entropy;
pub mod http;
pub mod net;
pub mod service;
pub mod store;
pub mod telemetry;
