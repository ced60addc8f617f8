//! How the outbound client is set up.
//!
//! Owns: its bounds with their usual values, and why it could not be set up. Refuses: knowing who
//! configures it.

use std::time::Duration;

use crate::domain::webhook::IN_FLIGHT_MAX;
use crate::net::dns::Lookup;
use crate::net::egress::EgressProxy;
use crate::net::lookups::LOOKUPS_MAX;

/// How hookpost names itself to receivers.
pub const USER_AGENT: &str = concat!("hookpost/", env!("CARGO_PKG_VERSION"));

/// How the client is set up.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Root certificates in PEM that are trusted besides the public ones.
    pub extra_roots_pem: Option<Vec<u8>>,
    /// Where names are looked up.
    pub lookup: Lookup,
    /// How much of an answer's body is kept, in bytes.
    pub reply_body_bytes_max: usize,
    /// How long look-up, TCP and TLS may take within the timeout of an exchange.
    pub connect_timeout: Duration,
    /// Connections at once, in use and unused.
    pub sockets_max: usize,
    /// Unused connections at once. One that speaks TLS holds about 40 KiB.
    pub idle_max: usize,
    /// Unused connections kept open per webhook and receiver: as many as one webhook may have in
    /// flight, so that none is opened anew for want of a place.
    pub idle_per_key_max: usize,
    /// How long an unused connection is kept where the receiver does not say. Many servers close
    /// theirs after 5 s; closing first avoids sending into a connection that is just going away.
    pub idle_timeout: Duration,
    /// Look-ups at once of names that have not been answered before. Each uses two sockets.
    pub lookups_max: usize,
    /// The proxy by which everything leaves.
    pub egress: Option<EgressProxy>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            extra_roots_pem: None,
            lookup: Lookup::System,
            reply_body_bytes_max: 16 * 1024,
            connect_timeout: Duration::from_secs(10),
            sockets_max: 4096,
            idle_max: 1024,
            idle_per_key_max: IN_FLIGHT_MAX as usize,
            idle_timeout: Duration::from_secs(4),
            lookups_max: LOOKUPS_MAX,
            egress: None,
        }
    }
}

/// Why the client could not be set up. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The extra root certificates can't be used.
    #[error("the extra root certificates can't be read: {0}")]
    Roots(String),
    /// The TLS library refused the configuration.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// The system refused a thread.
    #[error("look-ups can't be set up: {0}")]
    Lookups(std::io::Error),
}
