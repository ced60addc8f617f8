//! Recording what an attempt came to: the attempt, the delivery's next state and the webhook's
//! health, in one transaction.
//!
//! Owns: that transaction. Refuses: choosing; `domain::delivery::step` and `domain::breaker` choose. It asks
//! nothing but the database and what it is given, so that it can be run again.

use std::sync::Arc;

use super::alert::{self, AlertWays, News, OutageNews};
use super::attempt::{Attempted, Exchanged};
use super::clock_jump::set_by;
use super::journal::Outcome;
use super::lanes::Settled;
use super::operational;
use super::target::Target;
use crate::domain::alert::is_failing;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::audit::{ActorKind, NewAuditEntry};
use crate::domain::breaker::{self, DisabledReason, Health};
use crate::domain::delivery::{
    self, DeliveryPlace, LastAttempt, Next, Progress, Status, StepInput, Trigger,
};
use crate::domain::id::WebhookId;
use crate::domain::outcome::{FailureKind, Verdict};
use crate::domain::retry::RetryPolicy;
use crate::domain::webhook::{Activity, WebhookState};
use crate::store::deliveries;
use crate::store::{StoreError, WriteTx, webhooks};
use crate::store::{attempts, audit, erasure};

/// What an attempt came to, ready to be recorded: the same whenever, and however often, that is done.
pub(super) struct AttemptRecord {
    pub(super) place: DeliveryPlace,
    pub(super) exchanged: Exchanged,
    pub(super) target: Arc<Target>,
    /// By what is told what it gives reason for.
    pub(super) ways: Arc<AlertWays>,
    /// Chance, from 0 to 1, that spreads retries.
    pub(super) spread: f64,
}

/// Bytes of one answer that are kept over all deliveries of a batch, beyond [`ANSWER_BYTES_MIN`] each.
const ANSWERS_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an answer that each delivery of a batch keeps at least.
const ANSWER_BYTES_MIN: usize = 1024;

/// What a delivery is of the request that carried it: the receiver is judged once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestPart {
    /// All, or the first of several.
    Whole,
    /// One of those behind the first.
    Further,
}

/// Records what one request came to for each delivery that it carried; there is at least one. All are
/// tried again at the same instant.
pub(super) fn settle_batch(
    tx: &mut WriteTx<'_>,
    records: &[AttemptRecord],
) -> Result<Recorded, StoreError> {
    let (first, further) = records.split_first().expect("a batch holds something");
    let mut recorded = first.settle(tx)?;
    for record in further {
        let own = record.settle_as(tx, RequestPart::Further)?;
        recorded.settled = recorded.settled.or_sooner(own.settled);
    }
    Ok(recorded)
}

/// What each of so many deliveries keeps of the answer to their one request.
pub(super) fn share_of(attempt: &Attempt, members: usize) -> Attempt {
    let share = (ANSWERS_BYTES_MAX / members.max(1)).max(ANSWER_BYTES_MIN);
    let mut kept = attempt.clone();
    if let Some(body) = &mut kept.response_body
        && body.len() > share
    {
        body.truncate(share);
        kept.response_truncated = true;
    }
    if kept.response_headers.len() > share {
        let lines = kept.response_headers.split_inclusive('\n');
        let mut bytes = 0;
        let fitting = lines.take_while(|line| {
            bytes += line.len();
            bytes <= share
        });
        kept.response_headers = fitting.collect();
    }
    kept
}

/// What recording an attempt came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    pub(super) settled: Settled,
    pub(super) webhook: Option<WebhookId>,
    pub(super) disabled: Option<DisabledReason>,
    /// After how many failures in a row the webhook answers with a 2xx again.
    pub(super) recovered: Option<u32>,
    pub(super) outcome: Outcome,
    /// How often it was attempted by now.
    pub(super) attempt_count: u32,
    /// The offset of the clock by which its row stands now.
    pub(super) clock_offset_ms: i64,
}

/// What an attempt says of its webhook.
#[derive(Clone, Copy, Debug, Default)]
struct Observed {
    webhook: Option<WebhookId>,
    disabled: Option<DisabledReason>,
    recovered: Option<u32>,
    outage: Option<OutageNews>,
}

impl Observed {
    fn news(self, outcome: Outcome) -> News {
        News {
            outcome,
            disabled: self.disabled,
            outage: self.outage,
        }
    }
}

/// What an attempt changes.
struct ProgressChange {
    progress: Progress,
    next: Progress,
    trigger: Trigger,
}

