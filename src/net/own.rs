//! The addresses of the machine that hookpost runs on.
//!
//! Owns: the question "is this address mine?". Refuses: deciding what follows (`guard`).
//!
//! # Why the kernel is asked each time
//! Interfaces come and go while the process runs, and a list taken at start goes stale (`route`).

use std::net::IpAddr;

use crate::net::route::source_for;
use crate::net::shortage::Shortage;

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

/// Without a route nothing can be connected either, and it is nobody's address. Without a socket to
/// spare the question stays open.
fn routes_to_itself(ip: IpAddr) -> Result<bool, Shortage> {
    match source_for(ip) {
        Ok(source) => Ok(source == ip),
        Err(error) => Shortage::of_socket(&error).map_or(Ok(false), Err),
    }
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
