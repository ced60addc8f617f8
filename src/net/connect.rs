//! A new connection to a target: its addresses, TCP to the first that answers, TLS.
//!
//! Owns: the race of addresses and the handshake. Refuses: unchecked addresses; names and literal
//! hosts alike go through the resolver, which judges every address, for every connection anew.
//!
//! # Why addresses race
//! A name often has several addresses, and one of them may be dead without saying so. Trying one
//! after the other would spend a short timeout on the first. So the next one is tried beside it after
//! a quarter of a second, or sooner where there is little time for many (RFC 8305); the families
//! take turns, so that a network without IPv6, or with nothing else, costs one step.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use crate::net::guard::Guard;
use crate::net::lookups::Lookups;
use crate::net::outbound::OutboundRequest;
use crate::net::pool::Pool;
use crate::net::resolve_error::ResolveError;
use crate::net::resolver::resolve;
use crate::net::shortage::Shortage;
use crate::net::target::TargetUrl;
use crate::net::wire::Wire;

/// When the next address is tried beside one that has not answered yet (RFC 8305, section 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// Makes connections.
pub(super) struct Connector {
    pub(super) guard: Arc<Guard>,
    pub(super) lookups: Arc<Lookups>,
    pub(super) tls: TlsConnector,
    pub(super) connect_timeout: Duration,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The name led nowhere.
    Name(ResolveError),
    /// No address took the connection.
    Tcp(io::Error),
    /// The handshake failed.
    Tls(io::Error),
    /// The time for connecting passed.
    TimedOut,
    /// This machine could not try.
    Shortage(Shortage),
}

impl Connector {
    /// The checked addresses of a target.
    pub(super) async fn addresses(
        &self,
        target: &TargetUrl,
        workspace: i64,
    ) -> Result<Vec<IpAddr>, ResolveError> {
        let port = self.guard.port_kind(target.port());
        let (guard, lookups) = (&self.guard, &self.lookups);
        resolve(guard, lookups, target.parsed_host(), port, workspace).await
    }

    /// Connects until `deadline`; races beside the first address take places of `pool`.
    pub(super) async fn connect(
        &self,
        outbound: &OutboundRequest<'_>,
        deadline: Instant,
        pool: &Pool,
    ) -> Result<(Wire, SocketAddr), ConnectError> {
        let limit = deadline.min(Instant::now() + self.connect_timeout);
        let connecting = async {
            let addresses = self
                .addresses(outbound.target, outbound.sender.workspace)
                .await;
            let addresses = addresses.map_err(ConnectError::from)?;
            let sockets = in_turns(&addresses, outbound.target.port());
            let stream = race(&sockets, limit, pool).await?;
            let remote_addr = stream.peer_addr().map_err(ConnectError::Tcp)?;
            // Small requests must not wait for an acknowledgement; where the system refuses, they do.
            let _slower = stream.set_nodelay(true);
            let wire = self.encrypt(outbound, stream).await?;
            Ok((wire, remote_addr))
        };
        let connected = timeout_at(limit, connecting).await;
        connected.unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn encrypt(
        &self,
        outbound: &OutboundRequest<'_>,
        stream: TcpStream,
    ) -> Result<Wire, ConnectError> {
        let target = outbound.target;
        if !target.is_https() {
            return Ok(Wire::plain(stream));
        }
        let name = match target.parsed_host() {
            Host::Ipv4(ip) => ServerName::from(IpAddr::from(ip)),
            Host::Ipv6(ip) => ServerName::from(IpAddr::from(ip)),
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|error| ConnectError::Tls(io::Error::other(error)))?,
        };
        let tls = outbound.tls.map_or(&self.tls, |own| &own.connector);
        let encrypted = tls.connect(name, stream).await;
        encrypted.map(Wire::tls).map_err(ConnectError::Tls)
    }
}

impl From<ResolveError> for ConnectError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Short(shortage) => Self::Shortage(shortage),
            other => Self::Name(other),
        }
    }
}

/// IPv6 and IPv4 alternately, each in the order of the answer.
fn in_turns(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().partition(|ip| ip.is_ipv6());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut sockets = Vec::with_capacity(addresses.len());
    while sockets.len() < addresses.len() {
        let next = six.next().into_iter().chain(four.next());
        sockets.extend(next.map(|ip| SocketAddr::new(ip, port)));
    }
    sockets
}

/// Connects to whichever address answers first.
async fn race(
    sockets: &[SocketAddr],
    limit: Instant,
    pool: &Pool,
) -> Result<TcpStream, ConnectError> {
    let mut waiting = sockets.iter();
    let mut running = FuturesUnordered::new();
    let mut failed = None;
    // All are tried before the time is over, and the last one has as much of it as any.
    let tries = u32::try_from(sockets.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let budget = limit.saturating_duration_since(Instant::now());
    let pause = NEXT_ADDRESS_AFTER.min(budget / tries);
    loop {
        // The first has the place of the connection itself.
        let place = if running.is_empty() {
            None
        } else {
            pool.ticket()
        };
        let may_start = running.is_empty() || place.is_some();
        if may_start && let Some(socket) = waiting.next() {
            running.push(async move {
                let connected = TcpStream::connect(*socket).await;
                drop(place);
                (*socket, connected)
            });
        }
        let is_last = waiting.len() == 0;
        let next = tokio::select! {
            next = running.next() => next,
            () = tokio::time::sleep(pause), if !is_last => continue,
        };
        match next {
            Some((_, Ok(stream))) => return Ok(stream),
            Some((socket, Err(error))) => failed = Some(worst(failed, socket, error)),
            None => break,
        }
    }
    Err(failed.unwrap_or(ConnectError::TimedOut))
}

/// What is said of several failures: the receiver's own words before what this machine lacks, and the
/// first before the rest.
fn worst(earlier: Option<ConnectError>, socket: SocketAddr, error: io::Error) -> ConnectError {
    match (earlier, Shortage::of(&error, Some(socket.ip()))) {
        (Some(earlier @ ConnectError::Tcp(_)), _) => earlier,
        (_, None) => ConnectError::Tcp(error),
        (_, Some(shortage)) => ConnectError::Shortage(shortage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let check = |addresses: &[&str], expected: &[&str]| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
            let sockets = in_turns(&addresses, 80);
            let shown: Vec<String> = sockets.iter().map(|s| s.ip().to_string()).collect();
            assert_eq!(shown, expected);
        };
        check(&[], &[]);
        check(&["1.1.1.1", "1.1.1.2"], &["1.1.1.1", "1.1.1.2"]);
        check(
            &["1.1.1.1", "1.1.1.2", "2606::1"],
            &["2606::1", "1.1.1.1", "1.1.1.2"],
        );
        check(
            &["2606::1", "2606::2", "1.1.1.1"],
            &["2606::1", "1.1.1.1", "2606::2"],
        );
    }
}
