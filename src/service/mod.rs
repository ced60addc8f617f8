//! What may be asked of hookpost: every action and every rule, once.
//!
//! Owns: the actions on webhooks, events, deliveries and everything else that people and programs
//! may ask for; checking input against rules; writing the audit log. Refuses: authenticating
//! (`web::auth`), speaking JSON or HTML (`api`, `console`), choosing a delivery's next state (`domain`).
//!
//! # Why a floor of its own
//! The native API, five dialects, the dashboard and the command line offer the same actions. Each
//! of them translates and calls; none has a rule of its own. What is true here is true everywhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::clock::Clock;
use crate::domain::workspace::{RETAIN_DELIVERED, RETAIN_EXHAUSTED};
use crate::engine::{Engine, EngineStatus};
use crate::net::{Client, Guard};
use crate::store::Store;
use crate::telemetry::metrics;

pub mod access;
mod alert_test;
pub mod alerts;
pub mod attempts;
pub mod audit_log;
pub mod batches;
pub mod by_profile;
pub mod caller;
pub mod catalogue;
pub mod consumers;
pub mod deliveries;
pub mod endings;
pub mod erasures;
pub mod event_types;
pub mod events;
pub mod filter;
pub mod housekeeping;
pub mod idempotency;
mod inspection;
pub mod jobs;
mod keeping;
pub mod keys;
pub mod owned;
pub mod payload_work;
pub mod people;
pub mod polling;
pub mod portal;
pub mod profile_files;
pub mod profiles;
mod rate_limiter;
pub mod reconcile;
pub mod refusal;
pub mod retries;
mod saved_views;
mod schema;
mod sending;
pub mod stats;
mod text;
mod under_way;
pub mod views;
pub mod webhooks;
pub mod worker;
mod workspace_secret;
pub mod workspaces;

pub(crate) use audit_log::{audit, audit_instance};
pub use caller::{Actor, Caller, PortalVisitor, Proof, SignedUser};
pub use idempotency::{Done, Idempotency, StoredAnswer};
pub use refusal::{FieldError, Refusal};

use people::{MfaDemand, People};
use rate_limiter::RateLimiter;

/// The most bytes of an event's data, unless the operator says otherwise: 256 KiB.
pub const EVENT_DATA_BYTES_DEFAULT: usize = 256 * 1024;

/// Tests of webhooks that a workspace may send in a minute, unless the operator says otherwise.
pub const TESTS_PER_MINUTE_DEFAULT: u32 = 120;

/// How long the writer and the engine may take to answer a health check: less than what `hookpost
/// healthcheck` waits for, so that it can say which of them did not.
const READY_WITHIN: Duration = Duration::from_secs(4);

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// The most bytes of an event's data.
    pub event_data_bytes_max: usize,
    /// The most events of one batch call.
    pub batch_events_max: usize,
    /// How long delivered history is kept unless a workspace says otherwise.
    pub retain_delivered: Duration,
    /// How long dead letters are kept unless a workspace says otherwise.
    pub retain_exhausted: Duration,
    /// Tests of webhooks that a workspace may send in a minute.
    pub tests_per_minute: u32,
    /// Whom the operator asks for a second factor.
    pub mfa: MfaDemand,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            event_data_bytes_max: EVENT_DATA_BYTES_DEFAULT,
            batch_events_max: events::BATCH_EVENTS_DEFAULT,
            retain_delivered: RETAIN_DELIVERED,
            retain_exhausted: RETAIN_EXHAUSTED,
            tests_per_minute: TESTS_PER_MINUTE_DEFAULT,
            mfa: MfaDemand::Nobody,
        }
    }
}

/// What the actions work with.
pub struct ServiceParts {
    /// The database.
    pub store: Store,
    /// What moves deliveries forward.
    pub engine: Engine,
    /// The only way out, asked about destinations before they are saved.
    pub client: Client,
    /// The rules of where to.
    pub guard: Arc<Guard>,
    /// What the operator set.
    pub options: ServiceOptions,
}

/// The handle on all actions. Cloning shares it.
#[derive(Clone)]
pub struct Service {
    shared: Arc<ServiceShared>,
}

struct ServiceShared {
    parts: ServiceParts,
    catalogues: catalogue::Catalogues,
    people: People,
    tests: RateLimiter,
    payload_work: payload_work::PayloadWork,
    poll_waiters: polling::PollWaiters,
}

impl Service {
    /// Opens the counter: actions may be asked for from now on.
    #[must_use]
    pub fn new(parts: ServiceParts) -> Self {
        let catalogues = catalogue::Catalogues::default();
        let dropped = catalogues.clone();
        let poll_waiters = polling::PollWaiters::default();
        let woken = poll_waiters.clone();
        parts.store.on_commit(move |committed| {
            metrics::committed(committed.took);
            dropped.on_commit(committed);
            woken.on_commit(committed);
        });
        Self {
            shared: Arc::new(ServiceShared {
                tests: RateLimiter::per_minute(parts.options.tests_per_minute),
                people: People::new(parts.store.clone(), parts.options.mfa),
                parts,
                catalogues,
                payload_work: payload_work::PayloadWork::new(),
                poll_waiters,
            }),
        }
    }

    /// The database, for readers of the floor above.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.parts.store
    }

    /// What moves deliveries forward.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.shared.parts.engine
    }

    /// What the operator set.
    #[must_use]
    pub fn options(&self) -> &ServiceOptions {
        &self.shared.parts.options
    }

    /// What says the time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.store().clock()
    }

    /// Whether events are taken and deliveries made: the writer and the engine are asked. With what the
    /// engine has in hand.
    ///
    /// # Errors
    /// [`Refusal`] that says what stands in the way, within [`READY_WITHIN`].
    pub async fn check_ready(&self) -> Result<EngineStatus, Refusal> {
        let written = timeout(READY_WITHIN, self.store().check_writable());
        let engine = self.engine().answers(READY_WITHIN);
        let (written, engine) = tokio::join!(written, engine);
        let hangs = |_| Refusal::Unavailable("the writer does not answer: no events are taken");
        written.map_err(hangs)??;
        engine.map_err(|silence| Refusal::Unavailable(silence.as_str()))
    }

    fn tests(&self) -> &RateLimiter {
        &self.shared.tests
    }

    fn poll_waiters(&self) -> &polling::PollWaiters {
        &self.shared.poll_waiters
    }

    fn people(&self) -> &People {
        &self.shared.people
    }

    pub(crate) fn client(&self) -> &Client {
        &self.shared.parts.client
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.shared.parts.guard
    }
}

#[cfg(test)]
mod tests;
