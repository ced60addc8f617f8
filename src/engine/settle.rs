//! Recording what an attempt came to: the attempt, the delivery's next state and the webhook's
//! health, in one transaction.
//!
//! Owns: that transaction. Refuses: choosing; `domain::delivery::step` and `domain::breaker` choose.

use super::alert;
use super::attempt::Attempted;
use super::journal::Outcome;
use super::lanes::Settled;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::audit::{ActorKind, NewAuditEntry};
use crate::domain::breaker::{self, DisabledReason, Health};
use crate::domain::delivery::{self, DeliveryPlace, LastAttempt, Next, Status, StepInput, Trigger};
use crate::domain::id::WebhookId;
use crate::domain::outcome::{FailureKind, Verdict};
use crate::domain::retry::RetryPolicy;
use crate::domain::webhook::{Activity, WebhookState};
use crate::store::deliveries;
use crate::store::{StoreError, WriteTx, webhooks};
use crate::store::{attempts, audit};

/// What recording an attempt came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    pub(super) settled: Settled,
    pub(super) webhook: Option<WebhookId>,
    pub(super) disabled: Option<DisabledReason>,
    pub(super) outcome: Outcome,
    /// How often it was attempted by now.
    pub(super) attempt_count: u32,
}

impl Recorded {
    /// There is nothing any more that could be recorded.
    const GONE: Self = Self {
        settled: Settled::Over,
        webhook: None,
        disabled: None,
        outcome: Outcome::Unchanged,
        attempt_count: 0,
    };
}

/// Records an attempt of the delivery at `place`. `moved_ms` says by how much the clock was set
/// since the attempt started: the delivery is moved by that much first.
pub(super) fn settle(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    Attempted {
        mut attempt,
        verdict,
    }: Attempted,
    policy: &RetryPolicy,
    spread: f64,
    moved_ms: i64,
) -> Result<Recorded, StoreError> {
    if attempt.error_kind == Some(FailureKind::Template) {
        return set_apart(tx, place, &attempt);
    }
    // Retention may have removed what somebody retried at the last moment.
    let Some((progress, trigger)) = deliveries::progress(tx, place.seq)? else {
        return Ok(Recorded::GONE);
    };
    let now = tx.now();
    let progress = match moved_ms {
        0 => progress,
        by_ms => progress.shifted(by_ms, now),
    };
    let input = StepInput::Attempted {
        trigger: attempt.trigger,
        started_at: attempt.started_at.shifted(moved_ms),
        verdict,
    };
    let next = delivery::step(progress, input, policy, now, spread)
        .expect("an attempt is never an illegal input");
    attempt.number = next.attempt_count;
    attempts::insert(tx, place.seq, &attempt)?;
    let last = LastAttempt {
        status_code: attempt.status_code,
        error_kind: attempt.error_kind,
        error: attempt.error.as_deref(),
        duration_ms: attempt.duration_ms,
    };
    deliveries::set_progress(tx, place, &progress, &next, Some(&last))?;
    if trigger == Trigger::Test && next.status == Status::Exhausted {
        deliveries::discard(tx, place.seq)?;
    }
    if moved_ms != 0 {
        webhooks::restart_failing(tx, now)?;
    }
    let (webhook, disabled) = observe(tx, place, &attempt, verdict)?;
    let outcome = if next.status == Status::Exhausted && progress.status != Status::Exhausted {
        Outcome::GaveUp
    } else {
        Outcome::Unchanged
    };
    match trigger {
        Trigger::Alert => alert::delivered(tx, place, &next, &last)?,
        // Whoever tests waits for what comes of it.
        Trigger::Test => alert::raise(tx, place, Outcome::Unchanged, disabled)?,
        Trigger::Event | Trigger::Replay => alert::raise(tx, place, outcome, disabled)?,
    }
    let settled = match next.next {
        Next::Never => Settled::Over,
        Next::Scheduled(at) | Next::Manual { at, .. } => Settled::Again(at),
    };
    Ok(Recorded {
        settled,
        webhook,
        disabled,
        outcome,
        attempt_count: next.attempt_count,
    })
}

