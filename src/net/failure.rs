//! From what went wrong to a kind and words that a person understands.
//!
//! Owns: reading errors and the chain of their causes. Refuses: passing on the causes' own text where
//! it could hold a resolved address; tenants read these words.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::domain::outcome::FailureKind;
use crate::domain::time::format_duration;
use crate::net::address::AddressRefusal;
use crate::net::connect_error::ConnectError;
use crate::net::resolve_error::ResolveError;
use crate::net::tls::tls_words;

/// Causes that are looked at; real chains have about six.
const CAUSES_MAX: usize = 16;

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind that the attempt shows.
    pub kind: FailureKind,
    /// A sentence for people; holds no resolved address.
    pub message: String,
}

impl Failure {
    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The webhook's timeout passed.
    pub(super) fn timeout(timeout: Duration) -> Self {
        let within = format_duration(timeout);
        Self::new(
            FailureKind::Timeout,
            format!("no answer came within {within}"),
        )
    }

    /// The guard refused the destination.
    pub(super) fn blocked(refusal: AddressRefusal) -> Self {
        Self::new(
            FailureKind::Blocked,
            format!("the destination is not allowed: it {refusal}"),
        )
    }

    /// Reads why there is no connection.
    pub(super) fn unconnected(error: &ConnectError) -> Self {
        match error {
            ConnectError::Name(error) => of_name(error),
            ConnectError::Tcp(error) => of_io(error)
                .unwrap_or_else(|| Self::new(FailureKind::Connect, "no connection could be made")),
            ConnectError::Tls(error) => of_handshake(error),
            ConnectError::Unreached(words) => Self::new(FailureKind::Connect, *words),
            ConnectError::Proxy(fault) => Self::new(FailureKind::Proxy, fault.to_string()),
            ConnectError::TimedOut => Self::new(
                FailureKind::Timeout,
                "the connection could not be made in time",
            ),
            // Callers make this no failure of the receiver's.
            ConnectError::Shortage(shortage) => {
                Self::new(FailureKind::Connect, shortage.to_string())
            }
        }
    }

    /// Reads why an exchange broke.
    pub(super) fn broken(error: &hyper::Error) -> Self {
        if error.is_parse() {
            // hyper's words name the rule that was broken and quote nothing.
            let message = format!("the answer is not acceptable HTTP: {error}");
            return Self::new(FailureKind::Protocol, message);
        }
        if error.is_incomplete_message() {
            let message = "the receiver closed the connection before an answer came";
            return Self::new(FailureKind::Connect, message);
        }
        let causes = causes(error);
        let known = causes.into_iter().find_map(|cause| {
            let tls = cause.downcast_ref::<rustls::Error>();
            tls.map(|error| Self::new(FailureKind::Tls, tls_words(error)))
                .or_else(|| cause.downcast_ref().and_then(of_io))
        });
        known.unwrap_or_else(|| {
            let message = "the exchange broke off before an answer came";
            Self::new(FailureKind::Protocol, message)
        })
    }
}

/// The error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause_of(*error))
        .take(CAUSES_MAX)
        .collect()
}

fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // An io::Error names its inner error's cause as its own and would hide the inner one.
    if let Some(inner) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return Some(inner);
    }
    error.source()
}

fn of_name(error: &ResolveError) -> Failure {
    match error {
        ResolveError::Blocked(refusal) => Failure::blocked(*refusal),
        ResolveError::Failed(_)
        | ResolveError::Empty
        | ResolveError::TimedOut
        | ResolveError::Short(_) => Failure::new(
            FailureKind::Dns,
            format!("the host name could not be resolved: {error}"),
        ),
    }
}

fn of_handshake(error: &io::Error) -> Failure {
    let tls = causes(error)
        .into_iter()
        .find_map(|cause| cause.downcast_ref::<rustls::Error>());
    if let Some(error) = tls {
        return Failure::new(FailureKind::Tls, tls_words(error));
    }
    // TCP ends with other errors than "unexpected end", so it happened inside the handshake.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let message = "the receiver closed the connection during the TLS handshake";
        return Failure::new(FailureKind::Tls, message);
    }
    of_io(error)
        .unwrap_or_else(|| Failure::new(FailureKind::Connect, "no connection could be made"))
}

fn of_io(error: &io::Error) -> Option<Failure> {
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "the connection was reset"
        }
        io::ErrorKind::BrokenPipe => "the receiver closed the connection before an answer came",
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => "the host is unreachable",
        io::ErrorKind::TimedOut => "the connection could not be made in time",
        // The system knows many more; the stage at which it happened says enough.
        _ => return None,
    };
    Some(Failure::new(FailureKind::Connect, words))
}
