//! Accepting an event, in the transaction that keeps it.
//!
//! Owns: events that were published before, who wants one, and the fan-out. Refuses: checking what a
//! publisher said; that was done before the writer was asked.

use std::sync::Arc;

use super::fitting::{Fitting, JudgedEvent, view_of};
use super::one_off::{OneOff, OneOffTarget};
use super::reached::Reached;
use super::{EVENT_DELIVERIES_MAX, Known, Published};
use crate::domain::delivery::{NewDelivery, Trigger};
use crate::domain::envelope::check_data;
use crate::domain::event::{Event, NewEvent, StoredEvent};
use crate::domain::event_context::{EventContext, reaches};
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::order::OrderKey;
use crate::domain::schedule::DueTime;
use crate::domain::webhook::{Subscriber, Transport};
use crate::service::consumers::CheckedName;
use crate::service::{Caller, Refusal};
use crate::store::deliveries;
use crate::store::events;
use crate::store::{StoreError, WriteTx, poll};

/// A publisher's words, checked.
pub(super) struct CheckedEvent {
    /// Its type, read.
    pub(super) name: EventTypeName,
    pub(super) new: NewEvent,
    pub(super) consumer: Option<CheckedName>,
    pub(super) one_off: Option<OneOff>,
    /// The version that its publisher named.
    pub(super) named_version: Option<VersionName>,
    pub(super) judged: Option<JudgedEvent>,
}

/// Stores an event with its deliveries; run again after it was undone it does the same.
///
/// # Errors
/// [`Refusal::Conflict`] where its id was used for another; [`Refusal::Invalid`] where its data does
/// not fit a webhook that wants it.
pub(super) fn accept(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    checked: &CheckedEvent,
) -> Result<Published, Refusal> {
    let mut new = checked.new.clone();
    new.consumer = match &checked.consumer {
        Some(named) => Some(named.resolve(tx, caller)?),
        None => None,
    };
    let target = match &checked.one_off {
        Some(one_off) => Some(one_off.resolve(tx, caller.workspace)?),
        None => None,
    };
    if let Some(target) = &target {
        target.check(&new.data)?;
        if new.given_id.is_none() {
            new.given_id = target.event_id_in(&new.data);
        }
    }
    if let Some(given_id) = &new.given_id
        && let Some(known) = events::find_public(tx, caller.purview(), given_id.as_str())?
    {
        let named_version = checked.named_version.as_ref();
        check_same_version(&known, named_version)?;
        return known_before(tx, &known, &new, target.as_ref());
    }
    check_uid_is_free(tx, &new)?;
    let reached = Reached::by(tx, caller.workspace.seq(), new.consumer)?;
    let judged = checked.judged.as_ref();
    let fitting = Fitting::judged(view_of(&new, tx.now()), judged, reached.own());
    let wanted = wanting(reached.subscribers(), &checked.name, &new, &fitting)?;
    let is_open = |own: &&WantedBy<'_>| {
        own.subscriber.disabled.is_none() && own.subscriber.transport == Transport::Push
    };
    let open = wanted.iter().filter(is_open).count();
    let count = open + usize::from(target.is_some());
    let schedule = new.schedule;
    let due = schedule.and_then(|own| own.due(tx.now()));
    let event = Arc::new(events::insert(tx, caller.workspace, new, count)?);
    fan_out(tx, &event, &wanted, due)?;
    if let Some(target) = target {
        target.deliver(tx, &event, due)?;
    }
    Ok(Published {
        id: event.public_id(),
        event_type: Arc::clone(&event.event_type),
        version: event.version().cloned(),
        occurred_at: event.occurred_at,
        created_at: tx.now(),
        deliver_at: schedule.map(|own| own.instant(tx.now())),
        consumer: event.consumer,
        deliveries: u32::try_from(count).unwrap_or(u32::MAX),
        known: Known::New,
    })
}

/// What the platform calls an event is unique with the consumer it is for.
fn check_uid_is_free(tx: &WriteTx<'_>, new: &NewEvent) -> Result<(), Refusal> {
    let uid = new.context.as_ref().and_then(|own| own.uid.as_deref());
    let Some((consumer, uid)) = new.consumer.zip(uid) else {
        return Ok(());
    };
    match events::row_called(tx, consumer.seq(), uid)? {
        None => Ok(()),
        Some(_) => Err(Refusal::Conflict(format!(
            "an event called {uid} was published for this consumer before"
        ))),
    }
}

