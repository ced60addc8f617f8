//! What is told although no attempt gives reason for it: reminders, dead letters that were held back for
//! a group, certificates, the disk.
//!
//! Owns: one step over all of it. Refuses: choosing when the next step is taken (`service::housekeeping`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::message::{AlertText, EndingCertificate, Outage, certificate, exhausted, outage};
use super::tell::{recipients, tell};
use super::ways::AlertWays;
use crate::domain::alert::{REMIND_EVERY, certificate_days};
use crate::domain::authorization::WebhookAuth;
use crate::domain::breaker::DisabledReason;
use crate::domain::hearer::Hearer;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::engine::Shared;
use crate::store::alerts::DueAlert;
use crate::store::disk::disk;
use crate::store::workspaces::DEFAULT_NAME;
use crate::store::{FREE_BYTES_MIN, Store, StoreError, WriteTx, alerts};
use crate::store::{deliveries, webhooks, workspaces};

/// How often certificates are looked at.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Somebody is told while the disk has twice the room below which events are refused.
const ROOM_TOLD: u64 = 2 * FREE_BYTES_MIN;

/// What the steps remember of those before.
#[derive(Debug, Default)]
pub(in crate::engine) struct AlertMemory {
    certificates_at: Mutex<Option<Timestamp>>,
    storage_told_at: Mutex<Option<Timestamp>>,
}

impl AlertMemory {
    /// Whether it has been longer than `every` since this was due last; then it is from now on.
    fn is_due(at: &Mutex<Option<Timestamp>>, every: Duration, now: Timestamp) -> bool {
        let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = at.is_none_or(|at| now.apart(at) >= every);
        if due {
            *at = Some(now);
        }
        due
    }
}

/// Tells what is due.
pub(in crate::engine) async fn tell_due(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let (store, now) = (&shared.parts.store, shared.now());
    let due = store.read(move |conn| alerts::due(conn, now)).await?;
    for one in due {
        let ways = Arc::clone(&shared.parts.alerts);
        let told = move |tx: &mut WriteTx<'_>| match one {
            DueAlert::Outage { webhook_seq } => remind(tx, webhook_seq, &ways),
            DueAlert::Unsaid {
                webhook_seq,
                letters,
            } => {
                alerts::exhausted_told(tx, webhook_seq)?;
                let delivery = deliveries::find(tx, letters.delivery_seq)?;
                let (Some(delivery), Some(webhook)) = (delivery, live(tx, webhook_seq)?) else {
                    return Ok(());
                };
                let (pages, count) = (&ways.pages, letters.count);
                let words = |hearer| exhausted(&webhook, &delivery, count, pages, hearer);
                tell_of(tx, &webhook, words, &ways)
            }
        };
        store.settle(told).await?;
    }
    let remembered = &shared.alerts;
    if AlertMemory::is_due(&remembered.certificates_at, CERTIFICATES_EVERY, now) {
        certificates(store, &shared.parts.alerts).await?;
    }
    storage(shared, now).await
}

/// The webhook in row `seq`, unless it is out for good. Hidden receivers of one event count as well.
fn live(tx: &WriteTx<'_>, seq: i64) -> Result<Option<Webhook>, StoreError> {
    let webhook = webhooks::find(tx, tx.vault(), seq, tx.now())?;
    Ok(webhook.filter(|own| own.deleted_at.is_none() && own.state != WebhookState::Revoked))
}

fn tell_of(
    tx: &mut WriteTx<'_>,
    webhook: &Webhook,
    words: impl Fn(Hearer) -> AlertText,
    ways: &AlertWays,
) -> Result<(), StoreError> {
    let consumer_seq = webhook.consumer.map(|id| id.seq());
    match recipients(tx, webhook.workspace.seq(), consumer_seq)? {
        Some(whom) => tell(tx, &whom, words, None, ways),
        None => Ok(()),
    }
}

