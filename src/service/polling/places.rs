//! How far readers have come.
//!
//! Owns: moving a place forward, or anywhere; listing and forgetting them. Refuses: places that no entry
//! ever had: what comes next would lie before them, and never be read.

use serde_json::json;

use super::reader_of;
use crate::domain::id::WebhookId;
use crate::domain::page::{Cursor, List};
use crate::domain::poll::{PollReader, READERS_MAX, ReaderName};
use crate::domain::time::Timestamp;
use crate::service::webhooks::{check_fetched, usable, usable_in};
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::{Read, WriteTx, poll};

/// Where a reader is to go on.
#[derive(Clone, Debug, Default)]
pub struct SeekInput {
    /// The reader's name; one for all that name none.
    pub reader: Option<String>,
    /// Behind this place.
    pub cursor: Option<String>,
    /// In its stead: with what was published from then on.
    pub since: Option<Timestamp>,
}

impl Service {
    /// Takes note that a reader has dealt with everything up to `cursor`; answers where it stands now.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`]; [`Refusal::Conflict`] where the webhook is requested,
    /// or has too many readers; the field at fault.
    pub async fn ack_poll(
        &self,
        caller: &Caller,
        id: WebhookId,
        reader: Option<String>,
        cursor: &str,
    ) -> Result<PollReader, Refusal> {
        let reader = reader_of(reader.as_deref())?;
        let (caller, cursor) = (caller.clone(), cursor.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            check_fetched(&usable(tx, &caller, id)?)?;
            let said = place(tx, &cursor)?;
            let before = poll::position(tx, id.seq(), reader.as_str())?;
            put(tx, id, &reader, said.max(before))
        };
        self.store().write(work).await
    }

    /// Has a reader go on elsewhere, also further back.
    pub async fn seek_poll(
        &self,
        caller: &Caller,
        id: WebhookId,
        input: SeekInput,
    ) -> Result<PollReader, Refusal> {
        let reader = reader_of(input.reader.as_deref())?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            check_fetched(&usable(tx, &caller, id)?)?;
            let position = match (&input.cursor, input.since) {
                (Some(_), Some(_)) => {
                    let message = "stands beside cursor; give one of the two";
                    return Err(Refusal::field("since", message));
                }
                (Some(cursor), None) => place(tx, cursor)?,
                (None, Some(since)) => poll::behind(tx, id.seq(), since)?,
                (None, None) => {
                    let message = "is needed, or since in its place";
                    return Err(Refusal::field("cursor", message));
                }
            };
            let detail = json!({ "consumer": reader.as_str() });
            audit(tx, &caller, "webhook.seek", &id.to_string(), &detail)?;
            put(tx, id, &reader, position)
        };
        self.store().write(work).await
    }

    /// The readers of a webhook that said how far they have come, by name, each with how much is left for
    /// it, counted up to [`crate::domain::poll::UNREAD_MAX`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`]; [`Refusal::Conflict`] where it is requested.
    pub async fn poll_readers(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<Vec<(PollReader, i64)>, Refusal> {
        let caller = caller.clone();
        self.read(move |store, conn| {
            check_fetched(&usable_in(store, conn, &caller, id)?)?;
            let all = poll::readers(conn, id.seq())?.into_iter();
            let counted = all.map(|own| {
                let unread = poll::unread(conn, id.seq(), own.position)?;
                Ok((own, unread))
            });
            counted.collect()
        })
        .await
    }

    /// Forgets a reader: its name begins anew with the oldest event that is kept.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`]; [`Refusal::Conflict`] where the webhook is requested.
    pub async fn forget_poll_reader(
        &self,
        caller: &Caller,
        id: WebhookId,
        name: &str,
    ) -> Result<(), Refusal> {
        let (caller, name) = (caller.clone(), name.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            check_fetched(&usable(tx, &caller, id)?)?;
            if !poll::forget_reader(tx, id.seq(), &name)? {
                return Err(Refusal::NotFound("consumer of this webhook"));
            }
            let detail = json!({ "consumer": name });
            audit(
                tx,
                &caller,
                "webhook.forget_reader",
                &id.to_string(),
                &detail,
            )
        };
        self.store().write(work).await
    }
}

fn place(conn: &Read<'_>, text: &str) -> Result<i64, Refusal> {
    let cursor = Cursor::parse(text, List::PollEntries);
    let seq = cursor.map_err(|message| Refusal::field("cursor", message))?;
    let seq = seq.seq();
    if seq > poll::newest(conn)? {
        let message = "lies ahead of everything that was given out; name one that an answer gave";
        return Err(Refusal::field("cursor", message));
    }
    Ok(seq)
}

fn put(
    tx: &mut WriteTx<'_>,
    id: WebhookId,
    reader: &ReaderName,
    position: i64,
) -> Result<PollReader, Refusal> {
    let name = reader.as_str();
    let known = poll::readers(tx, id.seq())?;
    if known.len() >= READERS_MAX && !known.iter().any(|own| own.name == name) {
        return Err(Refusal::Conflict(format!(
            "a webhook keeps the places of {READERS_MAX} consumers at most; forget one first"
        )));
    }
    poll::set_position(tx, id.seq(), name, position)?;
    Ok(PollReader {
        name: name.to_owned(),
        position,
        acked_at: tx.now(),
    })
}
