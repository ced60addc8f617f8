//! Hosts to addresses, every one of them checked.
//!
//! Owns: the judgement of a look-up's answers, and of a host that is an address itself. Refuses: being asked without a guard; there is no way
//! to an unchecked address.
//!
//! # One bad address spoils the name
//! A name that answers with a public and a private address is either broken or an attack; using
//! only its good half would make the outcome depend on the order of answers.
//!
//! # Checked is connected
//! The client connects to exactly the addresses that come out here. There is no second look-up
//! that could answer differently (DNS rebinding).

use std::net::IpAddr;
use std::sync::Arc;

use url::Host;

use crate::net::address::AddressRefusal;
use crate::net::guard::{Guard, PortKind};
use crate::net::lookups::{LookedUp, Lookups};
use crate::net::resolve_error::ResolveError;

/// Addresses of one name that are tried; all are checked.
const ADDRESSES_MAX: usize = 8;

/// The checked addresses of `host` for one kind of port, in the order of the answer, at most
/// [`ADDRESSES_MAX`].
pub(super) async fn resolve(
    guard: &Guard,
    lookups: &Arc<Lookups>,
    host: Host<&str>,
    port: PortKind,
    workspace: i64,
) -> LookedUp {
    let addresses = match host {
        Host::Ipv4(ip) => vec![ip.into()],
        Host::Ipv6(ip) => vec![ip.into()],
        Host::Domain("localhost") => guard.localhost().to_vec(),
        Host::Domain(name) => lookups.addresses(name, workspace).await?,
    };
    check(guard, &host, port, addresses)
}

fn check(guard: &Guard, host: &Host<&str>, port: PortKind, mut addresses: Vec<IpAddr>) -> LookedUp {
    for ip in &addresses {
        let judged = guard.check_address_of(*ip, port);
        if let Err(AddressRefusal::Unjudged(shortage)) = judged {
            return Err(ResolveError::Short(shortage));
        }
        if let Err(refusal) = judged {
            tracing::debug!(%host, address = %ip, %refusal, "destination blocked");
            return Err(ResolveError::Blocked(refusal));
        }
    }
    if addresses.is_empty() {
        return Err(ResolveError::Empty);
    }
    addresses.truncate(ADDRESSES_MAX);
    Ok(addresses)
}
