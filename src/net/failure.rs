//! From a client's error to a kind and words that a person understands.
//!
//! Owns: reading the chain of causes. Refuses: passing on the causes' own text where it could hold
//! a resolved address; tenants read these words.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::domain::outcome::FailureKind;
use crate::domain::time::format_duration;
use crate::net::address::AddressRefusal;
use crate::net::resolver::ResolveError;

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

    /// Reads an error of the HTTP client.
    pub(super) fn from_error(error: &reqwest::Error) -> Self {
        causes(error)
            .into_iter()
            .find_map(known_cause)
            .unwrap_or_else(|| from_stage(error))
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

fn known_cause(cause: &(dyn Error + 'static)) -> Option<Failure> {
    if let Some(error) = cause.downcast_ref::<ResolveError>() {
        return Some(from_resolver(error));
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(Failure::new(FailureKind::Tls, tls_words(error)));
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return from_http(error);
    }
    // One that wraps another error is only its envelope; the letter comes next.
    cause
        .downcast_ref::<io::Error>()
        .filter(|error| error.get_ref().is_none())
        .and_then(from_io)
}

fn from_resolver(error: &ResolveError) -> Failure {
    match error {
        ResolveError::Blocked(refusal) => Failure::blocked(*refusal),
        ResolveError::Failed(_) | ResolveError::Empty | ResolveError::TimedOut => Failure::new(
            FailureKind::Dns,
            format!("the host name could not be resolved: {error}"),
        ),
    }
}

fn from_http(error: &hyper::Error) -> Option<Failure> {
    if error.is_parse() {
        // hyper's words name the rule that was broken and quote nothing.
        let message = format!("the answer is not acceptable HTTP: {error}");
        return Some(Failure::new(FailureKind::Protocol, message));
    }
    if error.is_incomplete_message() {
        let message = "the receiver closed the connection before an answer came";
        return Some(Failure::new(FailureKind::Connect, message));
    }
    None
}

/// rustls quotes the names and addresses in a certificate. They describe whatever machine was
/// reached, so they are left out.
fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as C;
    let words = match error {
        rustls::Error::InvalidCertificate(error) => match error {
            C::Expired | C::ExpiredContext { .. } => "the certificate has expired",
            C::NotValidYet | C::NotValidYetContext { .. } => "the certificate is not valid yet",
            C::UnknownIssuer => "the certificate comes from an unknown authority",
            C::NotValidForName | C::NotValidForNameContext { .. } => {
                "the certificate is for another name"
            }
            C::Revoked => "the certificate was revoked",
            // The enum is open; what is left is broken in ways that only its owner can mend.
            _ => "the certificate is not valid",
        },
        rustls::Error::InvalidMessage(_) => "the receiver does not speak TLS",
        rustls::Error::AlertReceived(alert) => {
            return format!("the TLS connection failed: the receiver said {alert:?}");
        }
        // The enum is open here too.
        _ => "the handshake broke TLS's rules",
    };
    format!("the TLS connection failed: {words}")
}

fn from_io(error: &io::Error) -> Option<Failure> {
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "the connection was reset"
        }
        io::ErrorKind::BrokenPipe => "the receiver closed the connection before an answer came",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "the host is unreachable"
        }
        io::ErrorKind::TimedOut => "the connection could not be made in time",
        // The system knows many more; the stage at which it happened says enough.
        _ => return None,
    };
    Some(Failure::new(FailureKind::Connect, words))
}

/// No cause is known by name: what was the client doing?
fn from_stage(error: &reqwest::Error) -> Failure {
    let is_https = error.url().is_some_and(|url| url.scheme() == "https");
    let has_eof = causes(error).into_iter().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
    });
    if error.is_timeout() {
        return Failure::new(
            FailureKind::Timeout,
            "the connection could not be made in time",
        );
    }
    // TCP ends with other errors than "unexpected end", so it happened inside the handshake.
    if error.is_connect() && is_https && has_eof {
        let message = "the receiver closed the connection during the TLS handshake";
        return Failure::new(FailureKind::Tls, message);
    }
    if error.is_connect() {
        return Failure::new(FailureKind::Connect, "no connection could be made");
    }
    Failure::new(
        FailureKind::Protocol,
        "the exchange broke off before an answer came",
    )
}
