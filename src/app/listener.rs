//! The socket that hookpost listens on.
//!
//! Owns: looking the name of its place up. Refuses: reading the place (`config::listen`).

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use crate::config::listen::Listen;

/// A name may have several addresses; those of the older kind come first, because whoever writes
/// `localhost` most often goes on to open 127.0.0.1.
pub(super) fn listen(place: &Listen) -> std::io::Result<TcpListener> {
    match place {
        Listen::Address(address) => TcpListener::bind(address),
        Listen::Name { host, port } => {
            let found = (host.as_str(), *port).to_socket_addrs()?;
            let mut addresses: Vec<SocketAddr> = found.collect();
            addresses.sort_by_key(SocketAddr::is_ipv6);
            TcpListener::bind(addresses.as_slice())
        }
    }
}
