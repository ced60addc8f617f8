//! Statistics of a webhook or a whole workspace.
//!
//! Owns: choosing the period and its steps, filling the gaps. Refuses: looking at history; all of
//! it is read from sums that are kept with every commit, so that it costs the same after years.

use std::collections::BTreeMap;
use std::time::Duration;

use super::consumers::{asked_for, found};
use super::webhooks::registered_in;
use super::{Caller, Refusal, Service};
use crate::domain::consumer::Purview;
use crate::domain::id::{ConsumerId, WebhookId};
use crate::domain::stats::{
    Counts, Durations, HOUR_MS, Latency, MINUTE_MS, Period, StatsBucket, WHOLE_WORKSPACE,
};
use crate::domain::time::Timestamp;
use crate::store::stats::{self, MINUTES_KEPT_MS};
use crate::store::{Read, StoreError, consumers, webhooks};

/// The period unless the caller says otherwise: a day.
pub const PERIOD_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// The longest period: ten years.
pub const PERIOD_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// Steps of a time series at most.
pub const STEPS_MAX: i64 = 500;
/// Steps of a workspace's answer times at most.
pub const LATENCY_STEPS_MAX: i64 = 60;
/// Longer steps of answer times are whole hours: a quarter of an hour.
const FINE_STEP_MS_MAX: i64 = HOUR_MS / 4;

const DAY_MS: i64 = 24 * HOUR_MS;
/// Widths of a step, finest first.
const STEP_WIDTHS_MS: [i64; 9] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    HOUR_MS,
    6 * HOUR_MS,
    DAY_MS,
    7 * DAY_MS,
    28 * DAY_MS,
    364 * DAY_MS,
];

/// Which period; absent ends are a day ago and now.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeriodInput {
    /// The first instant.
    pub since: Option<Timestamp>,
    /// The end, exclusive.
    pub until: Option<Timestamp>,
}

/// How a webhook, or a workspace, has been doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// How many deliveries stand where, now.
    pub counts: Counts,
    /// Where the period begins: at the beginning of a step.
    pub since: Timestamp,
    /// Where it ends, exclusive.
    pub until: Timestamp,
    /// How long each step is.
    pub step: Duration,
    /// What happened in the whole period.
    pub total: StatsBucket,
    /// The share of attempts that succeeded; `None` where there were none.
    pub success_rate: Option<f64>,
    /// What half of the attempts did not exceed, in milliseconds; `None` where there were none.
    pub p50_ms: Option<f64>,
    /// What 95 of 100 attempts did not exceed, in milliseconds.
    pub p95_ms: Option<f64>,
    /// What happened in each step, oldest first, without gaps.
    pub series: Vec<StatsBucket>,
}

impl Service {
    /// How a webhook has been doing.
    pub async fn webhook_stats(
        &self,
        caller: &Caller,
        id: WebhookId,
        period: PeriodInput,
    ) -> Result<Stats, Refusal> {
        let steps = Steps::of(period, self.clock().now())?;
        let caller = caller.clone();
        self.read(move |store, conn| {
            registered_in(store, conn, &caller, id)?;
            Ok(of_webhook(conn, &steps, caller.workspace.seq(), id.seq())?)
        })
        .await
    }

    /// How a workspace has been doing, one-off receivers included; or only the consumer that `consumer`
    /// names, or that the caller is bound to; then with its id.
    pub async fn workspace_stats(
        &self,
        caller: &Caller,
        consumer: Option<String>,
        period: PeriodInput,
    ) -> Result<(Option<ConsumerId>, Stats), Refusal> {
        let steps = Steps::of(period, self.clock().now())?;
        let workspace_seq = caller.workspace.seq();
        let purview = caller.purview();
        self.read(move |_, conn| {
            let Some(seq) = asked_for(conn, purview, consumer.as_deref())? else {
                return Ok((None, of_workspace(conn, &steps, workspace_seq)?));
            };
            let id = consumers::id_of(conn, seq)?;
            Ok((id, of_consumer(conn, &steps, workspace_seq, seq)?))
        })
        .await
    }

    /// How a consumer's webhooks have been doing, together.
    pub async fn consumer_stats(
        &self,
        caller: &Caller,
        named: &str,
        period: PeriodInput,
    ) -> Result<(ConsumerId, Stats), Refusal> {
        let steps = Steps::of(period, self.clock().now())?;
        let (caller, named) = (caller.clone(), named.to_owned());
        self.read(move |_, conn| {
            let id = found(conn, &caller, &named)?.id;
            let stats = of_consumer(conn, &steps, caller.workspace.seq(), id.seq())?;
            Ok((id, stats))
        })
        .await
    }
}

