//! One request to send.
//!
//! Owns: its form, and the request as it goes over the wire. Refuses: sending it (`client`).

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderValue, USER_AGENT as AGENT};
use hyper::{Method, Request};

use crate::domain::webhook::Via;
use crate::net::identity::OwnTls;
use crate::net::options::USER_AGENT;
use crate::net::sender::Sender;
use crate::net::target::TargetUrl;

/// One request to send.
#[derive(Debug)]
pub struct OutboundRequest<'a> {
    /// Whose it is.
    pub sender: Sender,
    /// How.
    pub method: Method,
    /// Where to.
    pub target: &'a TargetUrl,
    /// All headers but host, content-length, accept and user-agent, which the client adds.
    pub headers: HeaderMap,
    /// The bytes to send.
    pub body: Bytes,
    /// The time for the whole exchange.
    pub timeout: Duration,
    /// TLS of the sender's own; else what all speak.
    pub tls: Option<&'a OwnTls>,
    /// By which way.
    pub via: Via,
}

/// The request as it goes over the wire, with its client's own headers among the others.
pub(super) fn request(outbound: &OutboundRequest<'_>) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(outbound.body.clone()));
    *request.method_mut() = outbound.method.clone();
    *request.uri_mut() = outbound.target.request_uri().clone();
    *request.headers_mut() = outbound.headers.clone();
    request
}

/// Adds what the client says itself to every receiver: who sends, to whom, and that any answer will do.
pub fn add_client_headers(headers: &mut HeaderMap, host: HeaderValue) {
    headers
        .entry(ACCEPT)
        .or_insert(HeaderValue::from_static("*/*"));
    headers.insert(AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(HOST, host);
}
