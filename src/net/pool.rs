//! Connections that rest between two requests.
//!
//! Owns: whose they are, how long they may rest, and how many there may be. Refuses: making them
//! (`connect`) and using them (`exchange`).
//!
//! # Whose a connection is
//! Its sender's and its origin's. What a receiver sends unasked into a connection is read as the
//! answer to whatever is sent next, so webhooks never share one: the worst that a receiver can
//! spoil is an answer of its own.
//!
//! # How many
//! Every connection holds a ticket of the budget of sockets, in use or at rest. One that rests gives
//! way to one that is wanted, so a thousand idle receivers never keep the next from being called.
//!
//! # How long
//! As long as the receiver says, or a few seconds; and a minute in all from its making, because its
//! address was looked up and judged then. A busy connection would otherwise outlive every move of a
//! name.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::domain::webhook::Via;
use crate::net::guard::PortKind;
use crate::net::sender::Sender;
use crate::net::wire::Wire;

/// How old a connection may become: a minute.
const AGE_MAX: Duration = Duration::from_secs(60);
/// A receiver's announced time is used up to this part, in percent: its clock started earlier, and
/// the next request needs its time to arrive.
const ANNOUNCED_PERCENT: u32 = 75;

/// Scheme, host and port of a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReceiverOrigin {
    scheme: &'static str,
    host: Box<str>,
    port: u16,
}

impl ReceiverOrigin {
    pub(super) fn new(scheme: &str, host: &str, port: u16) -> Self {
        Self {
            scheme: if scheme == "https" { "https" } else { "http" },
            host: host.into(),
            port,
        }
    }
}

/// Which connections a request may use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ConnectionKey {
    pub(super) sender: Sender,
    pub(super) origin: ReceiverOrigin,
    /// Whether hookpost listens on such a port: what was judged before is not what is asked now.
    pub(super) port: PortKind,
    /// Which TLS is spoken; nought is what all speak.
    pub(super) tls: u64,
    /// By which way it went out.
    pub(super) via: Via,
}

/// A connection, and what is known of it.
pub(super) struct PooledConnection {
    pub(super) wire: Wire,
    pub(super) remote_addr: SocketAddr,
    pub(super) made_at: Instant,
    /// Answers that came through it.
    pub(super) answers: u32,
    /// Its place in the budget of sockets.
    pub(super) ticket: OwnedSemaphorePermit,
}

/// How many connections there may be, and how long they rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolBounds {
    /// Connections at once, in use and at rest.
    pub(super) sockets_max: usize,
    /// Connections at rest.
    pub(super) idle_max: usize,
    /// Connections at rest with one key.
    pub(super) idle_per_key_max: usize,
    /// How long one rests where the receiver says nothing.
    pub(super) idle_timeout: Duration,
}

/// Connections that rest. A clone is the same pool.
#[derive(Clone)]
pub(super) struct Pool(Arc<PoolInner>);

struct PoolInner {
    bounds: PoolBounds,
    tickets: Arc<Semaphore>,
    shelf: Mutex<IdleShelf>,
}

#[derive(Default)]
struct IdleShelf {
    resting: HashMap<ConnectionKey, Vec<Resting>>,
    /// All of them by the end of their rest; the number tells apart what ends together.
    ends: BTreeMap<(Instant, u64), ConnectionKey>,
    numbered: u64,
    /// Whether a task waits for the next end.
    swept: bool,
}

struct Resting {
    connection: PooledConnection,
    end: (Instant, u64),
}

impl Pool {
    pub(super) fn new(bounds: PoolBounds) -> Self {
        Self(Arc::new(PoolInner {
            bounds,
            tickets: Arc::new(Semaphore::new(bounds.sockets_max)),
            shelf: Mutex::default(),
        }))
    }

    /// The connection with this key that rested last, if any.
    pub(super) fn take(&self, key: &ConnectionKey) -> Option<PooledConnection> {
        self.shelf().take(key)
    }

    /// A place for a new connection: a free one, or that of the connection whose rest ends first.
    pub(super) fn ticket(&self) -> Option<OwnedSemaphorePermit> {
        let free = Arc::clone(&self.0.tickets).try_acquire_owned().ok();
        free.or_else(|| {
            let given_up = self.give_up_one()?;
            Some(given_up.ticket)
        })
    }

    /// The same, waiting for one; in the order of asking.
    pub(super) async fn ticket_in_turn(&self) -> OwnedSemaphorePermit {
        if let Some(ticket) = self.ticket() {
            return ticket;
        }
        let tickets = Arc::clone(&self.0.tickets);
        let ticket = tickets.acquire_owned().await;
        ticket.expect("the semaphore is never closed")
    }