/// How a webhook has been doing.
pub(super) fn of_webhook(
    conn: &Read<'_>,
    steps: &Steps,
    workspace_seq: i64,
    webhook_seq: i64,
) -> Result<Stats, StoreError> {
    let counts = stats::counts(conn, webhook_seq)?;
    read(conn, steps, workspace_seq, webhook_seq, counts)
}

/// How a workspace has been doing, one-off receivers included.
pub(super) fn of_workspace(
    conn: &Read<'_>,
    steps: &Steps,
    workspace_seq: i64,
) -> Result<Stats, StoreError> {
    let counts = counts_of(conn, Purview::workspace(workspace_seq))?;
    read(conn, steps, workspace_seq, WHOLE_WORKSPACE, counts)
}

fn counts_of(conn: &Read<'_>, purview: Purview) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for (_, own) in stats::counts_by_webhook(conn, purview)? {
        counts.add_all(&own);
    }
    Ok(counts)
}

/// How a consumer's webhooks have been doing, those included that were deleted.
pub(super) fn of_consumer(
    conn: &Read<'_>,
    steps: &Steps,
    workspace_seq: i64,
    consumer_seq: i64,
) -> Result<Stats, StoreError> {
    let counts = counts_of(
        conn,
        Purview {
            workspace_seq,
            consumer_seq: Some(consumer_seq),
        },
    )?;
    let mut buckets: BTreeMap<i64, StatsBucket> = BTreeMap::new();
    let mut durations = Durations::default();
    for webhook_seq in webhooks::rows_of_consumer(conn, consumer_seq)? {
        let period = steps.period(workspace_seq, webhook_seq);
        for bucket in stats::series(conn, &period, steps.step_ms)? {
            let at = bucket.at.millis();
            let own = buckets.entry(at).or_insert_with(|| StatsBucket {
                at: bucket.at,
                ..StatsBucket::default()
            });
            own.add(&bucket);
        }
        stats::add_durations(conn, &period, &mut durations)?;
    }
    let found: Vec<StatsBucket> = buckets.into_values().collect();
    Ok(summed(steps, counts, &found, &durations))
}

/// How long a workspace's attempts took, in at most [`LATENCY_STEPS_MAX`] steps; those without
/// attempts are left out.
pub(super) fn latencies_of_workspace(
    conn: &Read<'_>,
    steps: &Steps,
    workspace_seq: i64,
) -> Result<Vec<Latency>, StoreError> {
    let count = (steps.until_ms - steps.since_ms) / steps.step_ms + 1;
    let together = (count + LATENCY_STEPS_MAX - 1) / LATENCY_STEPS_MAX;
    let mut step_ms = steps.step_ms * together;
    if step_ms > FINE_STEP_MS_MAX {
        // Whole hours are summed up already.
        step_ms = (step_ms + HOUR_MS - 1) / HOUR_MS * HOUR_MS;
    }
    stats::latencies(conn, &steps.period(workspace_seq, WHOLE_WORKSPACE), step_ms)
}

/// Which sums are read, and how they are put together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    since_ms: i64,
    until_ms: i64,
    step_ms: i64,
    width_ms: i64,
}

impl Steps {
    fn period(&self, workspace_seq: i64, webhook_seq: i64) -> Period {
        Period {
            workspace_seq,
            webhook_seq,
            width_ms: self.width_ms,
            since: Timestamp::from_millis(self.since_ms),
            until: Timestamp::from_millis(self.until_ms),
        }
    }

    /// The finest steps that the bounds allow for a period.
    pub(super) fn of(input: PeriodInput, now: Timestamp) -> Result<Self, Refusal> {
        let until = input.until.unwrap_or(now);
        let since = input.since.unwrap_or_else(|| until.before(PERIOD_DEFAULT));
        if since >= until {
            return Err(Refusal::field("until", "must be later than since"));
        }
        if until.since(since) > PERIOD_MAX {
            return Err(Refusal::field(
                "since",
                "must lie at most ten years before until",
            ));
        }
        let (since, until) = (since.millis(), until.millis());
        // Minutes are kept for two days only.
        let minutes = since >= now.millis() - MINUTES_KEPT_MS;
        let steps_of = |step_ms: i64| (until - 1) / step_ms - since / step_ms + 1;
        let fits =
            |step_ms: &i64| (minutes || *step_ms >= HOUR_MS) && steps_of(*step_ms) <= STEPS_MAX;
        let step_ms = STEP_WIDTHS_MS
            .into_iter()
            .find(fits)
            .unwrap_or(364 * DAY_MS);
        Ok(Self {
            since_ms: since - since % step_ms,
            until_ms: until,
            step_ms,
            width_ms: if step_ms < HOUR_MS {
                MINUTE_MS
            } else {
                HOUR_MS
            },
        })
    }
}

