//! The only outbound client.
//!
//! Owns: one POST to one target, from look-up to the last kept byte of the answer, within one
//! deadline. Refuses: following redirects, remembering cookies, decompressing, proxies from the
//! environment, and every destination that the guard refuses.
//!
//! # The deadline covers everything
//! Look-up, connection, TLS, request, head and body share the timeout. Once a head has arrived in
//! time the answer stands: a body that is too long or too slow is cut off and marked, because a
//! receiver that said 200 has the event. Only the wait for a socket of our own is not counted.
//!
//! # One request, with one exception
//! An attempt is one request. Where a connection that was *used before* ends without a single byte
//! of an answer, the receiver had closed it while the request was on its way: it is sent once more,
//! on a new connection. Whatever comes back otherwise, however broken, is the attempt's result.
//!
//! # Why literal hosts are checked again
//! They need no look-up, so the resolver, which judges answers, never sees them. Each call checks
//! them, although a [`TargetUrl`] has passed the guard before: it may be older than what the guard
//! knows.
//!
//! # Why deliveries do not go through reqwest
//! Its pool is keyed by scheme and authority alone, so strangers' webhooks would share connections;
//! it bounds what rests per host and not in all; it knows neither a connection's age nor what its
//! receiver announced, and tells nobody whether a failed request had met a connection that was used
//! before. Its connector tries the addresses of a family one after the other. None of this can be
//! set from outside. hyper, on which it is built, leaves all of it to its caller, and the command
//! line's calls, for which reqwest's own ways are right, go through it (`rest`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::Host;

use crate::net::address::AddressRefusal;
use crate::net::connect::Connector;
use crate::net::connect_error::ConnectError;
use crate::net::exchange::{HttpAnswer, Unanswered, exchange};
use crate::net::failure::Failure;
use crate::net::guard::Guard;
use crate::net::identity::OwnTls;
use crate::net::lookups::Lookups;
use crate::net::options::{ClientError, ClientOptions};
use crate::net::outbound::{OutboundRequest, add_client_headers, request};
use crate::net::pool::{ConnectionKey, Pool, PoolBounds, PooledConnection, ReceiverOrigin};
use crate::net::receivers::Receivers;
use crate::net::reply::HttpReply;
use crate::net::resolve_error::ResolveError;
use crate::net::shortage::Shortage;
use crate::net::target::{TargetUrl, UrlRefusal};
use crate::net::through::WayOut;
use crate::net::tls::{self, OwnCertificates};

/// How long a request may wait for a socket of our own.
const SOCKET_WAIT: Duration = Duration::from_secs(1);
/// How often a request that this machine could not make is tried again at once, after another
/// connection gave its place.
const MAKE_ROOM_MAX: u32 = 3;

/// What came of a request.
#[derive(Debug)]
pub struct Posted {
    /// From the call to the last byte that was read.
    pub duration: Duration,
    /// The address that answered; for operators.
    pub remote_addr: Option<SocketAddr>,
    /// The answer, or why there was none.
    pub result: Result<HttpReply, Failure>,
}

/// The client; a clone shares connections and look-ups.
#[derive(Clone)]
pub struct Client {
    inner: Arc<ClientInner>,
}

struct ClientInner {
    guard: Arc<Guard>,
    connector: Connector,
    pool: Pool,
    receivers: Receivers,
    extra_roots_pem: Option<Vec<u8>>,
    reply_body_bytes_max: usize,
}

/// Why an exchange brought nothing.
enum Unmade {
    /// The receiver's doing, or its network's.
    Failed(Failure),
    /// The connection that was used again had ended.
    Stale,
    /// Our own.
    Short(Shortage),
}

impl Client {
    /// Sets the client up; nothing is connected yet.
    ///
    /// # Errors
    /// Unreadable root certificates, or libraries that refuse the configuration.
    pub fn new(guard: Arc<Guard>, options: &ClientOptions) -> Result<Self, ClientError> {
        let extra = options.extra_roots_pem.as_deref();
        let tls = tls::client_config(extra, OwnCertificates::default())?;
        let lookups = Lookups::new(options.lookup.clone(), options.lookups_max);
        let lookups = lookups.map_err(ClientError::Lookups)?;
        let tls = TlsConnector::from(Arc::new(tls));
        let connector = Connector {
            guard: Arc::clone(&guard),
            connect_timeout: options.connect_timeout,
            way_out: options.egress.clone().map(|proxy| WayOut {
                proxy,
                lookups: Arc::clone(&lookups),
                tls: tls.clone(),
            }),
            lookups,
            tls,
        };
        let pool = Pool::new(PoolBounds {
            sockets_max: options.sockets_max,
            idle_max: options.idle_max,
            idle_per_key_max: options.idle_per_key_max,
            idle_timeout: options.idle_timeout,
        });
        Ok(Self {
            inner: Arc::new(ClientInner {
                guard,
                connector,
                pool,
                receivers: Receivers::default(),
                extra_roots_pem: options.extra_roots_pem.clone(),
                reply_body_bytes_max: options.reply_body_bytes_max,
            }),
        })
    }

