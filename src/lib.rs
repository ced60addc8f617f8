//! hookpost: an outbound webhook delivery appliance in one binary, with SQLite inside.
//!
//! # Floors
//! ```text
//!  6   main cli admin config app   wiring; knows everyone, known by no one
//!  5   api  dialects  console      audiences: programs, other systems' programs, operators
//!  4   web  ui                     what audiences are made of: server, access, problems | parts, forms
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
pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod dialects;
pub mod domain;
pub mod engine;
pub mod entropy;
pub mod net;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod ui;
pub mod web;
