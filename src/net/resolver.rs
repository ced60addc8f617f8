//! Host names to addresses, every one of them checked.
//!
//! Owns: the judgement of a look-up's answers. Refuses: being asked without a guard; there is no way
//! to an unchecked address.
//!
//! # One bad address spoils the name
//! A name that answers with a public and a private address is either broken or an attack; using
//! only its good half would make the outcome depend on the order of answers.
//!
//! # Checked is connected
//! The client connects to exactly the addresses that come out here. There is no second look-up
//! that could answer differently (DNS rebinding).
//!
//! # What tenants and operators learn
//! The error that leaves this room names no address: a tenant could map the network behind hookpost
//! with it. Which address was refused is logged at debug level, for the operator.

use std::net::IpAddr;
use std::sync::Arc;

use crate::net::address::AddressRefusal;
use crate::net::guard::{Guard, PortKind};
use crate::net::lookups::{Answer, LOOKUP_BUDGET, Lookups};
use crate::net::shortage::Shortage;

/// Addresses of one name that are tried; all are checked.
const ADDRESSES_MAX: usize = 8;

/// Why a name led nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// An answer may not be called.
    #[error("an address of the host is not allowed")]
    Blocked(AddressRefusal),
    /// The name servers said no, or nothing of use.
    #[error("{0}")]
    Failed(&'static str),
    /// The name exists but has no address.
    #[error("the name has no address")]
    Empty,
    /// No answer within the budget.
    #[error("no answer within {} s", LOOKUP_BUDGET.as_secs())]
    TimedOut,
    /// This machine could not ask.
    #[error("{0}")]
    Short(Shortage),
}

/// The checked addresses of `name` for one kind of port, in the order of the answer, at most
/// [`ADDRESSES_MAX`].
pub(super) async fn resolve(
    guard: &Guard,
    lookups: &Arc<Lookups>,
    name: &str,
    port: PortKind,
    workspace: i64,
) -> Answer {
    if name == "localhost" {
        return check(guard, name, port, guard.localhost().to_vec());
    }
    let addresses = lookups.addresses(name, workspace).await?;
    check(guard, name, port, addresses)
}

fn check(guard: &Guard, name: &str, port: PortKind, mut addresses: Vec<IpAddr>) -> Answer {
    for ip in &addresses {
        let judged = guard.check_address_of(*ip, port);
        if let Err(AddressRefusal::Unjudged(shortage)) = judged {
            return Err(ResolveError::Short(shortage));
        }
        if let Err(refusal) = judged {
            tracing::debug!(host = name, address = %ip, %refusal, "destination blocked");
            return Err(ResolveError::Blocked(refusal));
        }
    }
    if addresses.is_empty() {
        return Err(ResolveError::Empty);
    }
    addresses.truncate(ADDRESSES_MAX);
    Ok(addresses)
}
