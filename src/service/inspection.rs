//! The slow look for damage: every row is read once a day, so that a corrupt page is known before
//! the row that it holds is needed.
//!
//! Owns: when a look begins and how it rests. Refuses: reading (`store::inspection` does) and what
//! follows from a corrupt page: the store sounds its alarm, writes stop and health says so.

use std::time::{Duration, Instant};

use super::{Refusal, Service};
use crate::store::inspection::{self, Inspection};
use crate::store::{Read, StoreError};

/// How long after the start the first look begins: a start has better things to do.
const FIRST_LOOK_AFTER: Duration = Duration::from_secs(120);
/// How long after the end of a look the next one begins.
const LOOK_EVERY: Duration = Duration::from_secs(24 * 3600);
/// The shortest rest between two steps.
const STEP_REST_MIN: Duration = Duration::from_secs(1);
/// A step is followed by a rest this many times as long, so that a look costs two percent of one
/// core at most.
const REST_SHARE: u32 = 50;

pub(super) async fn look_for_ever(service: &Service) {
    tokio::time::sleep(FIRST_LOOK_AFTER).await;
    loop {
        if let Err(error) = look(service, STEP_REST_MIN).await {
            tracing::error!(%error, "the look for damage met something that cannot be read");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Reads every row once, with a rest of at least `rest_min` after each step.
pub(super) async fn look(service: &Service, rest_min: Duration) -> Result<(), Refusal> {
    let mut next = Some(Inspection::default());
    while let Some(from) = next {
        let begun = Instant::now();
        next = match step(service, from.clone()).await {
            Err(StoreError::ReadersBusy) => Some(from),
            step => step?,
        };
        tokio::time::sleep(rest_min.max(begun.elapsed() * REST_SHARE)).await;
    }
    Ok(())
}

async fn step(service: &Service, from: Inspection) -> Result<Option<Inspection>, StoreError> {
    let read = move |conn: &Read<'_>| inspection::step(conn, &from);
    service.store().read(read).await
}
