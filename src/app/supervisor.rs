//! What the service manager is told: that hookpost is ready, reads its files again, stops, and lives.
//!
//! Owns: the protocol of `sd_notify(3)`, as far as `Type=notify` and a watchdog want it. Refuses:
//! deciding anything; without a service manager (no `NOTIFY_SOCKET`) every call does nothing.
//!
//! # What the watchdog proves
//! Before each sign of life the writer has answered, the threads of the engine have run and its lanes could
//! be looked at; and the sign itself comes from the loop that accepts requests. Where one of them hangs, the
//! signs stop, and the service manager starts hookpost anew. A database that is full, or that somebody locks,
//! is no reason for it: the writer says so, which is an answer, and a new start would mend neither.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine::Engine;
use crate::store::{Store, StoreError};

/// What must answer before there is a sign of life.
pub(super) struct Vitals {
    pub(super) store: Store,
    pub(super) engine: Engine,
    /// The engine's threads.
    pub(super) threads: Handle,
}

/// It listens, and everything runs; from now on there are signs of life, twice in each period that
/// the service manager allows, if it watches.
pub(super) fn ready(url: &str, vitals: Vitals) {
    let status = format!("listening on {url}");
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
    if let Some(period) = sd_notify::watchdog_enabled() {
        actix_web::rt::spawn(keep_alive(vitals, period / 2));
    }
}

/// It stops: attempts in flight are awaited.
pub(super) fn stopping() {
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status("waiting for attempts in flight"),
    ]);
}

async fn keep_alive(vitals: Vitals, period: Duration) {
    let mut beats = interval(period);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        match timeout(period, vitals.answer()).await {
            Ok(true) => notify(&[NotifyState::Watchdog]),
            Ok(false) | Err(_) => {
                tracing::error!("the writer or the engine does not answer: no sign of life");
            }
        }
    }
}

impl Vitals {
    async fn answer(&self) -> bool {
        let engine = self.engine.clone();
        let looked_at = self.threads.spawn(async move { engine.status().paused });
        let (written, looked_at) = tokio::join!(self.store.check_writable(), looked_at);
        // A queue that is full says nothing of who empties it.
        !matches!(written, Err(StoreError::Overloaded)) && looked_at.is_ok()
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
