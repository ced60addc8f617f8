//! What the service manager is told: that hookpost is ready, reads its files again, stops, and lives.
//!
//! Owns: the protocol of `sd_notify(3)`, as far as `Type=notify` and a watchdog want it. Refuses:
//! deciding anything; without a service manager (no `NOTIFY_SOCKET`) every call does nothing.
//!
//! # What the watchdog proves
//! The signs of life come from the loop that accepts requests: where that loop hangs, they stop, and
//! the service manager starts hookpost anew. A database that is full or locked is no reason for it:
//! a new start would mend neither.

use std::time::Duration;

use sd_notify::NotifyState;

/// It listens, and everything runs; from now on there are signs of life, twice in each period that
/// the service manager allows, if it watches.
pub(super) fn ready(url: &str) {
    let status = format!("listening on {url}");
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
    if let Some(period) = sd_notify::watchdog_enabled() {
        actix_web::rt::spawn(keep_alive(period / 2));
    }
}

/// It stops: attempts in flight are awaited.
pub(super) fn stopping() {
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status("waiting for attempts in flight"),
    ]);
}

async fn keep_alive(period: Duration) {
    let mut beats = tokio::time::interval(period);
    loop {
        beats.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
