//! Which IP addresses may be called. Pure: no socket, no look-up.
//!
//! Owns: the tables of special-purpose blocks, the unwrapping of IPv4 addresses carried inside
//! IPv6, and what the operator's own list opens. Refuses: knowing the machine's own addresses
//! (`own`) and names (`resolver`).
//!
//! # Why IPv6 is an allow list
//! Only 2000::/3 is global unicast; everything else is reserved, local or special today and may
//! become anything tomorrow. IPv4 has no such border, so there every special block is named.
//!
//! # Why a wide range never opens metadata
//! An operator who opens 169.254.0.0/16 or 0.0.0.0/0 thinks of receivers, not of the service that
//! hands out the machine's cloud credentials. A metadata address is opened only by an entry that
//! names exactly that one address (/32 or /128): nobody writes that by accident.
//!
//! # Why embedded IPv4 is unwrapped
//! ::ffff:10.0.0.1 and 64:ff9b::10.0.0.1 reach 10.0.0.1, so they are judged as 10.0.0.1, for the
//! better and the worse. The other embeddings (6to4, Teredo, ISATAP, IPv4-compatible and
//! -translated, local NAT64) are judged by both: the outer address must be callable, and the inner
//! one must be public, or the operator must have opened the outer one; metadata inside is always
//! refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::net::shortage::Shortage;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IANA's special-purpose blocks of IPv4, multicast, the reserved class E, and Azure's wire server.
const REFUSED_V4: [Ipv4Net; 20] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([192, 175, 48, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    v4([255, 255, 255, 255], 32),
];

/// Global unicast of IPv6: nothing outside it is callable.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What inside global unicast is special: protocol assignments with Teredo, documentation, 6to4.
const REFUSED_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Where clouds serve metadata and credentials: the link-local services of AWS, GCP, Azure,
/// OpenStack and their kin, container credentials, Tencent, Scaleway, Azure's wire server, Alibaba
/// and Oracle's first generation.
const METADATA_V4: [Ipv4Net; 8] = [
    v4([169, 254, 169, 0], 24),
    v4([169, 254, 170, 0], 24),
    v4([169, 254, 0, 23], 32),
    v4([169, 254, 42, 42], 32),
    v4([168, 63, 129, 16], 32),
    v4([100, 100, 100, 200], 32),
    v4([192, 0, 0, 192], 32),
    v4([100, 88, 222, 5], 32),
];

/// The same over IPv6: AWS, GCP, Scaleway, Oracle and OpenStack.
const METADATA_V6: [Ipv6Net; 5] = [
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
    v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128),
    v6([0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128),
    v6([0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128),
];

/// ::ffff:0:0/96, an IPv4 address in IPv6's clothes.
const MAPPED: Ipv6Net = v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96);
/// 64:ff9b::/96, the well-known prefix of NAT64.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);
/// 64:ff9b:1::/48, NAT64 for local use (RFC 8215).
const NAT64_LOCAL: Ipv6Net = v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48);
/// ::/96, the abandoned IPv4-compatible form.
const COMPATIBLE: Ipv6Net = v6([0, 0, 0, 0, 0, 0, 0, 0], 96);
/// ::ffff:0:0:0/96, the IPv4-translated form.
const TRANSLATED: Ipv6Net = v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96);
/// 2002::/16, 6to4.
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);
/// 2001::/32, Teredo.
const TEREDO: Ipv6Net = v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(
        Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]),
        prefix,
    )
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(
        Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]),
        prefix,
    )
}

/// Why an address may not be called. `Display` is a sentence for the caller that completes "the
/// URL …"; it names no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AddressRefusal {
    /// Private, local, reserved or otherwise not part of the public internet.
    #[error("must not lead to a private, local or reserved address")]
    Special,
    /// A cloud's metadata service.
    #[error("must not lead to a cloud metadata address")]
    Metadata,
    /// One of the addresses of the machine that hookpost runs on.
    #[error("must not lead to an address of the machine that would call it")]
    Own,
    /// The port that hookpost itself listens on.
    #[error("must not lead back to where it would be called from")]
    OwnPort,
    /// This machine had no socket to spare for finding out whose address it is.
    #[error("could not be checked just now: {0}")]
    Unjudged(Shortage),
}

/// The address rules together with what the operator opened.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressRules {
    opened: Vec<IpNet>,
}