/// Gives up a delivery for which there is no body: nothing was sent, so there is no attempt to record,
/// and nothing to hold against the receiver.
fn set_apart(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    unsent: &Attempt,
) -> Result<Recorded, StoreError> {
    let Some((progress, trigger)) = deliveries::progress(tx, place.seq)? else {
        return Ok(Recorded::GONE);
    };
    let (input, policy) = (StepInput::Unsendable, RetryPolicy::standard());
    let Ok(next) = delivery::step(progress, input, &policy, tx.now(), 0.0) else {
        return Ok(Recorded::GONE);
    };
    let last = LastAttempt {
        status_code: None,
        error_kind: unsent.error_kind,
        error: unsent.error.as_deref(),
        duration_ms: 0,
    };
    deliveries::set_progress(tx, place, &progress, &next, Some(&last))?;
    let outcome = if next.status == Status::Exhausted {
        Outcome::GaveUp
    } else {
        Outcome::Unchanged
    };
    match trigger {
        Trigger::Test => {
            deliveries::discard(tx, place.seq)?;
        }
        Trigger::Alert => alert::delivered(tx, place, &next, &last)?,
        Trigger::Event | Trigger::Replay => alert::raise(tx, place, outcome, None)?,
    }
    Ok(Recorded {
        outcome,
        attempt_count: next.attempt_count,
        ..Recorded::GONE
    })
}

/// Records an attempt that was cut off because hookpost stops. The webhook's health knows nothing of
/// it.
pub(super) fn settle_cut_off(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    mut attempt: Attempt,
) -> Result<(), StoreError> {
    let Some((progress, _)) = deliveries::progress(tx, place.seq)? else {
        return Ok(());
    };
    let policy = RetryPolicy::standard();
    let next = delivery::step(progress, StepInput::CutOff, &policy, tx.now(), 0.0)
        .expect("an attempt is never an illegal input");
    attempt.number = next.attempt_count;
    attempts::insert(tx, place.seq, &attempt)?;
    let last = LastAttempt {
        status_code: None,
        error_kind: attempt.error_kind,
        error: attempt.error.as_deref(),
        duration_ms: attempt.duration_ms,
    };
    deliveries::set_progress(tx, place, &progress, &next, Some(&last))
}

/// Takes the attempt into the webhook's health, and disables the webhook where that is due.
fn observe(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    attempt: &Attempt,
    verdict: Verdict,
) -> Result<(Option<WebhookId>, Option<DisabledReason>), StoreError> {
    let Some((health, policy, activity)) = webhooks::health(tx, place.webhook_seq)? else {
        return Ok((None, None));
    };
    // A closed way out says nothing of who lies behind it: for the breaker nobody has tried.
    if attempt.error_kind.is_some_and(|kind| !kind.is_receivers()) {
        return Ok((Some(activity.id), None));
    }
    let now = tx.now();
    let (observed, reason) = breaker::observe(health, verdict, attempt.status_code, policy, now);
    // A failed test says something to the person who waits for it, and is held against nobody.
    let counts = attempt.trigger != AttemptTrigger::Test || verdict == Verdict::Delivered;
    let (health, reason) = if counts {
        (observed, reason)
    } else {
        let Health {
            last_attempted_at,
            last_status_code,
            ..
        } = observed;
        (
            Health {
                last_attempted_at,
                last_status_code,
                ..health
            },
            None,
        )
    };
    webhooks::set_health(tx, place.webhook_seq, &health)?;
    let reason = reason.filter(|_| activity.active && activity.registered);
    if let Some(reason) = reason {
        let state = WebhookState::Disabled { reason, at: now };
        webhooks::set_state(tx, activity.workspace_seq, place.webhook_seq, state)?;
        record_disabled(tx, activity, reason)?;
    }
    Ok((Some(activity.id), reason))
}

/// Nobody asked for it, so nobody would know from where else.
pub(super) fn record_disabled(
    tx: &WriteTx<'_>,
    activity: Activity,
    reason: DisabledReason,
) -> Result<(), StoreError> {
    let entry = NewAuditEntry {
        workspace_seq: Some(activity.workspace_seq),
        actor_kind: ActorKind::System,
        actor: "",
        action: "webhook.disable",
        target: &activity.id.to_string(),
        detail: &serde_json::json!({ "reason": reason.as_str() }).to_string(),
    };
    audit::append(tx, &entry)?;
    Ok(())
}