    /// Sends one POST and waits for what comes of it, at most for its timeout.
    ///
    /// # Errors
    /// [`Shortage`] where this machine could not make the request: nothing was sent then, and the
    /// receiver has no part in it.
    pub async fn post(&self, mut request: OutboundRequest<'_>) -> Result<Posted, Shortage> {
        let host = request.target.host_header().clone();
        add_client_headers(&mut request.headers, host);
        self.inner.post(&request).await
    }

    /// TLS with a certificate of its own and its key, or with authorities of its own, all in PEM.
    ///
    /// # Errors
    /// [`ClientError`] where one of them can't be used; saving checks them before.
    pub fn own_tls(
        &self,
        identity: Option<(&str, &str)>,
        authorities: Option<&str>,
    ) -> Result<OwnTls, ClientError> {
        let own = OwnCertificates {
            authorities: authorities.map(str::as_bytes),
            identity,
        };
        let config = tls::client_config(self.inner.extra_roots_pem.as_deref(), own)?;
        Ok(OwnTls::new(config))
    }

    /// Looks a target's name up, so that saving a webhook can say at once that it may not be
    /// called; takes up to 5 s. A name that can't be resolved now may be resolvable later and is no
    /// refusal.
    ///
    /// # Errors
    /// The address rule that one of the answers breaks.
    pub async fn check_destination(
        &self,
        target: &TargetUrl,
        workspace: i64,
    ) -> Result<(), UrlRefusal> {
        self.inner.guard.check_target(target)?;
        match self.inner.connector.addresses(target, workspace).await {
            Err(ResolveError::Blocked(refusal)) => Err(refusal.into()),
            Ok(_)
            | Err(
                ResolveError::Failed(_)
                | ResolveError::Empty
                | ResolveError::TimedOut
                | ResolveError::Short(_),
            ) => Ok(()),
        }
    }
}

/// One attempt's progress.
struct Try<'a> {
    outbound: &'a OutboundRequest<'a>,
    key: ConnectionKey,
    deadline: Instant,
    remote_addr: Option<SocketAddr>,
}

impl ClientInner {
    async fn post(&self, outbound: &OutboundRequest<'_>) -> Result<Posted, Shortage> {
        let target = outbound.target;
        let key = ConnectionKey {
            sender: outbound.sender,
            origin: ReceiverOrigin::new(target.scheme(), target.host(), target.port()),
            port: self.guard.port_kind(target.port()),
            tls: outbound.tls.map_or(0, |own| own.number),
            via: outbound.via,
        };
        let mut attempt = Try {
            outbound,
            key,
            deadline: Instant::now() + outbound.timeout,
            remote_addr: None,
        };
        let mut started = Instant::now();
        let result = match self.guard.check_target(target) {
            Err(AddressRefusal::Unjudged(shortage)) => return Err(shortage),
            Err(refusal) => Err(Failure::blocked(refusal)),
            Ok(()) => self.send(&mut attempt, &mut started).await?,
        };
        if result.as_ref().map_or(true, |reply| !reply.is_success()) {
            self.judge_anew(&attempt);
        }
        Ok(Posted {
            duration: started.elapsed(),
            remote_addr: attempt.remote_addr,
            result,
        })
    }

    /// A failure may mean that the name has moved: the next attempt looks it up again, and the guard
    /// judges what it means then.
    fn judge_anew(&self, attempt: &Try<'_>) {
        self.pool.forget(&attempt.key);
        if let Host::Domain(name) = attempt.outbound.target.parsed_host() {
            self.connector.lookups.forget(name);
        }
    }

