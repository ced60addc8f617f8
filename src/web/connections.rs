//! Connections that neither ask nor listen are closed.
//!
//! Owns: a pulse per connection, and the sweep that closes those without one for too long. Refuses:
//! deadlines within a request; a head's and a body's are the framework's and `extract`'s.
//!
//! # Why the framework's own deadlines are not enough
//! Its deadline for a head holds for the first request of a connection only, and its keep-alive ends
//! with the first byte of the next one: whoever then sends a byte now and again, or never reads the
//! answer, would hold the connection for good, and there are only so many.
//!
//! # How a connection is closed from outside
//! A pulse keeps a second handle of the socket. Shutting that down ends the connection for its owner
//! as if the other side had gone. The pulse lives as long as the connection does, so the second
//! handle never keeps a closed one open.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as Socket;
use tokio::sync::Notify;

/// How often silent connections are looked for, at most.
const SWEEP_EVERY_MAX: Duration = Duration::from_secs(1);

/// The sign of life of one connection.
pub struct Pulse {
    socket: TcpStream,
    began: Instant,
    /// Requests of it that are being answered.
    busy: AtomicUsize,
    /// When it was last busy, in milliseconds since it began.
    quiet_since_ms: AtomicU64,
}

/// Holds a connection open for as long as a request of it is being answered.
pub struct Busy(Arc<Pulse>);

impl Pulse {
    fn of(socket: &Socket) -> std::io::Result<Self> {
        let handle = socket.as_fd().try_clone_to_owned()?;
        Ok(Self {
            socket: TcpStream::from(handle),
            began: Instant::now(),
            busy: AtomicUsize::new(0),
            quiet_since_ms: AtomicU64::new(0),
        })
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether it has been quiet for too long. Whether it is busy is asked first: a request that ends
    /// in between has then left its time behind, and does not look as old as its beginning.
    fn is_overdue(&self, quiet_max: Duration) -> bool {
        if self.busy.load(Ordering::Acquire) > 0 {
            return false;
        }
        let quiet_since_ms = self.quiet_since_ms.load(Ordering::Relaxed);
        let quiet_ms = self.elapsed_ms().saturating_sub(quiet_since_ms);
        Duration::from_millis(quiet_ms) > quiet_max
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let now_ms = self.0.elapsed_ms();
        self.0.quiet_since_ms.fetch_max(now_ms, Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Release);
    }
}

/// The open connections of a server.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<KnownConnection>);

#[derive(Default)]
struct KnownConnection {
    pulses: Mutex<Vec<Weak<Pulse>>>,
    /// Somebody connected.
    more: Notify,
}

impl KnownConnection {
    fn pulses(&self) -> MutexGuard<'_, Vec<Weak<Pulse>>> {
        self.pulses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    /// As [`Connections::greet`], of a connection within TLS.
    pub(super) fn greet_encrypted(&self, stream: &TlsStream<Socket>, attached: &mut Extensions) {
        self.greet(stream.get_ref().0, attached);
    }

    /// Takes note of a connection that was just made.
    pub(super) fn greet(&self, socket: &Socket, attached: &mut Extensions) {
        match Pulse::of(socket) {
            Ok(pulse) => {
                let pulse = Arc::new(pulse);
                self.0.pulses().push(Arc::downgrade(&pulse));
                self.0.more.notify_one();
                attached.insert(pulse);
            }
            // Without a handle to spare the connection has the framework's deadlines only.
            Err(error) => tracing::debug!(%error, "a connection has no pulse"),
        }
    }

    /// Closes what has been quiet for longer than `quiet_max`, again and again while there is any.
    pub(super) async fn sweep(self, quiet_max: Duration) {
        let every = SWEEP_EVERY_MAX.min(quiet_max / 2);
        loop {
            if self.0.pulses().is_empty() {
                self.0.more.notified().await;
            }
            tokio::time::sleep(every).await;
            self.0.pulses().retain(|pulse| {
                let Some(pulse) = pulse.upgrade() else {
                    return false;
                };
                if pulse.is_overdue(quiet_max) {
                    // It may have gone by itself in this very moment.
                    let _gone = pulse.socket.shutdown(Shutdown::Both);
                    return false;
                }
                true
            });
        }
    }
}

/// Marks the connection of `request` as busy until the answer is dropped.
#[must_use]
pub fn busy(request: &HttpRequest) -> Option<Busy> {
    let pulse = request.conn_data::<Arc<Pulse>>()?;
    pulse.busy.fetch_add(1, Ordering::Relaxed);
    Some(Busy(Arc::clone(pulse)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_request_that_ended_in_this_very_moment_is_not_long_ago() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pulse = Pulse {
            socket: TcpStream::connect(listener.local_addr().unwrap()).unwrap(),
            began: Instant::now(),
            busy: AtomicUsize::new(0),
            // Written by another thread after this one looked at its clock.
            quiet_since_ms: AtomicU64::new(60_000),
        };
        assert!(!pulse.is_overdue(Duration::from_secs(1)));
    }
}
