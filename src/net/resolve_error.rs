//! Why a host name led nowhere.
//!
//! Owns: the reasons and their words. Refuses: holding an address.
//!
//! # What tenants and operators learn
//! The error that leaves this room names no address: a tenant could map the network behind hookpost
//! with it. Which address was refused is logged at debug level, for the operator.

use std::time::Duration;

use crate::net::address::AddressRefusal;
use crate::net::shortage::Shortage;

/// How long a name may take, with the wait for its turn.
pub(super) const LOOKUP_BUDGET: Duration = Duration::from_secs(5);

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
