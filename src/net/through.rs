//! The way out by a proxy.
//!
//! Owns: the connection to the proxy, and trying the judged addresses of a receiver one after the other
//! through it. Refuses: judging the proxy's own address: the operator chose it, and it mostly lies in a
//! network that receivers may not.
//!
//! # Why the addresses don't race
//! Each would take a connection of the proxy's. What it can't reach it mostly says at once; where it
//! says nothing, each address has its share of the time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::net::connect_error::{ConnectError, ProxyFault};
use crate::net::egress::{EgressProxy, ProxyKind};
use crate::net::lookups::Lookups;
use crate::net::pool::Pool;
use crate::net::race::{in_turns, race};
use crate::net::resolve_error::ResolveError;
use crate::net::tunnel;

/// Whose turn the look-up of the proxy's own name is: no workspace's.
const OWN_LOOKUPS: i64 = 0;

/// A connection to a proxy that leads on to a receiver.
pub(super) enum ProxyLine {
    /// In the clear up to the proxy.
    Plain(TcpStream),
    /// Encrypted up to the proxy.
    Tls(Box<TlsStream<TcpStream>>),
}

/// The proxy, and what it takes to get there.
pub(super) struct WayOut {
    pub(super) proxy: EgressProxy,
    pub(super) lookups: Arc<Lookups>,
    pub(super) tls: TlsConnector,
}

impl WayOut {
    /// A way to the first of `sockets` that the proxy reaches before `limit`.
    pub(super) async fn reach(
        &self,
        sockets: &[SocketAddr],
        limit: Instant,
        pool: &Pool,
    ) -> Result<(ProxyLine, SocketAddr), ConnectError> {
        let mut left = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
        let mut failed = ConnectError::Proxy(ProxyFault::TimedOut);
        for to in sockets {
            let now = Instant::now();
            let share = limit.saturating_duration_since(now) / left.max(1);
            left = left.saturating_sub(1);
            let until = limit.min(now + share);
            match timeout_at(until, self.tunnel(*to, until, pool)).await {
                Ok(Ok(line)) => return Ok((line, *to)),
                Ok(Err(ConnectError::Unreached(words))) => failed = ConnectError::Unreached(words),
                // With another address it would go the same way.
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
        }
        Err(failed)
    }

    async fn tunnel(
        &self,
        to: SocketAddr,
        until: Instant,
        pool: &Pool,
    ) -> Result<ProxyLine, ConnectError> {
        let addresses = self.addresses().await?;
        let sockets = in_turns(&addresses, self.proxy.port);
        let stream = race(&sockets, until, pool).await;
        let stream = stream.map_err(|error| match error {
            ConnectError::Tcp(error) => ProxyFault::Tcp(error).into(),
            ConnectError::TimedOut => ProxyFault::TimedOut.into(),
            other => other,
        })?;
        // Small requests must not wait for an acknowledgement; where the system refuses, they do.
        let _slower = stream.set_nodelay(true);
        match self.proxy.kind {
            ProxyKind::Http | ProxyKind::Socks5 => {
                self.open(stream, to).await.map(ProxyLine::Plain)
            }
            ProxyKind::Https => {
                let name = self.name()?;
                let encrypted = self.tls.connect(name, stream).await;
                let encrypted = encrypted.map_err(|error| {
                    tracing::debug!(%error, "TLS with the egress proxy failed");
                    ProxyFault::Tls
                })?;
                self.open(Box::new(encrypted), to).await.map(ProxyLine::Tls)
            }
        }
    }

    async fn open<S>(&self, stream: S, to: SocketAddr) -> Result<S, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        tunnel::open(&self.proxy, stream, to).await
    }

    /// Where the proxy is. Nobody judges it.
    async fn addresses(&self) -> Result<Vec<IpAddr>, ConnectError> {
        let name = match &self.proxy.host {
            Host::Ipv4(ip) => return Ok(vec![(*ip).into()]),
            Host::Ipv6(ip) => return Ok(vec![(*ip).into()]),
            Host::Domain(name) => name,
        };
        if name == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        match self.lookups.addresses(name, OWN_LOOKUPS).await {
            Ok(addresses) if addresses.is_empty() => {
                Err(ProxyFault::Name(ResolveError::Empty).into())
            }
            Ok(addresses) => Ok(addresses),
            Err(ResolveError::Short(shortage)) => Err(ConnectError::Shortage(shortage)),
            Err(error) => Err(ProxyFault::Name(error).into()),
        }
    }

    fn name(&self) -> Result<ServerName<'static>, ConnectError> {
        match &self.proxy.host {
            Host::Ipv4(ip) => Ok(ServerName::from(IpAddr::from(*ip))),
            Host::Ipv6(ip) => Ok(ServerName::from(IpAddr::from(*ip))),
            Host::Domain(name) => {
                ServerName::try_from(name.clone()).map_err(|_| ProxyFault::Tls.into())
            }
        }
    }
}