impl AddressRules {
    /// `opened` are the operator's ranges; IPv4 ranges in IPv6's clothes count as IPv4.
    pub(super) fn new(opened: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            opened: opened.into_iter().map(canonical_net).collect(),
        }
    }

    /// Whether `ip` may be called.
    pub(super) fn judge(&self, ip: IpAddr) -> Result<(), AddressRefusal> {
        let ip = canonical(ip);
        if is_metadata(ip) {
            return if self.names(ip) {
                Ok(())
            } else {
                Err(AddressRefusal::Metadata)
            };
        }
        if self.opens(ip) || is_public(ip) {
            Ok(())
        } else {
            Err(AddressRefusal::Special)
        }
    }

    /// Whether one of the operator's ranges covers `ip`.
    pub(super) fn opens(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        self.opened.iter().any(|net| net.contains(&ip))
    }

    /// Whether the operator named exactly this address.
    pub(super) fn names(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        self.opened
            .iter()
            .any(|net| net.addr() == ip && net.prefix_len() == net.max_prefix_len())
    }
}

/// The address that a packet to `ip` really goes to, as far as the form alone tells.
pub(super) fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) if MAPPED.contains(&ip) || NAT64.contains(&ip) => IpAddr::V4(tail_ipv4(ip)),
        IpAddr::V4(_) | IpAddr::V6(_) => ip,
    }
}

fn canonical_net(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else {
        return net.trunc();
    };
    if !MAPPED.contains(&v6) && !NAT64.contains(&v6) {
        return net.trunc();
    }
    let prefix = v6.prefix_len().saturating_sub(96);
    Ipv4Net::new(tail_ipv4(v6.addr()), prefix)
        .map_or(net, IpNet::V4)
        .trunc()
}

fn is_metadata(ip: IpAddr) -> bool {
    let listed = |inner: &Ipv4Addr| METADATA_V4.iter().any(|net| net.contains(inner));
    match ip {
        IpAddr::V4(ip) => listed(&ip),
        IpAddr::V6(ip) => {
            METADATA_V6.iter().any(|net| net.contains(&ip)) || embedded(ip).iter().any(listed)
        }
    }
}

fn is_public(ip: IpAddr) -> bool {
    let public = |ip: &Ipv4Addr| !REFUSED_V4.iter().any(|net| net.contains(ip));
    match ip {
        IpAddr::V4(ip) => public(&ip),
        IpAddr::V6(ip) => {
            GLOBAL_V6.contains(&ip)
                && !REFUSED_V6.iter().any(|net| net.contains(&ip))
                && embedded(ip).iter().all(public)
        }
    }
}

/// The IPv4 addresses that a tunnel or translator might take out of `ip`.
fn embedded(ip: Ipv6Addr) -> Vec<Ipv4Addr> {
    let s = ip.segments();
    if COMPATIBLE.contains(&ip) {
        // :: and ::1 are the unspecified and the loopback address, not 0.0.0.0 and 0.0.0.1.
        return if s[6] == 0 && s[7] < 2 {
            Vec::new()
        } else {
            vec![tail_ipv4(ip)]
        };
    }
    if TRANSLATED.contains(&ip) {
        return vec![tail_ipv4(ip)];
    }
    if NAT64_LOCAL.contains(&ip) {
        // With a /96 inside the block the address stands last; with the whole /48 it stands around
        // the reserved octet 8 (RFC 6052, section 2.2).
        return vec![tail_ipv4(ip), pair_ipv4(s[3], (s[4] << 8) | (s[5] >> 8))];
    }
    if SIX_TO_FOUR.contains(&ip) {
        return vec![pair_ipv4(s[1], s[2])];
    }
    if TEREDO.contains(&ip) {
        // The server in the clear, the client with every bit turned over.
        return vec![pair_ipv4(s[2], s[3]), pair_ipv4(!s[6], !s[7])];
    }
    // ISATAP: an interface identifier of 0000:5efe or 0200:5efe and the IPv4 address.
    if s[5] == 0x5efe && s[4] & !0x0200 == 0 {
        return vec![tail_ipv4(ip)];
    }
    Vec::new()
}

fn tail_ipv4(ip: Ipv6Addr) -> Ipv4Addr {
    let s = ip.segments();
    pair_ipv4(s[6], s[7])
}

fn pair_ipv4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}
