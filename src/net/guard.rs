//! The guard: one answer to "may hookpost call this?", for every caller.
//!
//! Owns: the operator's permissions, hookpost's own addresses and ports, and the check of a whole
//! URL. Refuses: looking names up; names are judged by their text here and by their answers in
//! `resolver`, with the same address rules.
//!
//! # The machine's own addresses
//! Loopback is opened like any range: whoever allows 127.0.0.0/8 runs receivers there. Every other
//! own address is opened only by naming exactly it (/32 or /128), because a wide private range
//! means the neighbours, not this machine's admin ports. The port hookpost listens on is never
//! opened on an own address: deliveries must not become calls to hookpost's own API.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use ipnet::IpNet;
use url::Host;

use crate::net::address::{AddressRefusal, AddressRules, canonical};
use crate::net::own::OwnAddresses;
use crate::net::target::{TargetUrl, UrlRefusal, UrlRules};

/// What the operator allows.
#[derive(Clone, Debug, Default)]
pub struct GuardOptions {
    /// Whether webhook URLs may be `http://`.
    pub allow_http: bool,
    /// Ranges that deliveries may reach although they are not public.
    pub allow_private: Vec<IpNet>,
    /// Where the machine's own addresses are learnt.
    pub own: OwnAddresses,
}

/// Whether the port at hand is one that hookpost listens on. The resolver learns a name without
/// its port, so each kind of port has a resolver of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PortKind {
    /// hookpost listens there.
    Own,
    /// Any other port.
    Other,
}

/// Decides which URLs and addresses may be called.
#[derive(Debug)]
pub struct Guard {
    addresses: AddressRules,
    own: OwnAddresses,
    own_ports: OnceLock<Vec<u16>>,
    url_rules: UrlRules,
    localhost: Vec<IpAddr>,
}

impl Guard {
    /// A guard with the operator's permissions; the listening ports follow once they are bound.
    #[must_use]
    pub fn new(options: GuardOptions) -> Self {
        let addresses = AddressRules::new(options.allow_private);
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let localhost: Vec<IpAddr> = loopback
            .into_iter()
            .filter(|ip| addresses.opens(*ip))
            .collect();
        let url_rules = UrlRules {
            allow_http: options.allow_http,
            allow_localhost: !localhost.is_empty(),
        };
        Self {
            addresses,
            own: options.own,
            own_ports: OnceLock::new(),
            url_rules,
            localhost,
        }
    }

    /// Names the ports that hookpost listens on. They are known once, after binding and before the
    /// first delivery; later calls change nothing.
    pub fn set_own_ports(&self, ports: Vec<u16>) {
        self.own_ports.get_or_init(|| ports);
    }

    /// Checks a URL as creating, updating, testing and every attempt do, without any look-up.
    ///
    /// # Errors
    /// The first rule that the URL breaks, as a sentence for the caller.
    pub fn check_url(&self, text: &str) -> Result<TargetUrl, UrlRefusal> {
        let target = TargetUrl::parse(text, self.url_rules)?;
        self.check_target(&target)?;
        Ok(target)
    }

    /// Checks an address and port as they would be connected to.
    ///
    /// # Errors
    /// The rule that the address breaks.
    pub fn check_address(&self, ip: IpAddr, port: u16) -> Result<(), AddressRefusal> {
        self.check_address_of(ip, self.port_kind(port))
    }

    /// Judges a literal host once more; a name's answers are judged by the resolver.
    pub(super) fn check_target(&self, target: &TargetUrl) -> Result<(), AddressRefusal> {
        match target.parsed_host() {
            Host::Ipv4(ip) => self.check_address(ip.into(), target.port()),
            Host::Ipv6(ip) => self.check_address(ip.into(), target.port()),
            Host::Domain("localhost") => self
                .localhost
                .iter()
                .try_for_each(|ip| self.check_address(*ip, target.port())),
            Host::Domain(_) => Ok(()),
        }
    }

    pub(super) fn check_address_of(
        &self,
        ip: IpAddr,
        port: PortKind,
    ) -> Result<(), AddressRefusal> {
        let ip = canonical(ip);
        self.addresses.judge(ip)?;
        // Loopback was opened by the operator, or the judgement above would have refused it.
        let is_opened = ip.is_loopback() || ip.is_unspecified() || self.addresses.names(ip);
        if is_opened && port == PortKind::Other {
            return Ok(());
        }
        let is_own = self.own.contains(ip).map_err(AddressRefusal::Unjudged)?;
        match (is_own, port) {
            (false, _) => Ok(()),
            (true, PortKind::Own) => Err(AddressRefusal::OwnPort),
            (true, PortKind::Other) => Err(AddressRefusal::Own),
        }
    }

    pub(super) fn port_kind(&self, port: u16) -> PortKind {
        let is_own = self
            .own_ports
            .get()
            .is_some_and(|ports| ports.contains(&port));
        if is_own {
            PortKind::Own
        } else {
            PortKind::Other
        }
    }

    /// The opened loopback addresses: what the name `localhost` means (RFC 6761, section 6.3),
    /// whatever the hosts file says. Empty where none was opened.
    pub(super) fn localhost(&self) -> &[IpAddr] {
        &self.localhost
    }
}

#[cfg(test)]
mod tests;