    async fn send(
        &self,
        attempt: &mut Try<'_>,
        started: &mut Instant,
    ) -> Result<Result<HttpReply, Failure>, Shortage> {
        if let Some(rested) = self.rested(&attempt.key) {
            match self.exchange(attempt, rested).await {
                Ok(reply) => return Ok(Ok(reply)),
                Err(Unmade::Failed(failure)) => return Ok(Err(failure)),
                Err(Unmade::Short(shortage)) => return Err(shortage),
                Err(Unmade::Stale) => {}
            }
        }
        let mut tries = 0;
        loop {
            // Most requests need no new connection, and none of the room that making one takes.
            match Box::pin(self.send_anew(attempt, started)).await {
                Ok(reply) => return Ok(Ok(reply)),
                Err(Unmade::Failed(failure)) => return Ok(Err(failure)),
                // A new connection is never stale.
                Err(Unmade::Stale) => return Ok(Err(Failure::timeout(attempt.outbound.timeout))),
                Err(Unmade::Short(shortage)) => {
                    tries += 1;
                    if tries > MAKE_ROOM_MAX || !self.pool.make_room() {
                        return Err(shortage);
                    }
                }
            }
        }
    }

    /// A connection that rested and is still as it was left.
    fn rested(&self, key: &ConnectionKey) -> Option<PooledConnection> {
        while let Some(connection) = self.pool.take(key) {
            if connection.wire.is_quiet() {
                return Some(connection);
            }
            let answers = connection.answers;
            self.receivers.ended(&key.origin, answers, Instant::now());
        }
        None
    }

    /// Sends on a new connection. Waiting for a place of our own is not the receiver's time.
    async fn send_anew(
        &self,
        attempt: &mut Try<'_>,
        started: &mut Instant,
    ) -> Result<HttpReply, Unmade> {
        let asked_at = Instant::now();
        let ticket = tokio::time::timeout(SOCKET_WAIT, self.pool.ticket_in_turn()).await;
        let ticket = ticket.map_err(|_| Unmade::Short(Shortage::Descriptors))?;
        let waited = asked_at.elapsed();
        *started += waited;
        attempt.deadline += waited;
        let made_at = Instant::now();
        let connected = self
            .connector
            .connect(attempt.outbound, attempt.deadline, &self.pool)
            .await;
        let (wire, remote_addr) = connected.map_err(|error| match error {
            ConnectError::Shortage(shortage) => Unmade::Short(shortage),
            ConnectError::TimedOut if Instant::now() >= attempt.deadline => {
                Unmade::Failed(Failure::timeout(attempt.outbound.timeout))
            }
            error => Unmade::Failed(Failure::unconnected(&error)),
        })?;
        let connection = PooledConnection {
            wire,
            remote_addr,
            made_at,
            answers: 0,
            ticket,
        };
        self.exchange(attempt, connection).await
    }

    async fn exchange(
        &self,
        attempt: &mut Try<'_>,
        connection: PooledConnection,
    ) -> Result<HttpReply, Unmade> {
        let PooledConnection {
            wire,
            remote_addr,
            made_at,
            answers,
            ticket,
        } = connection;
        let origin = &attempt.key.origin;
        let (deadline, timeout) = (attempt.deadline, attempt.outbound.timeout);
        let made = request(attempt.outbound);
        attempt.remote_addr = Some(remote_addr);
        let HttpAnswer {
            reply,
            wire,
            announced,
        } = match exchange(wire, made, deadline, self.reply_body_bytes_max).await {
            Ok(answered) => answered,
            Err(Unanswered::TimedOut) => return Err(Unmade::Failed(Failure::timeout(timeout))),
            Err(Unanswered::Broken { error, answered }) => {
                attempt.remote_addr = None;
                // What broke HTTP's rules has answered, whatever it read.
                if answers > 0 && !answered && !error.is_parse() {
                    self.receivers.ended(origin, answers, Instant::now());
                    return Err(Unmade::Stale);
                }
                return Err(Unmade::Failed(Failure::broken(&error)));
            }
        };
        if answers > 0 {
            self.receivers.kept(origin);
        }
        if let Some(wire) = wire
            && reply.is_success()
            && !self.receivers.uses_once(origin, Instant::now())
        {
            let connection = PooledConnection {
                wire,
                remote_addr,
                made_at,
                answers: answers + 1,
                ticket,
            };
            self.pool.put(attempt.key.clone(), connection, announced);
        }
        Ok(reply)
    }
}

#[cfg(test)]
mod tests;
