//! What this machine lacks, told apart from what receivers do.
//!
//! Owns: which errors of the system speak of descriptors, ports and memory. Refuses: waiting for
//! better times; whoever asked does that.
//!
//! # Why it matters
//! A receiver whose request never left is not to blame: counting it as a failed attempt would
//! disable healthy webhooks because their sender was short of descriptors.

use std::io;
use std::net::IpAddr;

use rustix::io::Errno;

use crate::net::route::source_for;

/// This machine could not make the request; nothing was sent, and nobody else is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Shortage {
    /// The process or the system is at its limit of open descriptors.
    #[error("no descriptor was free")]
    Descriptors,
    /// Every outgoing port to the destination is in use.
    #[error("no outgoing port was free")]
    Ports,
    /// The kernel had no memory for a socket.
    #[error("the system had no memory for a connection")]
    Memory,
}

impl Shortage {
    /// Reads an error of the system, met on the way to `to` where the address is known.
    pub(super) fn of(error: &io::Error, to: Option<IpAddr>) -> Option<Self> {
        // The same error says that the machine has no address from which it could be called at all:
        // no IPv6, mostly. That lasts, and is no shortage.
        let of_ports = || {
            let is_it = Errno::from_io_error(error) == Some(Errno::ADDRNOTAVAIL);
            (is_it && to.is_none_or(has_source)).then_some(Self::Ports)
        };
        Self::of_socket(error).or_else(of_ports)
    }

    /// Reads an error met when a socket was made.
    pub(super) fn of_socket(error: &io::Error) -> Option<Self> {
        match Errno::from_io_error(error)? {
            Errno::MFILE | Errno::NFILE => Some(Self::Descriptors),
            Errno::NOBUFS | Errno::NOMEM => Some(Self::Memory),
            _ => None,
        }
    }
}

/// Whether this machine has an address from which `ip` can be called at all.
fn has_source(ip: IpAddr) -> bool {
    source_for(ip).map_or_else(|error| Shortage::of_socket(&error).is_some(), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_machine_lacks_is_a_shortage() {
        let check = |errno: Errno, to: &str, expected: Option<Shortage>| {
            let error = io::Error::from(errno);
            assert_eq!(Shortage::of(&error, to.parse().ok()), expected, "{errno:?}");
        };
        check(Errno::MFILE, "127.0.0.1", Some(Shortage::Descriptors));
        check(Errno::NFILE, "", Some(Shortage::Descriptors));
        check(Errno::NOBUFS, "127.0.0.1", Some(Shortage::Memory));
        check(Errno::NOMEM, "127.0.0.1", Some(Shortage::Memory));
        check(Errno::ADDRNOTAVAIL, "127.0.0.1", Some(Shortage::Ports));
        check(Errno::CONNREFUSED, "127.0.0.1", None);
        check(Errno::CONNRESET, "127.0.0.1", None);
        check(Errno::NETUNREACH, "127.0.0.1", None);
        check(Errno::TIMEDOUT, "127.0.0.1", None);
        let other = io::Error::other("too many open files");
        assert_eq!(Shortage::of(&other, None), None);
    }
}
