//! What the service manager is told: that hookpost is ready, reads its files again, stops, and lives.
//!
//! Owns: the protocol of `sd_notify(3)`, as far as `Type=notify` and a watchdog want it. Refuses:
//! deciding anything; without a service manager (no `NOTIFY_SOCKET`) every call does nothing.
//!
//! # What the watchdog proves
//! Before each sign of life the writer and the engine's scheduler have answered; and the sign itself comes
//! from the loop that accepts requests. Where one of them hangs, the signs stop, and the service manager
//! starts hookpost anew. A database that is full, or that somebody locks,
//! is no reason for it: the writer says so, which is an answer, and a new start would mend neither.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine::{Engine, EngineSilence};
use crate::store::{Store, StoreError};

/// What must answer before there is a sign of life.
pub(super) struct Vitals {
    pub(super) store: Store,
    pub(super) engine: Engine,
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
        match vitals.answer(period).await {
            Ok(()) => notify(&[NotifyState::Watchdog]),
            Err(reason) => tracing::error!("{reason}: no sign of life"),
        }
    }
}

impl Vitals {
    /// Says within `deadline` that both live, or which of them does not.
    async fn answer(&self, deadline: Duration) -> Result<(), &'static str> {
        let written = timeout(deadline, self.store.check_writable());
        let (written, engine) = tokio::join!(written, self.engine.answers(deadline));
        match written {
            // A queue that is full says nothing of who empties it.
            Err(_) | Ok(Err(StoreError::Overloaded)) => return Err("the writer does not answer"),
            Ok(_) => {}
        }
        engine.map(drop).map_err(EngineSilence::as_str)
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
