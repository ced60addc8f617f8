//! What waits for another attempt: looking at it as a whole, and not waiting any longer.
//!
//! Owns: choosing what is attempted now, waiting for the results. Refuses: attempting anything by
//! itself.
//!
//! # Why the lanes make the attempts
//! A person who runs the retries wants them sooner, not otherwise: webhooks keep their order, their
//! rate and their share of the slots. So what was chosen is put back in line, and the results are
//! waited for. What has none by then goes on by itself.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::deliveries::put_back;
use super::{Caller, Refusal, Service, audit};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{Standing, Status};
use crate::domain::outcome::Verdict;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, AttemptedSoFar, soonest, standings};
use crate::store::{Read, StoreError, WriteTx};

/// Deliveries that one call attempts unless it says otherwise.
pub const RUN_LIMIT_DEFAULT: usize = 100;
/// Deliveries that one call attempts at most.
pub const RUN_LIMIT_MAX: usize = 1000;
/// How long one call waits for results.
pub const RUN_WAIT: Duration = Duration::from_secs(30);

/// What running the retries came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Deliveries that were attempted.
    pub processed: u64,
    /// Those that were delivered.
    pub delivered: u64,
    /// Those that failed.
    pub failed: u64,
}

/// What waits in a workspace.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Deliveries that wait for their first attempt.
    pub pending: u64,
    /// Deliveries that wait for another attempt.
    pub retrying: u64,
    /// Deliveries that are due; what is held for a disabled webhook is not.
    pub due_now: u64,
    /// When the next retry is due.
    pub next_attempt_at: Option<Timestamp>,
    /// Dead letters that nobody has discarded.
    pub exhausted: u64,
    /// The same by webhook; only those with anything open, and no one-off receivers.
    pub by_webhook: Vec<Standing>,
}

impl Service {
    /// Attempts now what waits for another attempt, due or not yet due, soonest first: at most
    /// `limit`. What a disabled webhook holds back and what is under way is passed over.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a limit out of range; [`Refusal::Unavailable`] while sending is
    /// paused.
    pub async fn run_retries(&self, caller: &Caller, limit: usize) -> Result<Ran, Refusal> {
        if !(1..=RUN_LIMIT_MAX).contains(&limit) {
            let message = format!("must be a whole number from 1 to {RUN_LIMIT_MAX}");
            return Err(Refusal::field("limit", message));
        }
        if self.engine().status().paused {
            return Err(Refusal::Unavailable(
                "sending is paused; resume it before running retries",
            ));
        }
        let deadline = Instant::now() + RUN_WAIT;
        let purview = caller.purview();
        let mut chosen = self
            .store()
            .read(move |conn| soonest(conn, purview, limit))
            .await?;
        let under_way = self.those_under_way(&chosen);
        chosen.retain(|own| !under_way.has(own.seq));
        // Whoever listens only afterwards could miss it.
        let watch = |own: &AttemptedSoFar| (own.seq, self.engine().watch(own.seq, own.attempts));
        let mut watched: HashMap<_, _> = chosen.iter().map(watch).collect();
        let runner = caller.clone();
        let put_forward = move |tx: &mut WriteTx<'_>| put_forward(tx, &runner, &chosen);
        let put_forward = self.store().write(put_forward).await?;
        let told = put_forward.iter().filter_map(|seq| watched.remove(seq));
        let results: Vec<_> = told.map(|told| timeout_at(deadline, told)).collect();
        let mut ran = Ran::default();
        for verdict in join_all(results).await.into_iter().flatten().flatten() {
            ran.processed += 1;
            match verdict {
                Verdict::Delivered => ran.delivered += 1,
                Verdict::Failed { .. } | Verdict::Gone => ran.failed += 1,
            }
        }
        Ok(ran)
    }

    /// What waits in the workspace, and when the next of it is due.
    pub async fn retry_summary(&self, caller: &Caller) -> Result<Summary, Refusal> {
        let purview = caller.purview();
        let now = self.clock().now();
        self.read(move |_, conn| Ok(summary_in(conn, purview, now)?))
            .await
    }
}

/// What waits of what `purview` holds, and when the next of it is due.
pub(super) fn summary_in(
    conn: &Read<'_>,
    purview: Purview,
    now: Timestamp,
) -> Result<Summary, StoreError> {
    let all = standings(conn, purview, now)?;
    let sum = |part: fn(&Standing) -> u64| all.iter().map(part).sum();
    Ok(Summary {
        pending: sum(|own| own.pending),
        retrying: sum(|own| own.retrying),
        due_now: sum(|own| own.due_now),
        next_attempt_at: all.iter().filter_map(|own| own.next_attempt_at).min(),
        exhausted: sum(|own| own.dead_letters),
        by_webhook: all.into_iter().filter(|own| own.is_listed).collect(),
    })
}

/// Makes what was chosen due, if it still waits; answers the rows. What is due already keeps its place
/// in the schedule.
fn put_forward(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    chosen: &[AttemptedSoFar],
) -> Result<Vec<i64>, Refusal> {
    let mut put = Vec::with_capacity(chosen.len());
    let mut woken = BTreeSet::new();
    for waiting in chosen {
        let delivery = deliveries::find(tx, waiting.seq)?;
        let Some(delivery) = delivery.filter(|own| own.progress.status == Status::Retrying) else {
            continue;
        };
        if delivery.progress.next.at().is_some_and(|at| at > tx.now()) {
            match put_back(tx, &delivery) {
                Ok(()) => {}
                Err(Refusal::Conflict(_) | Refusal::Revoked) => continue,
                Err(refusal) => return Err(refusal),
            }
        }
        put.push(waiting.seq);
        woken.insert(waiting.webhook_seq);
    }
    let detail = json!({ "deliveries": put.len() });
    audit(tx, caller, "retries.run", "", &detail)?;
    tx.notices().woken.extend(woken);
    Ok(put)
}