/// An event is of one version. Where its publisher names none, the one it was given first counts, also
/// if there is a newer one by now.
fn check_same_version(known: &StoredEvent, named: Option<&VersionName>) -> Result<(), Refusal> {
    let event = &known.event;
    match named.is_none_or(|named| Some(named) == event.version()) {
        true => Ok(()),
        false => Err(Refusal::Conflict(format!(
            "the event {} was published as another version of its type",
            event.public_id()
        ))),
    }
}

/// The same event under the same id is answered with the first; another event, or a receiver that the
/// first did not go to, is refused.
fn known_before(
    tx: &WriteTx<'_>,
    known: &StoredEvent,
    new: &NewEvent,
    target: Option<&OneOffTarget>,
) -> Result<Published, Refusal> {
    let StoredEvent {
        event,
        created_at,
        delivery_count,
        schedule,
        deliver_at,
        ..
    } = known;
    let same_time =
        new.occurred_at.is_none_or(|at| at == event.occurred_at) && new.schedule == *schedule;
    let labels = |own: &Option<Arc<EventContext>>| {
        own.as_ref()
            .map(|own| {
                (
                    own.channels.clone(),
                    own.tags.clone(),
                    own.content_type.clone(),
                )
            })
            .unwrap_or_default()
    };
    let same_reach =
        event.consumer == new.consumer && labels(&event.context) == labels(&new.context);
    if event.event_type != new.event_type || event.data != new.data || !same_time || !same_reach {
        return Err(Refusal::Conflict(format!(
            "the id {} was used for another event; ids are unique in a workspace",
            event.public_id()
        )));
    }
    if let Some(target) = target {
        let before = deliveries::of_event(tx, event.id.seq(), EVENT_DELIVERIES_MAX)?;
        if !target.is_among(tx, &before)? {
            return Err(Refusal::Conflict(format!(
                "the event {} was published before without this webhook_url; give it another id",
                event.public_id()
            )));
        }
    }
    Ok(Published {
        id: event.public_id(),
        event_type: Arc::clone(&event.event_type),
        version: event.version().cloned(),
        occurred_at: event.occurred_at,
        created_at: *created_at,
        deliver_at: *deliver_at,
        consumer: event.consumer,
        deliveries: *delivery_count,
        known: Known::Before,
    })
}

/// A webhook that wants an event, and what the event has in common with those whose order it keeps there.
struct WantedBy<'a> {
    subscriber: &'a Subscriber,
    order_key: Option<OrderKey>,
}

/// The webhooks that want an event, disabled ones included. Data that does not fit one of the active
/// ones is refused.
fn wanting<'a>(
    subscribers: impl Iterator<Item = &'a Subscriber>,
    name: &EventTypeName,
    new: &NewEvent,
    fitting: &Fitting<'_>,
) -> Result<Vec<WantedBy<'a>>, Refusal> {
    let channels = new.context.as_ref().map_or(&[][..], |own| &own.channels);
    let version = new.version();
    let wants = |s: &&Subscriber| {
        s.subscription.wants(name, version) && reaches(s.channels.as_deref(), channels)
    };
    let wanted = subscribers.filter(wants);
    let wanted: Vec<&Subscriber> = wanted.filter(|s| fitting.fits(s)).collect();
    let is_open = |s: &&&Subscriber| s.disabled.is_none();
    for subscriber in wanted.iter().filter(is_open) {
        check_data(&subscriber.profile, subscriber.body_source(), &new.data).map_err(|error| {
            Refusal::field(
                "data",
                format!("does not fit webhook {}: it {error}", subscriber.id),
            )
        })?;
    }
    let wanted = wanted.into_iter().map(|subscriber| WantedBy {
        subscriber,
        order_key: fitting.order_key(subscriber),
    });
    Ok(wanted.collect())
}

/// Gives an event to the active ones of the webhooks that want it, and records which disabled one
/// missed it.
fn fan_out(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    wanted: &[WantedBy<'_>],
    due: Option<DueTime>,
) -> Result<(), StoreError> {
    for WantedBy {
        subscriber,
        order_key,
    } in wanted
    {
        let (seq, webhook_seq) = (event.id.seq(), subscriber.webhook_seq);
        match (subscriber.disabled, subscriber.transport) {
            (Some(reason), _) => events::insert_miss(tx, seq, webhook_seq, reason)?,
            (None, Transport::Poll) => {
                poll::keep(tx, webhook_seq, seq, subscriber.shape_seq, due)?;
            }
            (None, Transport::Push | Transport::Operational) => {
                let new = NewDelivery::to(subscriber, Trigger::Event, *order_key);
                deliveries::insert_for(tx, event, &new, due)?;
            }
        }
    }
    Ok(())
}