impl AttemptRecord {
    /// Records it. Where the clock was set since the attempt started, the delivery is moved along
    /// first.
    pub(super) fn settle(&self, tx: &mut WriteTx<'_>) -> Result<Recorded, StoreError> {
        self.settle_as(tx, RequestPart::Whole)
    }

    fn settle_as(&self, tx: &mut WriteTx<'_>, part: RequestPart) -> Result<Recorded, StoreError> {
        let (place, attempt) = (self.place, &self.exchanged.attempted.attempt);
        let clock_offset_ms = tx.clock_offset_ms();
        let moved_ms = set_by(self.exchanged.clock_offset_ms, clock_offset_ms);
        let gone = Recorded {
            settled: Settled::Over,
            webhook: None,
            disabled: None,
            recovered: None,
            outcome: Outcome::Unchanged,
            attempt_count: 0,
            clock_offset_ms,
        };
        let Some(change) = self.change(tx, moved_ms)? else {
            return Ok(gone);
        };
        let ProgressChange {
            progress,
            next,
            trigger,
        } = change;
        let emptied = self.emptied(tx, &progress)?;
        let attempt = emptied.as_ref().unwrap_or(attempt);
        let last = LastAttempt {
            status_code: attempt.status_code,
            error_kind: attempt.error_kind,
            error: attempt.error.as_deref(),
            duration_ms: attempt.duration_ms,
        };
        if self.was_sent() {
            attempts::insert(tx, place, next.attempt_count, attempt)?;
        }
        deliveries::set_progress(tx, place, &progress, &next, Some(&last))?;
        if trigger.is_failed_test(next.status) {
            deliveries::discard(tx, place.seq)?;
        }
        let observed = match part {
            RequestPart::Whole => self.look_at_receiver(tx, moved_ms)?,
            RequestPart::Further => Observed::default(),
        };
        let disabled = observed.disabled;
        self.notify(tx, trigger, [&progress, &next], attempt, disabled)?;
        let has_given_up = next.status == Status::Exhausted && progress.status != Status::Exhausted;
        let outcome = match has_given_up {
            true => Outcome::GaveUp,
            false => Outcome::Unchanged,
        };
        match trigger {
            Trigger::Alert => alert::delivered(tx, place, &next, &last)?,
            // Whoever tests waits for what comes of it.
            Trigger::Test => {
                alert::raise(tx, place, observed.news(Outcome::Unchanged), &self.ways)?;
            }
            Trigger::Event | Trigger::Replay => {
                alert::raise(tx, place, observed.news(outcome), &self.ways)?;
            }
        }
        Ok(Recorded {
            settled: match next.next {
                Next::Never => Settled::Over,
                Next::Scheduled(at) | Next::Manual { at, .. } => Settled::Again(at),
            },
            webhook: observed.webhook,
            disabled: observed.disabled,
            recovered: observed.recovered,
            outcome,
            attempt_count: next.attempt_count,
            ..gone
        })
    }

    /// Tells operational webhooks what it means.
    fn notify(
        &self,
        tx: &mut WriteTx<'_>,
        trigger: Trigger,
        progress: [&Progress; 2],
        attempt: &Attempt,
        disabled: Option<DisabledReason>,
    ) -> Result<(), StoreError> {
        if self.was_sent() {
            operational::attempted(tx, self.place, trigger, progress, attempt)?;
        }
        match disabled {
            Some(_) => operational::disabled(tx, self.place.webhook_seq),
            None => Ok(()),
        }
    }

    /// The attempt as it is kept where its event was erased while it was under way: without the answer.
    fn emptied(
        &self,
        tx: &WriteTx<'_>,
        progress: &Progress,
    ) -> Result<Option<Attempt>, StoreError> {
        let may_be = !progress.status.is_waiting();
        let is_erased = may_be && erasure::is_erased(tx, self.place.seq)?;
        Ok(is_erased.then(|| self.exchanged.attempted.attempt.emptied()))
    }

    /// Where there was no body nothing was sent: there is no attempt to record, and nothing to hold
    /// against the receiver.
    fn was_sent(&self) -> bool {
        self.exchanged.attempted.attempt.error_kind != Some(FailureKind::Template)
    }

