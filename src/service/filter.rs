//! Which deliveries a caller means: the filter of lists and of bulk work.
//!
//! Owns: reading every part of it, each fault with its field. Refuses: looking deliveries up.

use super::consumers::asked_for;
use super::{Caller, FieldError, Refusal, Service};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{
    DeliveryFilter, DeliveryScope, JobPart, LastResult, Status, TestsShown,
};
use crate::domain::event_type::Pattern;
use crate::domain::id::{JobId, WebhookId};
use crate::domain::time::Timestamp;
use crate::store::{Read, StoreError, events, jobs};

/// A row number that no row has: what an unknown event's deliveries belong to.
const NO_ROW: i64 = 0;

/// A filter as a caller gives it; absent parts filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterInput {
    /// Only to webhooks of this consumer, by id or `uid`.
    pub consumer: Option<String>,
    /// Only to this webhook.
    pub webhook_id: Option<String>,
    /// Only of this event, by its public id.
    pub event_id: Option<String>,
    /// Only those that this job put in line, discarded or restored, and no job since.
    pub job_id: Option<String>,
    /// Only of this part of that job's deliveries.
    pub job_part: Option<String>,
    /// Only of event types that fit this pattern.
    pub event_type: Option<String>,
    /// Only with this result of the last attempt.
    pub result: Option<String>,
    /// Only in these states.
    pub statuses: Vec<String>,
    /// Only made at or after this instant.
    pub since: Option<String>,
    /// Only made before this instant.
    pub until: Option<String>,
    /// Only those that came to their end at or after this instant; pages alone ask for it.
    pub ended_since: Option<String>,
    /// `counted` leaves failed tests out; pages alone ask for it.
    pub tests: Option<String>,
}

impl Service {
    /// The filter that `input` describes, in the caller's workspace. `prefix` stands before the
    /// names of fields at fault, such as `filter.`.
    pub async fn delivery_filter(
        &self,
        caller: &Caller,
        scope: DeliveryScope,
        input: FilterInput,
        prefix: &str,
    ) -> Result<DeliveryFilter, Refusal> {
        let purview = caller.purview();
        let filter = parse(purview, scope, &input, prefix)?;
        let names = [&input.event_id, &input.consumer, &input.job_id];
        if names.into_iter().all(Option::is_none) {
            return Ok(filter);
        }
        self.read(move |_, conn| Ok(found_in(conn, purview, filter, &input)?))
            .await
    }
}

/// As [`Service::delivery_filter`], within a snapshot that reads more.
pub(super) fn filter_in(
    conn: &Read<'_>,
    purview: Purview,
    scope: DeliveryScope,
    input: &FilterInput,
) -> Result<DeliveryFilter, Refusal> {
    let filter = parse(purview, scope, input, "")?;
    Ok(found_in(conn, purview, filter, input)?)
}

/// The filter with the rows of what it names.
fn found_in(
    conn: &Read<'_>,
    purview: Purview,
    mut filter: DeliveryFilter,
    input: &FilterInput,
) -> Result<DeliveryFilter, StoreError> {
    if let Some(id) = &input.event_id {
        filter.event_seq = Some(event_row(conn, purview, id)?);
    }
    if let Some(id) = input.job_id.as_deref().and_then(JobId::parse) {
        let job = jobs::find_in(conn, purview, id)?;
        filter.job_seq = Some(job.map_or(NO_ROW, |job| job.id.seq()));
    }
    filter.consumer_seq = asked_for(conn, purview, input.consumer.as_deref())?;
    Ok(filter)
}

fn event_row(conn: &Read<'_>, purview: Purview, public_id: &str) -> Result<i64, StoreError> {
    // Whose deliveries of it are shown is the filter's consumer.
    let whole = Purview::workspace(purview.workspace_seq);
    let found = events::find_public(conn, whole, public_id)?;
    Ok(found.map_or(NO_ROW, |stored| stored.event.id.seq()))
}

fn parse(
    purview: Purview,
    scope: DeliveryScope,
    input: &FilterInput,
    prefix: &str,
) -> Result<DeliveryFilter, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: format!("{prefix}{field}"),
            message,
        });
    };
    let mut time = |field, text| read(text, Timestamp::parse, |message| fault(field, message));
    let (since, until) = (time("since", &input.since), time("until", &input.until));
    let ended_since = time("ended_since", &input.ended_since);
    if let Some((since, until)) = since.zip(until)
        && since >= until
    {
        fault("until", "must be later than since".to_owned());
    }
    let webhook_seq = input.webhook_id.as_deref().and_then(|text| {
        let id = WebhookId::parse(text);
        if id.is_none() {
            fault("webhook_id", "must be a webhook's id".to_owned());
        }
        id.map(|id| id.seq())
    });
    let job_part = job_part(input, &mut fault);
    let tests = read(&input.tests, read_tests, |message| fault("tests", message));
    let mut statuses = Vec::new();
    for word in &input.statuses {
        match Status::parse(word) {
            Some(status) if statuses.contains(&status) => {}
            Some(status) => statuses.push(status),
            None => fault("status", format!("must be {}", known_statuses())),
        }
    }
    let event_type = read(&input.event_type, Pattern::parse, |message| {
        fault("event_type", message);
    });
    let result = read(&input.result, LastResult::parse, |message| {
        fault("result", message);
    });
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    Ok(DeliveryFilter {
        workspace_seq: purview.workspace_seq,
        consumer_seq: purview.consumer_seq,
        scope,
        webhook_seq,
        event_seq: None,
        job_seq: None,
        job_part,
        event_type,
        result,
        carried: None,
        profile: None,
        statuses,
        since,
        until,
        ended_since,
        tests: tests.unwrap_or_default(),
    })
}

/// The part of a job's deliveries that is wanted; what is amiss with it or the job goes to `fault`.
fn job_part(input: &FilterInput, fault: &mut impl FnMut(&str, String)) -> Option<JobPart> {
    if let Some(text) = input.job_id.as_deref()
        && JobId::parse(text).is_none()
    {
        fault("job_id", "must be a job's id".to_owned());
    }
    if input.job_part.is_some() && input.job_id.is_none() {
        fault("job_part", "needs job_id as well".to_owned());
    }
    read(&input.job_part, read_part, |message| {
        fault("job_part", message);
    })
}

fn read_part(word: &str) -> Result<JobPart, String> {
    JobPart::parse(word).ok_or_else(|| {
        let words = JobPart::ALL.map(JobPart::as_str);
        format!("must be {}", words.join(", "))
    })
}

fn read_tests(word: &str) -> Result<TestsShown, String> {
    match word {
        "counted" => Ok(TestsShown::Counted),
        _ => Err("must be counted, or absent".to_owned()),
    }
}

/// What `text` says, if it was given; what is wrong with it goes to `fault`.
fn read<T>(
    text: &Option<String>,
    parse: impl FnOnce(&str) -> Result<T, String>,
    fault: impl FnOnce(String),
) -> Option<T> {
    parse(text.as_deref()?).map_err(fault).ok()
}

fn known_statuses() -> String {
    let words: Vec<&str> = Status::ALL.into_iter().map(Status::as_str).collect();
    words.join(", ")
}
