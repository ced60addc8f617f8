//! How many sockets the process may hold.
//!
//! Owns: raising the soft limit to the hard one at start: a soft limit of 1,024, which many systems
//! begin with for the sake of programs that use `select`, is fewer than the attempts and requests
//! that may be under way. Refuses: failing over it; with fewer sockets hookpost is slower, not wrong.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::net::ClientOptions;

/// Descriptors that are opened after the shares are reckoned: workers, signals, readers, backups.
const OPENED_LATER: u64 = 32;
/// What is shared out at least, however low the limit.
const SHARED_MIN: u64 = 16;

/// How many of each there may be, so that none takes another's descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// Connections to hookpost; each holds two descriptors.
    pub(super) connections_max: u32,
    /// Connections to receivers, in use and at rest, and so attempts at once.
    pub(super) sockets_max: usize,
    /// Look-ups at once of new names, and as many of known ones; each holds two.
    pub(super) lookups_max: usize,
}

impl Shares {
    /// The client's options, with no more sockets than its share.
    pub(super) fn bound(self, options: ClientOptions) -> ClientOptions {
        ClientOptions {
            sockets_max: options.sockets_max.min(self.sockets_max),
            lookups_max: options.lookups_max.min(self.lookups_max),
            ..options
        }
    }

    /// Attempts at once, no more than there are sockets for.
    pub(super) fn bound_attempts(self, in_flight_max: u32) -> usize {
        self.sockets_max.min(in_flight_max as usize)
    }

    /// Connections to hookpost, no more than their share.
    pub(super) fn bound_callers(self, connections_max: u32) -> u32 {
        connections_max.min(self.connections_max)
    }
}

/// The shares under the limit in force.
pub(super) fn shares() -> Shares {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let held = std::fs::read_dir("/proc/self/fd").map_or(OPENED_LATER, |open| {
        u64::try_from(open.count()).unwrap_or(u64::MAX)
    });
    divide(limit, held)
}

/// A third for those who call, the rest for those who are called, of which a quarter is for asking
/// where they are.
fn divide(limit: u64, held: u64) -> Shares {
    let free = limit
        .saturating_sub(held)
        .saturating_sub(OPENED_LATER)
        .max(SHARED_MIN);
    let callers = free / 3;
    let called = free - callers;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Shares {
        connections_max: u32::try_from(callers / 2).unwrap_or(u32::MAX),
        sockets_max: count(called - called / 4),
        lookups_max: count((called / 16).max(1)),
    }
}

/// Raises the limit on open descriptors as far as this process may.
pub(super) fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit on open files stays low");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_come_to_more_than_there_is() {
        for (limit, held) in [
            (128, 30),
            (256, 40),
            (1024, 40),
            (65_536, 60),
            (u64::MAX, 60),
        ] {
            let shares = divide(limit, held);
            let callers = u64::from(shares.connections_max) * 2;
            let called = shares
                .sockets_max
                .saturating_add(shares.lookups_max.saturating_mul(4));
            let all = callers.saturating_add(called as u64).saturating_add(held);
            assert!(all <= limit, "{limit}: {shares:?}");
            assert!(
                shares.connections_max >= 2 && shares.sockets_max >= 4,
                "{limit}"
            );
        }
        let least = divide(64, 50);
        assert!(
            least.connections_max >= 2 && least.sockets_max >= 8,
            "{least:?}"
        );
    }
}
