//! Where events are published to.

use std::net::SocketAddr;

/// An address that takes events, and the key that opens it.
pub struct Door {
    /// Where it listens.
    pub addr: SocketAddr,
    /// An API key; empty where none is asked for.
    pub key: String,
}
