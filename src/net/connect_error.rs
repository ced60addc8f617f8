//! Why there is no connection.
//!
//! Owns: the reasons, and the words for a proxy's. Refuses: holding an address; tenants read the words.

use std::io;

use crate::net::resolve_error::ResolveError;
use crate::net::shortage::Shortage;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The name led nowhere.
    Name(ResolveError),
    /// No address took the connection.
    Tcp(io::Error),
    /// The handshake failed.
    Tls(io::Error),
    /// The egress proxy says that the receiver can't be connected to.
    Unreached(&'static str),
    /// The egress proxy gave no way to the receiver.
    Proxy(ProxyFault),
    /// The time for connecting passed.
    TimedOut,
    /// This machine could not try.
    Shortage(Shortage),
}

/// What is wrong with the egress proxy, or with what hookpost knows of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyFault {
    #[error("the egress proxy's host name could not be resolved: {0}")]
    Name(ResolveError),
    #[error("no connection to the egress proxy could be made: {}", io_words(.0))]
    Tcp(io::Error),
    #[error("the TLS connection to the egress proxy failed; its certificate may not be trusted")]
    Tls,
    #[error("the egress proxy did not open a way to the receiver in time")]
    TimedOut,
    #[error("the egress proxy does not accept hookpost's credentials")]
    Login,
    #[error("the egress proxy asks for credentials, and hookpost was given none")]
    NoLogin,
    #[error("the egress proxy refuses to connect to the receiver: it answered {0}")]
    Refused(u16),
    #[error("the egress proxy refuses to connect to the receiver: its rules forbid it")]
    Forbidden,
    #[error("the egress proxy could not do what was asked of it")]
    Unable,
    #[error("what the egress proxy answered is not what an HTTP proxy answers")]
    NotHttp,
    #[error("what the egress proxy answered is not SOCKS 5")]
    NotSocks,
    #[error("the egress proxy closed the connection")]
    Closed,
    #[error("the connection to the egress proxy broke: {}", io_words(.0))]
    Broken(io::Error),
}

/// The system's word for it; errors of other origin might name what was connected to.
fn io_words(error: &io::Error) -> String {
    error.kind().to_string()
}

impl From<ProxyFault> for ConnectError {
    fn from(fault: ProxyFault) -> Self {
        Self::Proxy(fault)
    }
}

impl From<ResolveError> for ConnectError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Short(shortage) => Self::Shortage(shortage),
            other => Self::Name(other),
        }
    }
}
