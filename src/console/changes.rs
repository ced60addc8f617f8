//! What happened that pages may show, counted.
//!
//! Owns: hearing of commits, and room for those who listen. Refuses: telling browsers ([`super::live`]).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::service::{Refusal, Service};

/// Streams that are open at once.
pub const STREAMS_MAX: usize = 200;
/// The count that means that no more signals come.
pub(super) const CLOSED: u64 = u64::MAX;

/// What tells streams of changes.
pub struct Live {
    /// Counts the commits that pages may show.
    changes: watch::Sender<u64>,
    room: Arc<Semaphore>,
}

impl Live {
    /// Listens to what `service` commits.
    #[must_use]
    pub fn new(service: &Service) -> Self {
        let changes = watch::Sender::new(0);
        let heard = changes.clone();
        service.on_activity(move || {
            heard.send_if_modified(|count| {
                let open = *count != CLOSED;
                *count += u64::from(open);
                open
            });
        });
        Self {
            changes,
            room: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// How many commits there were that pages may show. A page that was read after this says it when
    /// it opens its stream, and hears at once if there were more.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.changes.borrow()
    }

    /// What a new stream listens to, and its place among those that are open.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] while too many are open.
    pub(super) fn listen(&self) -> Result<(watch::Receiver<u64>, OwnedSemaphorePermit), Refusal> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| Refusal::Overloaded)?;
        Ok((self.changes.subscribe(), room))
    }

    /// Ends every stream, for good.
    pub fn close(&self) {
        self.changes.send_replace(CLOSED);
    }
}
