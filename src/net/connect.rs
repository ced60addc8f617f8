//! A new connection to a target: its addresses, a way to the first that answers, TLS.
//!
//! Owns: the order of these steps and the handshake. Refuses: unchecked addresses; names and literal
//! hosts alike go through the resolver, which judges every address, for every connection anew. That
//! is so with an egress proxy too: it is asked for a judged address and learns no name.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::domain::webhook::Via;
use crate::net::connect_error::ConnectError;
use crate::net::guard::Guard;
use crate::net::lookups::Lookups;
use crate::net::outbound::OutboundRequest;
use crate::net::pool::Pool;
use crate::net::race::{in_turns, race};
use crate::net::resolve_error::ResolveError;
use crate::net::resolver::resolve;
use crate::net::target::TargetUrl;
use crate::net::through::{ProxyLine, WayOut};
use crate::net::wire::Wire;

/// Makes connections.
pub(super) struct Connector {
    pub(super) guard: Arc<Guard>,
    pub(super) lookups: Arc<Lookups>,
    pub(super) tls: TlsConnector,
    pub(super) connect_timeout: Duration,
    /// The egress proxy, if there is one.
    pub(super) way_out: Option<WayOut>,
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

    /// Connects until `deadline`; races beside the first address take places of `pool`. With a proxy
    /// the address is the receiver's all the same: the one that was asked for.
    pub(super) async fn connect(
        &self,
        outbound: &OutboundRequest<'_>,
        deadline: Instant,
        pool: &Pool,
    ) -> Result<(Wire, SocketAddr), ConnectError> {
        let limit = deadline.min(Instant::now() + self.connect_timeout);
        let addresses = self.addresses(outbound.target, outbound.sender.workspace);
        let addresses = timeout_at(limit, addresses).await;
        let addresses = addresses.map_err(|_| ConnectError::TimedOut)??;
        let sockets = in_turns(&addresses, outbound.target.port());
        let way_out = self.way_out.as_ref();
        match way_out.filter(|_| outbound.via == Via::Usual) {
            None => self.directly(outbound, &sockets, limit, pool).await,
            Some(way_out) => {
                // It keeps to the limit by itself, and says whose time it was.
                let (line, to) = Box::pin(way_out.reach(&sockets, limit, pool)).await?;
                Ok((self.encrypt_line(outbound, line, limit).await?, to))
            }
        }
    }

    async fn directly(
        &self,
        outbound: &OutboundRequest<'_>,
        sockets: &[SocketAddr],
        limit: Instant,
        pool: &Pool,
    ) -> Result<(Wire, SocketAddr), ConnectError> {
        let connecting = async {
            let stream = race(sockets, limit, pool).await?;
            let remote_addr = stream.peer_addr().map_err(ConnectError::Tcp)?;
            // Small requests must not wait for an acknowledgement; where the system refuses, they do.
            let _slower = stream.set_nodelay(true);
            if !outbound.target.is_https() {
                return Ok((Wire::plain(stream), remote_addr));
            }
            let encrypted = self.encrypt(outbound, stream).await?;
            Ok((Wire::tls(encrypted), remote_addr))
        };
        let connected = timeout_at(limit, connecting).await;
        connected.unwrap_or(Err(ConnectError::TimedOut))
    }

    /// Speaks TLS with the receiver at the end of a proxy's line.
    async fn encrypt_line(
        &self,
        outbound: &OutboundRequest<'_>,
        line: ProxyLine,
        limit: Instant,
    ) -> Result<Wire, ConnectError> {
        let is_https = outbound.target.is_https();
        let encrypting = async {
            match (line, is_https) {
                (ProxyLine::Plain(stream), false) => Ok(Wire::plain(stream)),
                (ProxyLine::Plain(stream), true) => {
                    self.encrypt(outbound, stream).await.map(Wire::tls)
                }
                (ProxyLine::Tls(stream), false) => Ok(Wire::tls(*stream)),
                (ProxyLine::Tls(stream), true) => {
                    self.encrypt(outbound, stream).await.map(Wire::nested)
                }
            }
        };
        let encrypted = timeout_at(limit, Box::pin(encrypting)).await;
        encrypted.unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn encrypt<S>(
        &self,
        outbound: &OutboundRequest<'_>,
        stream: S,
    ) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = match outbound.target.parsed_host() {
            Host::Ipv4(ip) => ServerName::from(IpAddr::from(ip)),
            Host::Ipv6(ip) => ServerName::from(IpAddr::from(ip)),
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|error| ConnectError::Tls(io::Error::other(error)))?,
        };
        let tls = outbound.tls.map_or(&self.tls, |own| &own.connector);
        tls.connect(name, stream).await.map_err(ConnectError::Tls)
    }
}
