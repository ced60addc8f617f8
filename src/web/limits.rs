//! What the HTTP server bears: connections, time, rates.
//!
//! Owns: every bound that an operator may set, with its default. Refuses: bounds of things (a
//! body's size, a page's length); they stand beside what they bound.

use std::time::Duration;

/// Connections at once, unless the operator says otherwise.
pub const CONNECTIONS_DEFAULT: u32 = 2048;
/// How long a request's head may take to arrive, unless the operator says otherwise.
pub const HEAD_DEADLINE_DEFAULT: Duration = Duration::from_secs(10);
/// How long a request's body may take to arrive, unless the operator says otherwise.
pub const BODY_DEADLINE_DEFAULT: Duration = Duration::from_secs(30);
/// What all bodies together may occupy at once, in KiB, unless the operator says otherwise: 64 MiB.
pub const BODY_BUDGET_KIB_DEFAULT: usize = 64 * 1024;
/// What all answers together may occupy while they are being read, in KiB: 64 MiB.
pub const ANSWER_BUDGET_KIB_DEFAULT: usize = 64 * 1024;
/// The most bytes of a body from somebody who has not shown who it is: nothing but an address, a
/// password and a code. Every connection at once with such a body stays well below the budget.
pub const STRANGERS_BODY_BYTES_MAX: usize = 8 * 1024;
/// How long an idle connection is kept open.
pub const KEEP_ALIVE_DEFAULT: Duration = Duration::from_secs(75);

/// What the operator may set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Connections at once; further ones wait in the kernel until one is closed.
    pub connections_max: u32,
    /// How long a request's head may take; then 408.
    pub head_deadline: Duration,
    /// How long a request's body may take; then 408.
    pub body_deadline: Duration,
    /// What all bodies together may occupy at once, in KiB; then 503.
    pub body_budget_kib: usize,
    /// What all answers together may occupy while they are being read, in KiB; then 503.
    pub answer_budget_kib: usize,
    /// How long an idle connection is kept open.
    pub keep_alive: Duration,
    /// Requests per second that one key may make which has no limit of its own; then 429.
    pub key_rate: Option<f64>,
    /// Requests per second that one address may make; then 429.
    pub address_rate: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_DEFAULT,
            head_deadline: HEAD_DEADLINE_DEFAULT,
            body_deadline: BODY_DEADLINE_DEFAULT,
            body_budget_kib: BODY_BUDGET_KIB_DEFAULT,
            answer_budget_kib: ANSWER_BUDGET_KIB_DEFAULT,
            keep_alive: KEEP_ALIVE_DEFAULT,
            key_rate: None,
            address_rate: None,
        }
    }
}

impl Limits {
    /// How long a connection may be open without asking for anything: it may rest, and then take
    /// its time over the next head.
    #[must_use]
    pub fn quiet_max(&self) -> Duration {
        self.keep_alive + self.head_deadline
    }
}
