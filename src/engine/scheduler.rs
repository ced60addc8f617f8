//! The scheduler's loop.
//!
//! Owns: doing what a step says, sleeping until there is more. Refuses: choosing; the lanes do.

use std::sync::Arc;
use std::time::Duration;

use super::clock_jump::{follow_clock, remember_clock};
use super::damaged::{disable_corrupt, set_apart};
use super::lanes::LoadOrder;
use super::liveness::Lifetime;
use super::{Shared, deliver, deliver_batch, load, planned};
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// How long a lane waits before it reads the database again after a read failed.
const LOAD_RETRY: Duration = Duration::from_secs(1);
/// The longest sleep while anything is planned: the wall clock may be set while hookpost sleeps.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Works until the engine is stopped; for so long it holds its `_lifetime`.
pub(super) async fn run(shared: Arc<Shared>, _lifetime: Lifetime) {
    loop {
        let sleep = match step(&shared).await {
            NextStep::At(sleep) => sleep,
            NextStep::Again => {
                tokio::task::yield_now().await;
                continue;
            }
            NextStep::Never => return,
        };
        let woken = shared.wake.notified();
        match sleep {
            // Whichever comes first; both lead to the next step.
            Some(sleep) => {
                if tokio::time::timeout(sleep, woken).await.is_err() {
                    shared.lanes().slept();
                }
            }
            None => woken.await,
        }
    }
}

/// When the next step is due.
enum NextStep {
    /// After so long, or when something happens.
    At(Option<Duration>),
    /// At once: there is more to do.
    Again,
    /// Never: the engine is stopping.
    Never,
}

/// Does what can be done now.
async fn step(shared: &Arc<Shared>) -> NextStep {
    follow_clock(shared).await;
    let now = shared.now();
    remember_clock(shared, now);
    shared.answer();
    let (step, stopping) = {
        let mut lanes = shared.lanes();
        (lanes.step(now), lanes.stopping)
    };
    if stopping {
        return NextStep::Never;
    }
    for started in step.start {
        let shared = Arc::clone(shared);
        match deliver_batch::is_batched(&started.delivery, &started.target) {
            true => tokio::spawn(async move { deliver_batch::deliver(&shared, started).await }),
            false => tokio::spawn(async move { deliver::deliver(&shared, started).await }),
        };
    }
    for order in step.load {
        let shared = Arc::clone(shared);
        tokio::spawn(async move { fill(&shared, order).await });
    }
    if step.again {
        return NextStep::Again;
    }
    let planned_at = planned::see_to(shared, now);
    let wake_at = step.wake_at.into_iter().chain(planned_at).min();
    NextStep::At(wake_at.map(|at| at.since(now).min(SLEEP_MAX)))
}

/// Fills a lane.
async fn fill(shared: &Arc<Shared>, order: LoadOrder) {
    let now = shared.now();
    match load::fill(shared, order, now).await {
        Ok(loaded) => {
            if loaded.target.as_ref().is_some_and(|own| own.is_corrupt) {
                disable_corrupt(shared, order.webhook_seq).await;
            }
            shared.lanes().loaded(loaded, now);
        }
        Err(error) => {
            tracing::error!(%error, webhook = order.webhook_seq, "could not read what is due");
            let again_at = if matches!(error, StoreError::Damaged(_)) {
                without_damaged(shared, order.webhook_seq, now).await
            } else {
                now.after(LOAD_RETRY)
            };
            shared.lanes().load_failed(order.webhook_seq, again_at);
        }
    }
    shared.wake.notify_one();
}

/// Sets apart what cannot be sent, and says when the lane may be read again: at once where something
/// was in its way.
async fn without_damaged(shared: &Arc<Shared>, webhook_seq: i64, now: Timestamp) -> Timestamp {
    match set_apart(shared, webhook_seq).await {
        Ok(given_up) if given_up > 0 => now,
        Ok(_) => now.after(LOAD_RETRY),
        Err(error) => {
            tracing::error!(%error, webhook = webhook_seq, "could not set apart what is damaged");
            now.after(LOAD_RETRY)
        }
    }
}
