//! A request's body as bytes: bounded in size, in time, and in the sum over all requests.
//!
//! Owns: reading it. Refuses: understanding it, and decompressing it: a small compressed body can
//! be a huge one, so a `Content-Encoding` is a 415.
//!
//! # Why a budget over all requests
//! Two thousand connections with a body of a megabyte each would be two gigabytes. Bodies share a
//! fixed budget instead; who comes when it is spent is told to come again, before memory grows.
//! What counts is what has arrived: announcing a large body costs nothing, so it must not take
//! anything away from others either.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::service::Refusal;
use crate::web::{AppState, Problem};

/// Memory that is set aside for a body before any of it arrives, in bytes: most are smaller.
const FIRST_BYTES: usize = 16 * 1024;

/// A body that was read, and its share of the budget for as long as it is held.
pub(super) struct ReceivedBody {
    pub(super) bytes: Bytes,
    share: Option<OwnedSemaphorePermit>,
}

impl ReceivedBody {
    /// The share alone, to be held until the request is answered.
    pub(super) fn into_share(self) -> Option<OwnedSemaphorePermit> {
        self.share
    }
}

/// Reads a body of at most `bytes_max` whole; for bodies that are copied at once.
///
/// # Errors
/// 413 beyond the bound, 408 where it does not arrive, 503 where too much is being read already.
pub async fn read_body(
    headers: &HeaderMap,
    payload: Payload,
    state: &AppState,
    bytes_max: usize,
) -> Result<Bytes, Problem> {
    Ok(read(headers, payload, state, bytes_max).await?.bytes)
}

/// Reads a body of at most `bytes_max`.
pub(super) async fn read(
    headers: &HeaderMap,
    payload: Payload,
    state: &AppState,
    bytes_max: usize,
) -> Result<ReceivedBody, Problem> {
    refuse_encoding(headers)?;
    let announced = announced(headers);
    if announced.is_some_and(|bytes| bytes > bytes_max) {
        return Err(too_large(bytes_max));
    }
    let budget = Arc::clone(&state.body_budget);
    let deadline = state.limits.body_deadline;
    let reading = collect(payload, budget, bytes_max, announced.unwrap_or(0));
    tokio::time::timeout(deadline, reading)
        .await
        .unwrap_or_else(|_| Err(Problem::too_slow(deadline)))
}

async fn collect(
    mut payload: Payload,
    budget: Arc<Semaphore>,
    bytes_max: usize,
    announced: usize,
) -> Result<ReceivedBody, Problem> {
    let mut share: Option<OwnedSemaphorePermit> = None;
    let mut bytes = BytesMut::with_capacity(announced.min(FIRST_BYTES));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::malformed("the request's body broke off"))?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        reserve(&budget, &mut share, bytes.len() + chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(ReceivedBody {
        bytes: bytes.freeze(),
        share,
    })
}

/// Makes the share cover `bytes`.
fn reserve(
    budget: &Arc<Semaphore>,
    share: &mut Option<OwnedSemaphorePermit>,
    bytes: usize,
) -> Result<(), Problem> {
    let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let missing = bytes.div_ceil(1024).saturating_sub(held);
    if missing == 0 {
        return Ok(());
    }
    let missing = u32::try_from(missing).map_err(|_| Refusal::Overloaded)?;
    let more = Arc::clone(budget)
        .try_acquire_many_owned(missing)
        .map_err(|_| Refusal::Overloaded)?;
    match share {
        Some(share) => share.merge(more),
        None => *share = Some(more),
    }
    Ok(())
}

fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING) {
        None => Ok(()),
        Some(plain) if plain.as_bytes().eq_ignore_ascii_case(b"identity") => Ok(()),
        Some(_) => Err(Problem::unsupported_media(
            "bodies must be sent without a Content-Encoding",
        )),
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    let text = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    text.parse().ok()
}

fn too_large(bytes_max: usize) -> Problem {
    let limit = match bytes_max {
        mib if mib.is_multiple_of(1024 * 1024) => format!("{} MiB", mib / (1024 * 1024)),
        kib => format!("{} KiB", kib / 1024),
    };
    Refusal::TooLarge(format!("the request's body is larger than {limit}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_one_budget_and_give_their_share_back() {
        let budget = Arc::new(Semaphore::new(10));
        let mut first = None;
        reserve(&budget, &mut first, 4 * 1024).unwrap();
        reserve(&budget, &mut first, 4 * 1024 + 1).unwrap();
        assert_eq!(budget.available_permits(), 5);
        let mut second = None;
        let refused = reserve(&budget, &mut second, 6 * 1024).unwrap_err();
        assert_eq!(refused.code(), "overloaded");
        drop(first);
        reserve(&budget, &mut second, 6 * 1024).unwrap();
        assert_eq!(budget.available_permits(), 4);
    }
}
