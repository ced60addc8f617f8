//! Writing where a delivery stands now.
//!
//! Owns: the row's columns, and the counts and sums that follow from a change. Refuses: choosing the
//! next state (`domain::delivery`).

use super::in_order::offer_next;
use super::scheduled::forget_plan;
use crate::domain::delivery::{
    DeliveryPlace, Fallback, LastAttempt, Next, Progress, Status, Trigger,
};
use crate::domain::stats::{WHOLE_WORKSPACE, minute, slot};
use crate::store::effects::{EffectPlace, Sums};
use crate::store::{StoreError, WriteTx};
use rusqlite::params;

/// Writes a new progress that `domain::delivery::step` chose, and with it the last attempt if there
/// was one. Keeps counts and sums.
pub fn set_progress(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    old: &Progress,
    new: &Progress,
    attempt: Option<&LastAttempt<'_>>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let (manual_fallback, fallback_at) = match new.next {
        Next::Never | Next::Scheduled(_) => (None, None),
        Next::Manual {
            fallback: Fallback::Restart,
            ..
        } => (Some(0), None),
        Next::Manual {
            fallback: Fallback::Continue(at),
            ..
        } => (Some(1), Some(at)),
        Next::Manual {
            fallback: Fallback::Delivered,
            ..
        } => (Some(2), None),
    };
    let completed_at = (!new.status.is_waiting()).then_some(now);
    // Its values stand in the order in which it first names them: looking each name up takes time.
    tx.run_often(
        "UPDATE deliveries
         SET status = :status, attempt_count = :attempt_count, failed_in_run = :failed_in_run,
             run_started_at = :run_started_at, next_attempt_at = :next_attempt_at,
             manual_fallback = :manual_fallback, fallback_at = :fallback_at,
             completed_at = :completed_at,
             discarded_at = CASE WHEN :status = 3 THEN discarded_at END,
             last_status_code = CASE WHEN :attempted THEN :code ELSE last_status_code END,
             last_error_kind = CASE WHEN :attempted THEN :kind ELSE last_error_kind END,
             last_error = CASE WHEN :attempted THEN :error ELSE last_error END,
             last_duration_ms = CASE WHEN :attempted THEN :duration ELSE last_duration_ms END
         WHERE seq = :seq",
        params![
            new.status,
            new.attempt_count,
            new.failed_in_run,
            new.run_started_at,
            new.next.at(),
            manual_fallback,
            fallback_at,
            completed_at,
            attempt.is_some(),
            attempt.and_then(|attempt| attempt.status_code),
            attempt.and_then(|attempt| attempt.error_kind),
            attempt.and_then(|attempt| attempt.error),
            attempt.map(|attempt| attempt.duration_ms),
            place.seq,
        ],
    )?;
    if old.status == Status::Scheduled && new.status != Status::Scheduled {
        forget_plan(tx, place.seq)?;
    }
    if let Some(key) = place.order_key
        && old.status.is_in_line()
        && !new.status.is_in_line()
    {
        offer_next(tx, place, key)?;
    }
    tx.effects
        .count(place.webhook_seq, Some(old.status), Some(new.status));
    add_sums(tx, place, old, new, attempt);
    tx.notices().activity = true;
    Ok(())
}

fn add_sums(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    old: &Progress,
    new: &Progress,
    attempt: Option<&LastAttempt<'_>>,
) {
    if place.trigger.is_failed_test(new.status) {
        return;
    }
    let became = |status| i64::from(new.status == status && old.status != status);
    let success = |code: u16| (200..300).contains(&code);
    // What was given up without being sent was no attempt.
    let attempt = attempt.filter(|_| new.attempt_count > old.attempt_count);
    let sums = Sums {
        attempts: i64::from(attempt.is_some()),
        failures: i64::from(
            attempt.is_some_and(|attempt| !attempt.status_code.is_some_and(success)),
        ),
        delivered: became(Status::Delivered),
        exhausted: became(Status::Exhausted),
        canceled: became(Status::Canceled),
        ..Sums::default()
    };
    let minute_at = minute(tx.now());
    // hookpost's own troubles are not part of what a workspace sends.
    let whole = (place.trigger != Trigger::Alert).then_some(WHOLE_WORKSPACE);
    for webhook_seq in [Some(place.webhook_seq), whole].into_iter().flatten() {
        let place = EffectPlace {
            workspace_seq: place.workspace_seq,
            webhook_seq,
            minute_at,
        };
        let of_place = tx.effects.sums.entry(place).or_default();
        of_place.add(&sums);
        if let Some(attempt) = attempt {
            *of_place
                .durations
                .entry(slot(attempt.duration_ms))
                .or_default() += 1;
        }
    }
}
