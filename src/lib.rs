//! hookpost: an outbound webhook delivery appliance in one binary, with SQLite inside.
//!
//! # Floors
//! ```text
//!  6   main cli admin config app   wiring; knows everyone, known by no one
//!  5   api  dialects  console  portal  audiences: programs, other systems' programs, operators, customers
//!  4   web  ui                     what audiences are made of: server, access, problems | parts, forms
//!  3   service                     what may be asked of hookpost: every rule, once
//!  2   engine                      moves deliveries forward
//!  1   store     net    telemetry  touch the world: disk | network | logs; never import each other
//!  0   domain    clock  entropy  packed   values and laws, the time, the dice, compressed bytes; no async
//! ```
//! A module imports only from floors below its own: never up, never sideways. A test reads the
//! `crate::` paths under `src/` and compares them with this table. One exception: `clock` hands out
//! `domain`'s timestamps. `domain` itself imports nothing.
//!
//! `service` exists because the native API, five dialects, the dashboard and the command line all
//! offer the same actions: the rules of an action live there once, and the floors above translate.
//!
//! # One event's way
//! 1. The endpoint is found (`web/endpoint.rs`), its audience says who calls (`web/audience.rs`,
//!    `api/audience.rs` for programs), and `api/events.rs` parses the body.
//! 2. `service/events/publish.rs` checks and hands one job to the writer; `service/events/accept.rs` stores
//!    event, deliveries and idempotency record in one transaction, grouped with others (`store/commit.rs`).
//! 3. The commit is flushed; only then the 202 leaves.
//! 4. The commit's listeners put the new deliveries into the engine's lanes (`engine/lanes/mod.rs`).
//! 5. A lane lets one start (`engine/deliver.rs`); `engine/request.rs` builds and signs the body, the guard
//!    judges the address (`net/guard.rs`) and the client sends (`net/client.rs`).
//! 6. `domain/delivery/step.rs` says what comes of it, `engine/settle.rs` records attempt and state in one
//!    transaction.
//!
//! # What always holds, and what proves it
//! | invariant | proof |
//! |---|---|
//! | Floors, no circles, SQL and database crates only in `store` | `tests/it/house` |
//! | `domain` reads no clock, dice, environment, disk or network | `tests/it/house` |
//! | Only the writer holds a connection that can write | `store::tests::readers_cannot_write` |
//! | 202 only after the flushed commit; nothing accepted is lost | `tests/it/binary/crash.rs` |
//! | An attempt and the state it leads to are one transaction | `engine/settle.rs`, `tests/it/binary/crash.rs` |
//! | Only `domain::delivery` chooses a delivery's next state | one `match` without `_`, its tests |
//! | Every outgoing byte passes the guard | `tests/it/destinations.rs`, `.clippy.toml` |
//! | Every queue, batch, body, page, cache and retry has a bound | `src/bounds.md`, `tests/it/house/bounds.rs` |
//! | An action's rules are the same for API, dialects, pages and command line | `tests/it/house`: only `service` uses the store |
//! | Every endpoint is gated, and keeps tenants apart | `tests/it/matrix` |
//! | Secrets show up nowhere | `tests/it/sentinel.rs` |
//! | What changes something is in the audit log | `tests/it/audit.rs` |

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
pub mod packed;
pub mod portal;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod ui;
pub mod web;
