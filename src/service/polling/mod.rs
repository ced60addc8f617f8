//! Fetching from webhooks that have no URL.
//!
//! Owns: what a reader gets, how far each has come, and how long an answer is waited for. Refuses:
//! giving an entry to one reader of a name only: two that share a name share a place, and both get what
//! lies behind it.
//!
//! # Why what was fetched stays
//! An entry leaves with its event. A reader says how far it has come when it has dealt with what it got;
//! until then it gets the same again, also after a restart of either side. Whoever wants to read something
//! again names a place of its own.
//!
//! # Why a place never goes back by itself
//! Two workers of one name acknowledge in any order. The later place holds; `seek` alone goes back.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::webhooks::{check_fetched, usable_in};
use super::{Caller, Refusal, Service};
use crate::domain::event::StoredEvent;
use crate::domain::event_document::EventDocument;
use crate::domain::id::WebhookId;
use crate::domain::page::{Cursor, Limit, List};
use crate::domain::poll::{POLL_BYTES_MAX, POLL_WAIT_MAX, PollEntry, ReaderName};
use crate::domain::time::{Timestamp, parse_duration};
use crate::domain::webhook::{Webhook, WebhookState};
use crate::store::{Read, Store, WriteTx, events, poll};

mod places;
mod waiting;

pub use places::SeekInput;
use waiting::Woken;
pub(super) use waiting::{PollWaiter, PollWaiters};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct PollInput {
    /// The reader's name; one for all that name none.
    pub reader: Option<String>,
    /// Where to begin; where the reader has come to if absent.
    pub cursor: Option<Cursor>,
    /// In its stead: with what was kept from then on.
    pub since: Option<Timestamp>,
    /// How many events at most.
    pub limit: Limit,
    /// How long to wait for one; not at all if absent.
    pub wait: Option<String>,
}

/// What a webhook keeps for a reader.
#[derive(Clone, Debug)]
pub struct Polled {
    /// The events, in order.
    pub events: Vec<PolledEvent>,
    /// The place behind them.
    pub next: Cursor,
    /// Whether there is more behind that.
    pub has_more: bool,
}

/// One event that is fetched.
#[derive(Clone, Debug)]
pub struct PolledEvent {
    /// The place behind it.
    pub cursor: Cursor,
    /// The event.
    pub stored: StoredEvent,
    /// Its body.
    pub body: PolledBody,
}

/// What a reader gets of an event.
#[derive(Clone, Debug)]
pub enum PolledBody {
    /// Its data, as it was published.
    Plain,
    /// What the webhook's template makes of it: JSON text.
    Shaped(String),
    /// Nothing: why the template gives no body for it.
    Failed(String),
}

/// What one look found.
struct Look {
    polled: Polled,
    /// When what is for later is due next.
    due_at: Option<Timestamp>,
}

impl Service {
    /// What a webhook keeps for a reader behind its place, as soon as there is something.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`]; [`Refusal::Conflict`] where it is requested, or
    /// disabled; [`Refusal::Overloaded`] where too many wait; the field at fault.
    pub async fn poll_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        input: PollInput,
    ) -> Result<Polled, Refusal> {
        let wait = wait_of(input.wait.as_deref())?;
        let reader = reader_of(input.reader.as_deref())?;
        let until = Instant::now() + wait;
        let mut waiting: Option<PollWaiter> = None;
        loop {
            let look = self.look(caller, id, &reader, &input).await?;
            let now = self.clock().now();
            if look.due_at.is_some_and(|at| at <= now) {
                let work = move |tx: &mut WriteTx<'_>| poll::fall_due(tx, id.seq());
                self.store().write(work).await?;
                continue;
            }
            if !look.polled.events.is_empty() || Instant::now() >= until {
                return Ok(look.polled);
            }
            // What comes between a look and the waiting is found by another look.
            let Some(waiting) = &mut waiting else {
                waiting = Some(self.poll_waiters().join(caller.workspace.seq(), id.seq())?);
                continue;
            };
            let due_in = look.due_at.map(|at| at.since(now));
            let until = due_in.map_or(until, |long| until.min(Instant::now() + long));
            tokio::select! {
                woken = waiting.woken() => match woken {
                    Woken::More => {}
                    Woken::Over => return Ok(look.polled),
                },
                () = sleep_until(until) => {}
            }
        }
    }

    async fn look(
        &self,
        caller: &Caller,
        id: WebhookId,
        reader: &ReaderName,
        input: &PollInput,
    ) -> Result<Look, Refusal> {
        let (caller, reader) = (caller.clone(), reader.clone());
        let (cursor, since, limit) = (input.cursor, input.since, input.limit);
        self.read(move |store, conn| {
            let webhook = usable_in(store, conn, &caller, id)?;
            check_fetched(&webhook)?;
            check_active(&webhook)?;
            let after = match (cursor, since) {
                (Some(cursor), _) => cursor.seq(),
                (None, Some(since)) => poll::behind(conn, id.seq(), since)?,
                (None, None) => poll::position(conn, id.seq(), reader.as_str())?,
            };
            Ok(Look {
                polled: found(store, conn, id, after, limit)?,
                due_at: poll::next_due(conn, id.seq())?,
            })
        })
        .await
    }

    /// Ends all waiting: those who wait are answered with what there is.
    pub fn end_polls(&self) {
        self.poll_waiters().close();
    }
}