/// Reminds of an outage; one that somebody ended or took in hand is no news any more.
fn remind(tx: &mut WriteTx<'_>, webhook_seq: i64, ways: &AlertWays) -> Result<(), StoreError> {
    let webhook = live(tx, webhook_seq)?;
    let reason = webhook.as_ref().and_then(|own| own.state.disabled_reason());
    let Some(webhook) = webhook.filter(|_| reason != Some(DisabledReason::Manual)) else {
        return alerts::forget_outage(tx, webhook_seq);
    };
    alerts::outage_told(tx, webhook_seq)?;
    let about = Outage::reminder(&webhook);
    let words = |hearer| outage(&webhook, &about, &ways.pages, hearer);
    tell_of(tx, &webhook, words, ways)
}

/// Looks at the certificates of all webhooks, a few at a time.
async fn certificates(store: &Store, ways: &Arc<AlertWays>) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let rows = store.read(move |conn| alerts::sealed_webhooks(conn, after));
        let rows = rows.await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = *last;
        for seq in rows {
            let ways = Arc::clone(ways);
            let look = move |tx: &mut WriteTx<'_>| look_at(tx, seq, &ways);
            store.settle(look).await?;
        }
    }
}

fn look_at(tx: &mut WriteTx<'_>, seq: i64, ways: &AlertWays) -> Result<(), StoreError> {
    let Some(webhook) = live(tx, seq)? else {
        return Ok(());
    };
    let stage = first_ending(&webhook)
        .and_then(|ending| Some((certificate_days(ending.expires_at, tx.now())?, ending)));
    let days = stage.as_ref().map(|(days, _)| *days);
    let known = alerts::certificate_days(tx, seq)?;
    if days == known {
        return Ok(());
    }
    alerts::set_certificate_days(tx, seq, days)?;
    match stage {
        // One that was replaced begins anew, and is told of at its next stage.
        Some((days, ending)) if known.is_none_or(|known| days < known) => {
            let words = |hearer| certificate(&webhook, &ending, days, &ways.pages, hearer);
            tell_of(tx, &webhook, words, ways)
        }
        Some(_) | None => Ok(()),
    }
}

/// The certificate of a webhook that ends first.
fn first_ending(webhook: &Webhook) -> Option<EndingCertificate> {
    let settings = &webhook.settings;
    let shown = match &settings.auth {
        Some(WebhookAuth::Mtls(own)) => Some(EndingCertificate {
            which: "client",
            subject: own.subject.clone(),
            expires_at: own.expires_at,
        }),
        Some(WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::OAuth2(_))
        | None => None,
    };
    let trusted = settings.ca.as_ref().map(|own| EndingCertificate {
        which: "ca",
        subject: String::new(),
        expires_at: own.expires_at,
    });
    [shown, trusted]
        .into_iter()
        .flatten()
        .min_by_key(|ending| ending.expires_at)
}

/// Tells the instance's own workspace, whose people look after the disk.
async fn storage(shared: &Arc<Shared>, now: Timestamp) -> Result<(), StoreError> {
    let store = &shared.parts.store;
    let Ok(disk) = disk(store.data_dir()) else {
        return Ok(());
    };
    let told_at = &shared.alerts.storage_told_at;
    if disk.free_bytes >= ROOM_TOLD {
        *told_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        return Ok(());
    }
    if !AlertMemory::is_due(told_at, REMIND_EVERY, now) {
        return Ok(());
    }
    let told = AlertText::storage(disk.free_bytes, FREE_BYTES_MIN, &shared.parts.alerts.pages);
    let ways = Arc::clone(&shared.parts.alerts);
    let tell = move |tx: &mut WriteTx<'_>| {
        let Some(workspace) = workspaces::find_named(tx, DEFAULT_NAME)? else {
            return Ok(());
        };
        match recipients(tx, workspace.id.seq(), None)? {
            Some(whom) => tell(tx, &whom, |_| told.clone(), None, &ways),
            None => Ok::<(), StoreError>(()),
        }
    };
    store.settle(tell).await
}