fn read(
    conn: &Read<'_>,
    steps: &Steps,
    workspace_seq: i64,
    webhook_seq: i64,
    counts: Counts,
) -> Result<Stats, StoreError> {
    let period = steps.period(workspace_seq, webhook_seq);
    let found = stats::series(conn, &period, steps.step_ms)?;
    let durations = stats::durations(conn, &period)?;
    Ok(summed(steps, counts, &found, &durations))
}

fn summed(steps: &Steps, counts: Counts, found: &[StatsBucket], durations: &Durations) -> Stats {
    let since = Timestamp::from_millis(steps.since_ms);
    let mut total = StatsBucket {
        at: since,
        ..StatsBucket::default()
    };
    for bucket in found {
        total.add(bucket);
    }
    Stats {
        counts,
        since,
        until: Timestamp::from_millis(steps.until_ms),
        step: Duration::from_millis(u64::try_from(steps.step_ms).expect("steps are positive")),
        success_rate: success_rate(&total),
        total,
        p50_ms: durations.quantile_ms(0.5),
        p95_ms: durations.quantile_ms(0.95),
        series: without_gaps(steps, found),
    }
}

fn success_rate(total: &StatsBucket) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of a count needs no last digit"
    )]
    let share = |part: u64| part as f64 / total.attempts as f64;
    (total.attempts > 0).then(|| share(total.attempts.saturating_sub(total.failures)))
}

fn without_gaps(steps: &Steps, found: &[StatsBucket]) -> Vec<StatsBucket> {
    let mut found = found.iter().copied().peekable();
    let mut series = Vec::new();
    let mut at = steps.since_ms;
    while at < steps.until_ms {
        let empty = StatsBucket {
            at: Timestamp::from_millis(at),
            ..StatsBucket::default()
        };
        series.push(
            found
                .next_if(|bucket| bucket.at == empty.at)
                .unwrap_or(empty),
        );
        at += steps.step_ms;
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_as_fine_as_the_bound_and_what_is_kept_allow() {
        let now = Timestamp::from_millis(1_773_655_500_000);
        let check = |ago: u64, long: u64, step_ms: i64| {
            let since = now.before(Duration::from_secs(ago * 60));
            let input = PeriodInput {
                since: Some(since),
                until: Some(since.after(Duration::from_secs(long * 60))),
            };
            let steps = Steps::of(input, now).unwrap();
            assert_eq!(steps.step_ms, step_ms, "{ago} {long}");
            let count = without_gaps(&steps, &[]).len();
            assert!((1..=500).contains(&count), "{ago} {long}: {count}");
        };
        const HOUR: u64 = 60;
        const DAY: u64 = 24 * HOUR;
        check(1, 1, MINUTE_MS);
        check(8 * HOUR, 8 * HOUR, MINUTE_MS);
        check(DAY, DAY, 5 * MINUTE_MS);
        check(2 * DAY, 2 * DAY, 15 * MINUTE_MS);
        check(3 * DAY, HOUR, HOUR_MS);
        check(7 * DAY, 7 * DAY, HOUR_MS);
        check(30 * DAY, 30 * DAY, 6 * HOUR_MS);
        check(365 * DAY, 365 * DAY, DAY_MS);
        check(3650 * DAY, 3650 * DAY, 28 * DAY_MS);
    }

    #[test]
    fn a_period_that_makes_no_sense_is_refused_with_its_field() {
        let now = Timestamp::from_millis(1_773_655_500_000);
        let input = PeriodInput {
            since: Some(now),
            until: Some(now),
        };
        assert!(matches!(Steps::of(input, now), Err(Refusal::Invalid(_))));
        let input = PeriodInput {
            since: Some(Timestamp::from_millis(0)),
            until: None,
        };
        assert!(matches!(Steps::of(input, now), Err(Refusal::Invalid(_))));
    }
}
