//! What is shown of events.
//!
//! Owns: filling in their JSON. Refuses: touching `data`: what was published is what is shown.

use actix_web::http::StatusCode;
use serde_json::value::RawValue;

use super::shape::{
    BatchAnswer, BatchResult, EventBody, EventDeliveryBody, EventDetailBody, EventWebhookBody,
    MissBody, PublishedBody, ReplayedBody,
};
use crate::domain::delivery::Delivery;
use crate::domain::event::StoredEvent;
use crate::domain::id::DeliveryId;
use crate::domain::page::{Order, Page};
use crate::service::events::{EventDetail, EventWebhook, Known, Published, WhyNot};
use crate::service::{Refusal, StoredAnswer};
use crate::web::wire::{ListBody, Time};
use crate::web::{Problem, answer};

/// Stands before the cursors of ascending pages, so that going on keeps the direction.
pub(super) const ASCENDING_MARK: char = 'a';

pub(super) fn listed(page: Page<StoredEvent>, order: Order) -> ListBody<EventBody> {
    let mut list = ListBody::of(page, |own| event(&own));
    if order == Order::Ascending {
        list.next_cursor = list
            .next_cursor
            .map(|cursor| format!("{ASCENDING_MARK}{cursor}"));
    }
    list
}

pub(super) fn published(published: &Published) -> (StatusCode, PublishedBody) {
    let status = match published.known {
        Known::New => StatusCode::ACCEPTED,
        Known::Before => StatusCode::OK,
    };
    let body = PublishedBody {
        id: published.id.clone(),
        r#type: published.event_type.to_string(),
        version: published.version.as_ref().map(ToString::to_string),
        occurred_at: published.occurred_at.into(),
        created_at: published.created_at.into(),
        deliver_at: published.deliver_at.map(Time::from),
        consumer_id: published.consumer.map(|id| id.to_string()),
        deliveries: published.deliveries,
    };
    (status, body)
}

pub(super) fn published_answer(event: &Published) -> StoredAnswer {
    let (status, body) = published(event);
    answer::recorded(status, &body)
}

pub(super) fn batch_answer(results: &[Result<Published, Refusal>]) -> StoredAnswer {
    let results = results.iter().map(|result| match result {
        Ok(event) => {
            let (status, event) = published(event);
            let status = status.as_u16();
            BatchResult::Accepted { status, event }
        }
        Err(refusal) => BatchResult::Refused(Problem::from(refusal.clone()).body()),
    });
    let body = BatchAnswer {
        results: results.collect(),
    };
    answer::recorded(StatusCode::ACCEPTED, &body)
}

pub(super) fn replayed_answer(made: &[DeliveryId]) -> StoredAnswer {
    let body = ReplayedBody {
        deliveries: made.len(),
        delivery_ids: made.iter().map(ToString::to_string).collect(),
    };
    answer::recorded(StatusCode::ACCEPTED, &body)
}

fn event(stored: &StoredEvent) -> EventBody {
    EventBody {
        id: stored.event.public_id(),
        r#type: stored.event.event_type.to_string(),
        version: stored.event.version().map(ToString::to_string),
        occurred_at: stored.event.occurred_at.into(),
        created_at: stored.created_at.into(),
        deliver_at: stored.deliver_at.map(Time::from),
        consumer_id: stored.event.consumer.map(|id| id.to_string()),
        channels: stored.event.channels().to_vec(),
        tags: stored.event.tags().to_vec(),
        content_type: stored.event.content_type().map(str::to_owned),
        data: raw(&stored.event.data),
        erased_at: stored.erased_at.map(Time::from),
        keep_data_until: stored.erase_at.map(Time::from),
        deliveries: stored.delivery_count,
    }
}

pub(super) fn detailed(detail: EventDetail) -> EventDetailBody {
    let event = event(&detail.stored);
    let missed = detail.missed.into_iter().map(|(webhook, reason)| MissBody {
        webhook_id: webhook.to_string(),
        reason: reason.as_str(),
    });
    EventDetailBody {
        id: event.id,
        r#type: event.r#type,
        version: event.version,
        occurred_at: event.occurred_at,
        created_at: event.created_at,
        deliver_at: event.deliver_at,
        consumer_id: event.consumer_id,
        channels: event.channels,
        tags: event.tags,
        content_type: event.content_type,
        data: event.data,
        erased_at: event.erased_at,
        keep_data_until: event.keep_data_until,
        deliveries: detail.deliveries.iter().map(delivery).collect(),
        missed: missed.collect(),
        webhooks: detail.webhooks.into_iter().map(event_webhook).collect(),
    }
}

fn event_webhook(webhook: EventWebhook) -> EventWebhookBody {
    let (disabled_reason, detail) = match &webhook.why_not {
        Some(WhyNot::Disabled(reason)) => (Some(reason.as_str()), None),
        Some(WhyNot::Filtered(misfit)) => (None, Some(misfit.clone())),
        Some(
            WhyNot::Revoked
            | WhyNot::RegisteredLater
            | WhyNot::NotSubscribed
            | WhyNot::OtherVersion
            | WhyNot::OtherChannels
            | WhyNot::SubscribedLater,
        )
        | None => (None, None),
    };
    let (condition, detail) = detail.map(|own| (own.condition, own.words)).unzip();
    EventWebhookBody {
        webhook_id: webhook.id.to_string(),
        label: webhook.label,
        given: webhook.why_not.is_none(),
        reason: webhook.why_not.as_ref().map(WhyNot::as_str),
        disabled_reason,
        condition,
        detail,
    }
}

fn delivery(delivery: &Delivery) -> EventDeliveryBody {
    let registered = delivery.webhook_registered;
    EventDeliveryBody {
        id: delivery.id.to_string(),
        webhook_id: registered.then(|| delivery.webhook.to_string()),
        status: delivery.progress.status.as_str(),
        trigger: delivery.trigger.as_str(),
        attempt_count: delivery.progress.attempt_count,
        last_status_code: delivery.last_status_code,
        next_attempt_at: delivery.next_attempt_at().map(Time::from),
    }
}

/// What was stored as JSON is JSON; a row that is not would be caught by its digest before.
fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_default()
}
