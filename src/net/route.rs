//! From which of its addresses this machine would speak to another.
//!
//! Owns: the question to the kernel. Refuses: sending anything, and judging the answer (`own`,
//! `shortage`).
//!
//! # Why by a socket
//! Connecting a UDP socket sends nothing but makes the kernel choose a route: for one of its own
//! addresses it chooses that very address as the source. That costs three system calls, per new
//! connection and not per request, and needs neither unsafe code nor a parser for /proc.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Any port will do for choosing a route; this one is "discard".
const ROUTE_PORT: u16 = 9;

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

/// The address from which this machine would speak to `ip`.
pub(super) fn source_for(ip: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((ip, ROUTE_PORT))?;
    Ok(socket.local_addr()?.ip())
}
