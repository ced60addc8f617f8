//! Recovering a webhook: what it did not get goes back in line.
//!
//! Owns: what may be recovered. Refuses: deciding for a person what was missed; each sort is asked
//! for by name.

use crate::domain::delivery::{DeliveryFilter, Status};
use crate::domain::id::WebhookId;
use crate::domain::job::{Job, JobKind};
use crate::domain::time::Timestamp;
use crate::service::webhooks::usable_in;
use crate::service::{Caller, Done, FieldError, Idempotency, Refusal, Service};
use crate::store::Read;
use crate::store::deliveries;
use crate::store::events;

use super::Begun;
use super::task::{Chosen, Criteria, Missed, Task};

/// What a caller wants recovered.
#[derive(Clone, Debug, Default)]
pub struct RecoverInput {
    /// From when on; needed.
    pub since: Option<String>,
    /// Until when, exclusive; now if absent.
    pub until: Option<String>,
    /// `exhausted`, `undelivered`, `missed`; only what was exhausted if absent.
    pub include: Option<Vec<String>>,
}

/// What a webhook may not have got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Include {
    /// What gave up.
    Exhausted,
    /// Everything that was not delivered, called off or not.
    Undelivered,
    /// Events that it was not given because it was disabled.
    Missed,
}

impl Include {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "exhausted" => Some(Self::Exhausted),
            "undelivered" => Some(Self::Undelivered),
            "missed" => Some(Self::Missed),
            _ => None,
        }
    }
}

/// What was asked for, understood.
struct Wanted {
    since: Timestamp,
    until: Option<Timestamp>,
    include: Vec<Include>,
}

impl Service {
    /// Puts back in line what a webhook did not get since a time. A disabled webhook's deliveries
    /// are held until it is enabled.
    pub async fn recover_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        input: RecoverInput,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let wanted = understand(&input)?;
        let asker = caller.clone();
        let task = self
            .read(move |store, conn| {
                usable_in(store, conn, &asker, id)?;
                task(conn, asker.workspace.seq(), id, &wanted)
            })
            .await?;
        self.begin_task(caller, JobKind::Recover, "webhook.recover", task, key)
            .await
    }
}

/// Whether a job works off nothing but events that a webhook missed.
#[must_use]
pub fn is_of_missed(job: &Job) -> bool {
    let task = serde_json::from_str::<Task>(&job.task);
    task.is_ok_and(|task| task.deliveries.is_none() && task.missed.is_some())
}

fn understand(input: &RecoverInput) -> Result<Wanted, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: String| faults.push(FieldError { field, message });
    let mut time = |field: &str, text: Option<&str>| match text.map(Timestamp::parse) {
        None => None,
        Some(Ok(at)) => Some(at),
        Some(Err(message)) => {
            fault(field.to_owned(), message);
            None
        }
    };
    let since = time("since", input.since.as_deref());
    let until = time("until", input.until.as_deref());
    if input.since.is_none() {
        fault("since".to_owned(), "is needed".to_owned());
    }
    if since
        .zip(until)
        .is_some_and(|(since, until)| since >= until)
    {
        fault("until".to_owned(), "must be later than since".to_owned());
    }
    let mut include = Vec::new();
    match input.include.as_deref() {
        None => include.push(Include::Exhausted),
        Some([]) => fault(
            "include".to_owned(),
            "must name at least one sort".to_owned(),
        ),
        Some(words) => {
            for (index, word) in words.iter().enumerate() {
                match Include::parse(word) {
                    Some(sort) => include.push(sort),
                    None => fault(
                        format!("include[{index}]"),
                        "must be exhausted, undelivered or missed".to_owned(),
                    ),
                }
            }
        }
    }
    match since.filter(|_| faults.is_empty()) {
        Some(since) => Ok(Wanted {
            since,
            until,
            include,
        }),
        None => Err(Refusal::Invalid(faults)),
    }
}

fn task(
    conn: &Read<'_>,
    workspace_seq: i64,
    id: WebhookId,
    wanted: &Wanted,
) -> Result<Task, Refusal> {
    let has = |sort| wanted.include.contains(&sort);
    let statuses = if has(Include::Undelivered) {
        vec![Status::Retrying, Status::Exhausted, Status::Canceled]
    } else {
        vec![Status::Exhausted]
    };
    let filter = DeliveryFilter {
        workspace_seq,
        webhook_seq: Some(id.seq()),
        statuses,
        since: Some(wanted.since),
        until: wanted.until,
        ..DeliveryFilter::default()
    };
    let any = has(Include::Exhausted) || has(Include::Undelivered);
    let deliveries = any.then_some(Chosen::Filter(Criteria::new(
        &filter,
        deliveries::end(conn)?,
    )));
    let missed = if has(Include::Missed) {
        let end = match wanted.until {
            Some(until) => events::end_until(conn, until)?,
            None => events::end(conn)?,
        };
        Some(Missed {
            webhook_seq: id.seq(),
            after: events::first_since(conn, wanted.since)? - 1,
            end,
            since_ms: Some(wanted.since.millis()),
            until_ms: wanted.until.map(Timestamp::millis),
        })
    } else {
        None
    };
    Ok(Task {
        deliveries,
        missed,
        events: None,
    })
}