    /// `None` where there is nothing any more that could be changed.
    fn change(
        &self,
        tx: &mut WriteTx<'_>,
        moved_ms: i64,
    ) -> Result<Option<ProgressChange>, StoreError> {
        // Retention may have removed what somebody retried at the last moment.
        let Some((progress, trigger)) = deliveries::progress(tx, self.place.seq)? else {
            return Ok(None);
        };
        let now = tx.now();
        let progress = match moved_ms {
            0 => progress,
            by_ms => progress.shifted(by_ms, now),
        };
        let Attempted { attempt, verdict } = &self.exchanged.attempted;
        let input = match self.was_sent() {
            true => StepInput::Attempted {
                trigger: attempt.trigger,
                started_at: attempt.started_at.shifted(moved_ms),
                verdict: *verdict,
            },
            false => StepInput::Unsendable,
        };
        // Attempts are never illegal; what cannot be sent may have been called off meanwhile.
        let next = delivery::step(progress, input, &self.target.retry, now, self.spread).ok();
        Ok(next.map(|next| ProgressChange {
            progress,
            next,
            trigger,
        }))
    }

    fn look_at_receiver(
        &self,
        tx: &mut WriteTx<'_>,
        moved_ms: i64,
    ) -> Result<Observed, StoreError> {
        if moved_ms != 0 {
            let now = tx.now();
            webhooks::restart_failing(tx, now)?;
        }
        self.observe(tx)
    }

    /// Takes the attempt into the webhook's health, and disables the webhook where that is due.
    fn observe(&self, tx: &mut WriteTx<'_>) -> Result<Observed, StoreError> {
        if !self.was_sent() {
            return Ok(Observed::default());
        }
        let webhook_seq = self.place.webhook_seq;
        let Attempted { attempt, verdict } = &self.exchanged.attempted;
        let Some((health, policy, activity)) = webhooks::health(tx, webhook_seq)? else {
            return Ok(Observed::default());
        };
        let unchanged = Observed {
            webhook: Some(activity.id),
            ..Observed::default()
        };
        // A closed way out says nothing of who lies behind it: for the breaker nobody has tried.
        if attempt.error_kind.is_some_and(|kind| !kind.is_receivers()) {
            return Ok(unchanged);
        }
        let now = tx.now();
        let failures = health.consecutive_failures;
        let (observed, reason) =
            breaker::observe(health, *verdict, attempt.status_code, policy, now);
        // A failed test says something to the person who waits for it, and is held against nobody.
        let counts = attempt.trigger != AttemptTrigger::Test || *verdict == Verdict::Delivered;
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
        webhooks::set_health(tx, webhook_seq, &health)?;
        let reason = reason.filter(|_| activity.active && activity.registered);
        if let Some(reason) = reason {
            let state = WebhookState::Disabled { reason, at: now };
            webhooks::set_state(tx, activity.workspace_seq, webhook_seq, state)?;
            record_disabled(tx, activity, reason)?;
        }
        let is_open = activity.active && activity.registered && reason.is_none();
        let outage = match (*verdict, activity.is_outage_told) {
            (Verdict::Delivered, true) => Some(OutageNews::Recovered { failures }),
            (Verdict::Failed { .. }, false)
                if counts && is_open && is_failing(&health, policy, now) =>
            {
                Some(OutageNews::Failing)
            }
            (Verdict::Delivered | Verdict::Failed { .. } | Verdict::Gone, _) => None,
        };
        let has_recovered = *verdict == Verdict::Delivered && failures > 0;
        Ok(Observed {
            disabled: reason,
            recovered: has_recovered.then_some(failures),
            outage,
            ..unchanged
        })
    }
}

/// Records an attempt that was cut off because hookpost stops. The webhook's health knows nothing of
/// it.
pub(super) fn settle_cut_off(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let Some((progress, _)) = deliveries::progress(tx, place.seq)? else {
        return Ok(());
    };
    let policy = RetryPolicy::standard();
    let next = delivery::step(progress, StepInput::CutOff, &policy, tx.now(), 0.0)
        .expect("an attempt is never an illegal input");
    attempts::insert(tx, place, next.attempt_count, attempt)?;
    let last = LastAttempt {
        status_code: None,
        error_kind: attempt.error_kind,
        error: attempt.error.as_deref(),
        duration_ms: attempt.duration_ms,
    };
    deliveries::set_progress(tx, place, &progress, &next, Some(&last))
}

/// Nobody asked for it, so nobody would know from where else.
pub(super) fn record_disabled(
    tx: &WriteTx<'_>,
    activity: Activity,
    reason: DisabledReason,
) -> Result<(), StoreError> {
    let entry = NewAuditEntry {
        workspace_seq: Some(activity.workspace_seq),
        consumer_seq: None,
        actor_kind: ActorKind::System,
        actor: "",
        action: "webhook.disable",
        target: &activity.id.to_string(),
        detail: &serde_json::json!({ "reason": reason.as_str() }).to_string(),
    };
    audit::append(tx, &entry)?;
    Ok(())
}
