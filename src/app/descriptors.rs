//! How many sockets the process may hold.
//!
//! Owns: raising the soft limit to the hard one at start: a soft limit of 1,024, which many systems
//! begin with for the sake of programs that use `select`, is fewer than the attempts and requests
//! that may be under way. Refuses: failing over it; with fewer sockets hookpost is slower, not wrong.

use rustix::process::{Resource, getrlimit, setrlimit};

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