    /// Ends the rest of the connection that would rest the shortest; whether there was one.
    pub(super) fn make_room(&self) -> bool {
        self.give_up_one().is_some()
    }

    fn give_up_one(&self) -> Option<PooledConnection> {
        let mut shelf = self.shelf();
        let (end, key) = shelf.ends.pop_first()?;
        shelf.remove(&key, end)
    }

    /// Lets a connection rest, for as long as the receiver announced, or as is usual.
    pub(super) fn put(
        &self,
        key: ConnectionKey,
        connection: PooledConnection,
        announced: Option<Duration>,
    ) {
        let usual = self.0.bounds.idle_timeout;
        let rest = announced.map_or(usual, |time| usual.min(time * ANNOUNCED_PERCENT / 100));
        let now = Instant::now();
        let until = (now + rest).min(connection.made_at + AGE_MAX);
        // While somebody waits for a place, nothing rests.
        if until <= now || self.0.tickets.available_permits() == 0 {
            return;
        }
        let mut shelf = self.shelf();
        shelf.put(key, connection, until, &self.0.bounds);
        if !std::mem::replace(&mut shelf.swept, true) {
            drop(shelf);
            tokio::spawn(sweep(Arc::clone(&self.0)));
        }
    }

    /// Ends the rest of every connection with this key.
    pub(super) fn forget(&self, key: &ConnectionKey) {
        let mut shelf = self.shelf();
        for resting in shelf.resting.remove(key).unwrap_or_default() {
            shelf.ends.remove(&resting.end);
        }
    }

    /// How many rest.
    #[cfg(test)]
    pub(super) fn resting(&self) -> usize {
        self.shelf().ends.len()
    }

    /// Makes whatever rests older.
    #[cfg(test)]
    pub(super) fn age(&self, by: Duration) {
        let mut shelf = self.shelf();
        let resting = shelf.resting.values_mut().flatten();
        for connection in resting.map(|resting| &mut resting.connection) {
            connection.made_at -= by;
        }
    }

    fn shelf(&self) -> MutexGuard<'_, IdleShelf> {
        self.0.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdleShelf {
    fn take(&mut self, key: &ConnectionKey) -> Option<PooledConnection> {
        let resting = self.resting.get_mut(key)?.pop();
        if self.resting.get(key).is_some_and(Vec::is_empty) {
            self.resting.remove(key);
        }
        let resting = resting?;
        self.ends.remove(&resting.end);
        let connection = resting.connection;
        // The sweep may be late.
        let now = Instant::now();
        let fresh = resting.end.0 > now && now.duration_since(connection.made_at) < AGE_MAX;
        if fresh {
            Some(connection)
        } else {
            self.take(key)
        }
    }

    fn put(
        &mut self,
        key: ConnectionKey,
        connection: PooledConnection,
        until: Instant,
        bounds: &PoolBounds,
    ) {
        if self.ends.len() >= bounds.idle_max
            && let Some((end, key)) = self.ends.pop_first()
        {
            self.remove(&key, end);
        }
        let resting = self.resting.entry(key.clone()).or_default();
        if resting.len() >= bounds.idle_per_key_max {
            return;
        }
        self.numbered += 1;
        let end = (until, self.numbered);
        resting.push(Resting { connection, end });
        self.ends.insert(end, key);
    }

    fn remove(&mut self, key: &ConnectionKey, end: (Instant, u64)) -> Option<PooledConnection> {
        let resting = self.resting.get_mut(key)?;
        let place = resting.iter().position(|resting| resting.end == end)?;
        let removed = resting.remove(place);
        if resting.is_empty() {
            self.resting.remove(key);
        }
        Some(removed.connection)
    }

    /// Ends what has rested long enough; answers when the next one will have.
    fn sweep(&mut self, now: Instant) -> Option<Instant> {
        while let Some((end, key)) = self
            .ends
            .first_key_value()
            .map(|(end, key)| (*end, key.clone()))
        {
            if end.0 > now {
                return Some(end.0);
            }
            self.ends.remove(&end);
            self.remove(&key, end);
        }
        self.swept = false;
        None
    }
}

/// Runs while anything rests.
async fn sweep(pool: Arc<PoolInner>) {
    loop {
        let next = pool
            .shelf
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sweep(Instant::now());
        let Some(next) = next else {
            return;
        };
        tokio::time::sleep_until(next).await;
    }
}
