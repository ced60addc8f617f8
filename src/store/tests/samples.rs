//! A small post office for tests: a store on a clock that stands still, and rows to fill it with.

use std::sync::Arc;
use std::time::Duration;

use super::{default_workspace, new_event, options};
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::batch::BatchPolicy;
use crate::domain::breaker::BreakerPolicy;
use crate::domain::delivery::{
    DeliveryPlace, LastAttempt, NewDelivery, Next, Progress, Status, Trigger,
};
use crate::domain::event::{Event, NewEvent};
use crate::domain::event_type::{Pattern, Subscription, VersionPins};
use crate::domain::format::Format;
use crate::domain::order::{DeliveryOrder, OrderedBy};
use crate::domain::outcome::FailureKind;
use crate::domain::retry::RetryPolicy;
use crate::domain::shape::{BodyShape, SendMethod};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{
    NewWebhook, Transport, Via, WebhookKind, WebhookSettings, WebhookState,
};
use crate::store::*;

pub(in crate::store) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(in crate::store) const BATCH: deliveries::Batch<'static> = deliveries::Batch {
    rows_max: 10,
    bytes_max: 1000,
    held: None,
};

pub(in crate::store) struct Office {
    pub(in crate::store) store: Store,
    pub(in crate::store) clock: Clock,
    pub(in crate::store) dir: tempfile::TempDir,
}

pub(in crate::store) fn office() -> Office {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
    let options = OpenOptions {
        clock: clock.clone(),
        ..options(dir.path())
    };
    let store = Store::open(&options).unwrap();
    Office { store, clock, dir }
}

impl Office {
    pub(in crate::store) fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write_blocking(write).unwrap()
    }

    pub(in crate::store) fn read<T>(
        &self,
        read: impl FnOnce(&Read<'_>) -> Result<T, StoreError>,
    ) -> T {
        self.store.read_blocking(read).unwrap()
    }

    pub(in crate::store) fn number(&self, sql: &str) -> i64 {
        self.read(|conn| Ok(conn.connection().query_row(sql, [], |row| row.get(0))?))
    }
}

pub(in crate::store) fn settings() -> WebhookSettings {
    WebhookSettings {
        label: String::new(),
        transport: Transport::Push,
        url: "https://example.com/hook".to_owned(),
        subscription: Subscription::parse(&["*"])
            .unwrap()
            .pinning(VersionPins::parse([("other.type", "1")]).unwrap()),
        filter: None,
        channels: None,
        format: Format::Json,
        method: SendMethod::default(),
        shape: BodyShape::default(),
        auth: None,
        ca: None,
        via: Via::Direct,
        headers: Vec::new(),
        aliases: None,
        retry: RetryPolicy::standard(),
        timeout: Duration::from_secs(10),
        max_in_flight: 16,
        rate_limit: None,
        order: DeliveryOrder::By(OrderedBy::parse("/data/k").unwrap()),
        batch: Some(BatchPolicy::parse(50, "2s").unwrap()),
        breaker: BreakerPolicy {
            disable_after_failures: None,
            disable_after: None,
        },
        metadata: "{}".into(),
    }
}

pub(in crate::store) fn webhook(
    tx: &mut WriteTx<'_>,
    kind: WebhookKind,
) -> Result<i64, StoreError> {
    let settings = settings();
    let new = NewWebhook {
        workspace: default_workspace(tx),
        consumer_seq: None,
        kind,
        profile_seq: 1,
        settings: &settings,
        state: WebhookState::Active,
        target_digest: None,
    };
    Ok(webhooks::insert(tx, &new)?.seq())
}

pub(in crate::store) fn event(
    tx: &mut WriteTx<'_>,
    event_type: &str,
) -> Result<Arc<Event>, StoreError> {
    let workspace = default_workspace(tx);
    let new = NewEvent {
        event_type: event_type.into(),
        ..new_event("{}")
    };
    Ok(Arc::new(events::insert(tx, workspace, new, 1)?))
}

pub(in crate::store) fn delivery(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    webhook_seq: i64,
    trigger: Trigger,
) -> Result<DeliveryPlace, StoreError> {
    let new = NewDelivery {
        webhook_seq,
        consumer_seq: None,
        profile_seq: 1,
        format: Format::Json,
        shape_seq: None,
        trigger,
        max_attempts: 29,
        retried_from: None,
        order_key: None,
    };
    let id = deliveries::insert(tx, event, &new)?;
    Ok(DeliveryPlace {
        seq: id.seq(),
        webhook_seq,
        workspace_seq: event.workspace.seq(),
        trigger,
        order_key: None,
    })
}

/// Which event types are wanted.
pub(in crate::store) fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

/// What the receiver answered if an attempt led to `status`.
pub(in crate::store) fn answer_before(status: Status) -> (Option<u16>, Option<FailureKind>) {
    match status {
        Status::Delivered | Status::Scheduled | Status::Pending | Status::Canceled => {
            (Some(200), None)
        }
        Status::Retrying => (None, Some(FailureKind::Timeout)),
        Status::Exhausted => (Some(503), Some(FailureKind::Status)),
    }
}

/// Moves a delivery to `status` with one more attempt.
pub(in crate::store) fn attempt(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    status: Status,
) -> Result<(), StoreError> {
    let (old, _) = deliveries::progress(tx, place.seq)?.unwrap();
    let next = if status.is_waiting() {
        Next::Scheduled(tx.now())
    } else {
        Next::Never
    };
    let new = Progress {
        status,
        attempt_count: old.attempt_count + 1,
        next,
        ..old
    };
    let (status_code, error_kind) = answer_before(status);
    let made = Attempt {
        number: new.attempt_count,
        trigger: AttemptTrigger::Schedule,
        started_at: tx.now(),
        duration_ms: 12,
        status_code,
        error_kind,
        error: None,
        remote_addr: Some("203.0.113.7".to_owned()),
        url: "https://example.com/hook".to_owned(),
        request_headers: String::new(),
        response_headers: String::new(),
        response_body: Some(vec![b'x'; 100]),
        response_truncated: false,
    };
    attempts::insert(tx, place, made.number, &made)?;
    let last = LastAttempt {
        status_code,
        error_kind,
        error: None,
        duration_ms: 12,
    };
    deliveries::set_progress(tx, place, &old, &new, Some(&last))
}

/// The counts that are kept are the counts that counting gives.
pub(in crate::store) fn assert_counts_are_right(office: &Office) {
    let wrong = office.number(
        "SELECT count(*)
         FROM (SELECT webhook_seq, status, deliveries FROM delivery_counts WHERE deliveries <> 0
             EXCEPT
             SELECT webhook_seq, status, count(*) FROM deliveries GROUP BY webhook_seq, status)",
    );
    let missing = office.number(
        "SELECT count(*)
         FROM (SELECT webhook_seq, status, count(*) FROM deliveries GROUP BY webhook_seq, status
             EXCEPT
             SELECT webhook_seq, status, deliveries FROM delivery_counts)",
    );
    assert_eq!((wrong, missing), (0, 0));
}
