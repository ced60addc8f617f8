//! Password hashes off the async threads, and few at a time.
//!
//! Owns: the bound on hashes under way and on those that wait for their turn. Refuses: the hash
//! itself (`domain::password`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::Refusal;
use crate::domain::password::{HASHES_AT_ONCE_MAX, hash, verify};
use crate::domain::secret::Secret;
use crate::entropy;

/// Callers that may wait for a hash; one more is told to come again. At 20 ms a hash the last of
/// them waits for about a second.
const HASHES_WAITING_MAX: usize = 64;

pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Hashing {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// What to store in the place of `password`.
    pub(super) async fn hash(&self, password: Secret) -> Result<Secret, Refusal> {
        self.run(move || Secret::new(hash(&password, entropy::bytes())))
            .await
    }

    /// Whether `password` belongs to `stored`; the same work where nothing is stored.
    pub(super) async fn verify(
        &self,
        password: Secret,
        stored: Option<Secret>,
    ) -> Result<bool, Refusal> {
        self.run(move || verify(&password, stored.as_ref().map(Secret::expose)))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = HashingTurn::take(&self.waiting)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("the turns are never closed");
        drop(place);
        // The turn goes along: a caller who gives up does not make room for one hash too many.
        let hashed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        hashed
            .await
            .map_err(|_| Refusal::Unavailable("hookpost is stopping"))
    }
}

/// A place in the queue, given back when it is left in whatever way.
struct HashingTurn<'a>(&'a AtomicUsize);

impl<'a> HashingTurn<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, Refusal> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= HASHES_WAITING_MAX {
            return Err(Refusal::Overloaded);
        }
        Ok(place)
    }
}

impl Drop for HashingTurn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_bounded_and_places_are_given_back() {
        let waiting = AtomicUsize::new(0);
        let places: Vec<_> = (0..HASHES_WAITING_MAX)
            .map(|_| HashingTurn::take(&waiting).unwrap())
            .collect();
        assert!(HashingTurn::take(&waiting).is_err());
        drop(places);
        assert_eq!(waiting.load(Ordering::Relaxed), 0);
        assert!(HashingTurn::take(&waiting).is_ok());
    }
}