fn check_active(webhook: &Webhook) -> Result<(), Refusal> {
    match webhook.state {
        WebhookState::Active => Ok(()),
        WebhookState::Revoked => Err(Refusal::Revoked),
        WebhookState::Disabled { .. } => Err(Refusal::Conflict(
            "this webhook is disabled; what it keeps can be fetched again once it is enabled"
                .to_owned(),
        )),
    }
}

fn found(
    store: &Store,
    conn: &Read<'_>,
    id: WebhookId,
    after: i64,
    limit: Limit,
) -> Result<Polled, Refusal> {
    let mut entries = poll::entries(conn, id.seq(), after, limit)?;
    let mut has_more = entries.len() > limit.rows();
    entries.truncate(limit.rows());
    let rows: Vec<i64> = entries.iter().map(|entry| entry.event_seq).collect();
    let mut kept = events::in_rows(conn, &rows)?.into_iter().peekable();
    // Where there is none at all, they have left, and their entries lead nowhere.
    let is_any = kept.peek().is_some();
    let mut polled = Vec::with_capacity(entries.len());
    let (mut last, mut bytes) = (after, 0);
    for entry in entries {
        let is_cut = (kept.peek().is_none() && is_any) || bytes > POLL_BYTES_MAX;
        if is_cut {
            has_more = true;
            break;
        }
        last = entry.seq;
        let own = kept.next_if(|(seq, _)| *seq == entry.event_seq);
        if let Some((_, Some(stored))) = own {
            let body = body(store, conn, &entry, &stored)?;
            bytes += match &body {
                PolledBody::Plain => stored.event.data.len(),
                PolledBody::Shaped(text) | PolledBody::Failed(text) => text.len(),
            };
            polled.push(PolledEvent {
                cursor: behind(entry.seq),
                stored,
                body,
            });
        }
    }
    Ok(Polled {
        events: polled,
        next: behind(last),
        has_more,
    })
}

fn body(
    store: &Store,
    conn: &Read<'_>,
    entry: &PollEntry,
    stored: &StoredEvent,
) -> Result<PolledBody, Refusal> {
    let shape = store.shape(conn, entry.shape_seq)?;
    let Some(template) = shape.as_ref().and_then(|shape| shape.template.as_ref()) else {
        return Ok(PolledBody::Plain);
    };
    let id = stored.event.public_id();
    let document = EventDocument {
        id: Some(&id),
        ..EventDocument::from(&stored.event)
    };
    let filled = template.fill(document.tape().root());
    Ok(match filled.map(String::from_utf8) {
        Ok(Ok(text)) => PolledBody::Shaped(text),
        Ok(Err(_)) => PolledBody::Failed("the template's result is not UTF-8".to_owned()),
        Err(failure) => PolledBody::Failed(failure.to_string()),
    })
}

fn behind(seq: i64) -> Cursor {
    Cursor::behind(List::PollEntries, seq)
}

fn wait_of(text: Option<&str>) -> Result<Duration, Refusal> {
    let Some(text) = text else {
        return Ok(Duration::ZERO);
    };
    let wait = parse_duration(text).map_err(|message| Refusal::field("wait", message))?;
    if wait > POLL_WAIT_MAX {
        let most = POLL_WAIT_MAX.as_secs();
        return Err(Refusal::field("wait", format!("must be at most {most}s")));
    }
    Ok(wait)
}

fn reader_of(text: Option<&str>) -> Result<ReaderName, Refusal> {
    let parsed = text.map(ReaderName::parse).transpose();
    let parsed = parsed.map_err(|message| Refusal::field("consumer", message))?;
    Ok(parsed.unwrap_or_default())
}
