//! The addresses of the machine that hookpost runs on.
//!
//! Owns: the question "is this address mine?". Refuses: deciding what follows (`guard`).
//!
//! # Why the kernel is asked each time
//! Interfaces come and go while the process runs, and a list taken at start goes stale. Connecting
//! a UDP socket sends nothing but makes the kernel choose a route: for one of its own addresses it
//! chooses that very address as the source. That costs three system calls, per new connection and
//! not per request, and needs neither unsafe code nor a parser for /proc.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use crate::net::shortage::Shortage;

/// Any port will do for choosing a route; this one is "discard".
const ROUTE_PORT: u16 = 9;

/// Where the machine's own addresses are learnt.
#[derive(Clone, Debug, Default)]
pub enum OwnAddresses {
    /// From the kernel, at the moment of asking.
    #[default]
    Machine,
    /// From a list, besides the loopback and unspecified addresses.
    Listed(Vec<IpAddr>),
}

impl OwnAddresses {
    /// Whether a connection to `ip` ends on this machine; an error where the kernel could not be
    /// asked.
    pub(super) fn contains(&self, ip: IpAddr) -> Result<bool, Shortage> {
        if ip.is_loopback() || ip.is_unspecified() {
            return Ok(true);
        }
        match self {
            Self::Machine => routes_to_itself(ip),
            Self::Listed(addresses) => Ok(addresses.contains(&ip)),
        }
    }
}

/// The address under which others see this machine; `None` where it has no way out. Nothing is sent.
#[must_use]
pub fn outward_address() -> Option<IpAddr> {
    // Any address of somebody else will do; these are for documentation and belong to nobody.
    let elsewhere: [IpAddr; 2] = [
        Ipv4Addr::new(192, 0, 2, 1).into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    ];
    elsewhere.into_iter().find_map(|ip| source_for(ip).ok())
}

/// Without a route nothing can be connected either, and it is nobody's address. Without a socket to
/// spare the question stays open.
fn routes_to_itself(ip: IpAddr) -> Result<bool, Shortage> {
    match source_for(ip) {
        Ok(source) => Ok(source == ip),
        Err(error) => Shortage::of_socket(&error).map_or(Ok(false), Err),
    }
}

/// Whether this machine has an address from which `ip` can be called at all.
pub(super) fn has_source(ip: IpAddr) -> bool {
    source_for(ip).map_or_else(|error| Shortage::of_socket(&error).is_some(), |_| true)
}

/// The address from which this machine would speak to `ip`.
fn source_for(ip: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((ip, ROUTE_PORT))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_always_own_and_documentation_never() {
        for own in [OwnAddresses::Machine, OwnAddresses::Listed(Vec::new())] {
            assert_eq!(own.contains("127.0.0.1".parse().unwrap()), Ok(true));
            assert_eq!(own.contains("127.8.8.8".parse().unwrap()), Ok(true));
            assert_eq!(own.contains("::1".parse().unwrap()), Ok(true));
            assert_eq!(own.contains("0.0.0.0".parse().unwrap()), Ok(true));
            assert_eq!(own.contains("192.0.2.1".parse().unwrap()), Ok(false));
        }
    }

    #[test]
    fn the_kernel_knows_its_addresses() {
        // Loopback addresses are answered without asking, so ask for one directly.
        assert_eq!(routes_to_itself("127.0.0.1".parse().unwrap()), Ok(true));
        assert_eq!(routes_to_itself("192.0.2.1".parse().unwrap()), Ok(false));
    }
}
