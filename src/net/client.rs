//! The only outbound client.
//!
//! Owns: one POST to one target, from look-up to the last kept byte of the answer, within one
//! deadline. Refuses: following redirects, repeating, remembering cookies, decompressing, proxies
//! from the environment, and every destination that the guard refuses.
//!
//! # The deadline covers everything
//! Look-up, connection, TLS, request, head and body share the timeout. Once a head has arrived in
//! time the answer stands: a body that is too long or too slow is cut off and marked, because a
//! receiver that said 200 has the event.
//!
//! # Why literal hosts are checked again
//! The HTTP stack connects to an address in the URL without asking the resolver. So each call
//! checks it, although a [`Target`] has passed the guard before.
//!
//! # Why two inner clients
//! A resolver learns the name but not the port, and on hookpost's own listening port more is
//! refused. Targets with such a port go through a client whose resolver knows that.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Request, Response};
use tokio::time::{Instant, timeout_at};
use url::Host;

use crate::domain::outcome::FailureKind;
use crate::domain::webhook::IN_FLIGHT_MAX;
use crate::net::failure::Failure;
use crate::net::guard::{Guard, PortKind};
use crate::net::resolver::{Lookup, Lookups, ResolveError, Resolver};
use crate::net::target::{Refusal, Target};
use crate::net::tls;
use crate::net::unpooled::Unpooled;

/// How hookpost names itself to receivers.
pub const USER_AGENT: &str = concat!("hookpost/", env!("CARGO_PKG_VERSION"));

/// Headers of an answer that are kept, and their bytes together.
const REPLY_HEADERS_MAX: usize = 64;
const REPLY_HEADER_BYTES_MAX: usize = 16 * 1024;

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
    /// Unused connections kept open per receiver: as many as one webhook may have in flight, so that
    /// none is opened anew for want of a place.
    pub idle_per_host_max: usize,
    /// How long an unused connection is kept. Many servers close theirs after 5 s; closing first
    /// avoids sending into a connection that is just going away.
    pub idle_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            extra_roots_pem: None,
            lookup: Lookup::System,
            reply_body_bytes_max: 16 * 1024,
            connect_timeout: Duration::from_secs(10),
            idle_per_host_max: IN_FLIGHT_MAX as usize,
            idle_timeout: Duration::from_secs(4),
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
    /// The HTTP library refused the configuration.
    #[error("the HTTP client can't be set up: {0}")]
    Http(#[from] reqwest::Error),
}

/// One request to send.
#[derive(Debug)]
pub struct OutboundRequest<'a> {
    /// Where to.
    pub target: &'a Target,
    /// All headers but host, content-length, accept and user-agent, which the client adds.
    pub headers: HeaderMap,
    /// The bytes to send.
    pub body: Bytes,
    /// The time for the whole exchange.
    pub timeout: Duration,
}

/// What came of a request.
#[derive(Debug)]
pub struct Exchange {
    /// From the call to the last byte that was read.
    pub duration: Duration,
    /// The address that answered; for operators.
    pub remote_addr: Option<SocketAddr>,
    /// The answer, or why there was none.
    pub result: Result<Reply, Failure>,
}

/// An answer whose head arrived in time, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u16,
    /// The first 64 headers as far as they fit into 16 KiB; names in lower case, values with
    /// other bytes than UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// The body's first bytes, as sent: nothing is decompressed.
    pub body: Vec<u8>,
    /// Whether the body was longer than the cap, or did not arrive whole in time.
    pub body_truncated: bool,
}

impl Reply {
    /// The first header called `name` (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The client; a clone shares connections and look-ups.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    guard: Arc<Guard>,
    ordinary: Route,
    own_port: Route,
    unpooled: Unpooled,
    reply_body_bytes_max: usize,
}

/// A connection pool and the resolver that feeds it.
struct Route {
    http: reqwest::Client,
    /// For receivers whose connections can't be used twice.
    once: reqwest::Client,
    resolver: Resolver,
}

impl Client {
    /// Sets the client up; nothing is connected yet.
    ///
    /// # Errors
    /// Unreadable root certificates, or libraries that refuse the configuration.
    pub fn new(guard: Arc<Guard>, options: &ClientOptions) -> Result<Self, ClientError> {
        let lookups = Lookups::new(options.lookup.clone());
        let tls = tls::client_config(options.extra_roots_pem.as_deref())?;
        let route = |port| {
            let resolver = Resolver::new(Arc::clone(&guard), Arc::clone(&lookups), port);
            let client = |idle_max| http_client(options, tls.clone(), resolver.clone(), idle_max);
            Ok::<_, ClientError>(Route {
                http: client(options.idle_per_host_max)?,
                once: client(0)?,
                resolver,
            })
        };
        let ordinary = route(PortKind::Other)?;
        let own_port = route(PortKind::Own)?;
        let reply_body_bytes_max = options.reply_body_bytes_max;
        Ok(Self {
            inner: Arc::new(Inner {
                guard,
                ordinary,
                own_port,
                unpooled: Unpooled::default(),
                reply_body_bytes_max,
            }),
        })
    }

    /// Sends one POST and waits for what comes of it, at most for its timeout.
    pub async fn post(&self, request: OutboundRequest<'_>) -> Exchange {
        let started = Instant::now();
        let deadline = started + request.timeout;
        let timeout = request.timeout;
        let exchange = |remote_addr, result| Exchange {
            duration: started.elapsed(),
            remote_addr,
            result,
        };
        if let Err(refusal) = self.inner.guard.check_target(request.target) {
            return exchange(None, Err(Failure::blocked(refusal)));
        }
        let response = match timeout_at(deadline, self.send(&request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(failure)) => return exchange(None, Err(failure)),
            Err(_) => return exchange(None, Err(Failure::timeout(timeout))),
        };
        let remote_addr = response.remote_addr();
        let reply = self.read(response, deadline).await;
        exchange(remote_addr, Ok(reply))
    }

    /// Looks a target's name up, so that saving a webhook can say at once that it may not be
    /// called; takes up to 5 s. A name that can't be resolved now may be resolvable later and is no
    /// refusal.
    ///
    /// # Errors
    /// The address rule that one of the answers breaks.
    pub async fn check_destination(&self, target: &Target) -> Result<(), Refusal> {
        self.inner.guard.check_target(target)?;
        let Host::Domain(name) = target.parsed_host() else {
            return Ok(());
        };
        match self.route(target).resolver.resolve(name).await {
            Err(ResolveError::Blocked(refusal)) => Err(refusal.into()),
            Ok(_) | Err(ResolveError::Failed(_) | ResolveError::Empty | ResolveError::TimedOut) => {
                Ok(())
            }
        }
    }

    fn route(&self, target: &Target) -> &Route {
        match self.inner.guard.port_kind(target.port()) {
            PortKind::Own => &self.inner.own_port,
            PortKind::Other => &self.inner.ordinary,
        }
    }

    /// Sends on a pooled connection; what comes back as no HTTP is believed only from a new one. See
    /// `unpooled`.
    async fn send(&self, outbound: &OutboundRequest<'_>) -> Result<Response, Failure> {
        let route = self.route(outbound.target);
        let url = outbound.target.url();
        if !self.inner.unpooled.holds(url, Instant::now()) {
            match route.http.execute(request(outbound)).await {
                Ok(response) => return Ok(response),
                Err(error) => {
                    let failure = Failure::from_error(&error);
                    if failure.kind != FailureKind::Protocol {
                        return Err(failure);
                    }
                    self.inner.unpooled.remember(url, Instant::now());
                }
            }
        }
        let response = route.once.execute(request(outbound)).await;
        response.map_err(|error| Failure::from_error(&error))
    }

    async fn read(&self, mut response: Response, deadline: Instant) -> Reply {
        let status = response.status().as_u16();
        let headers = kept_headers(response.headers());
        let mut body = Vec::new();
        let whole = read_body(&mut response, &mut body, self.inner.reply_body_bytes_max);
        let body_truncated = match timeout_at(deadline, whole).await {
            Ok(BodyEnd::Whole) => false,
            Ok(BodyEnd::Cut) | Err(_) => true,
        };
        Reply {
            status,
            headers,
            body,
            body_truncated,
        }
    }
}

fn request(outbound: &OutboundRequest<'_>) -> Request {
    let mut request = Request::new(Method::POST, outbound.target.url().clone());
    *request.headers_mut() = outbound.headers.clone();
    *request.body_mut() = Some(outbound.body.clone().into());
    request
}

/// How reading a body ended.
enum BodyEnd {
    /// With its last byte.
    Whole,
    /// At the cap, or because the connection broke.
    Cut,
}

async fn read_body(response: &mut Response, body: &mut Vec<u8>, bytes_max: usize) -> BodyEnd {
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => {
                body.extend_from_slice(&chunk[..bytes_max - body.len()]);
                return BodyEnd::Cut;
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return BodyEnd::Whole,
            Err(_) => return BodyEnd::Cut,
        }
    }
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut bytes_left = REPLY_HEADER_BYTES_MAX;
    let mut kept = Vec::with_capacity(headers.len().min(REPLY_HEADERS_MAX));
    for (name, value) in headers.iter().take(REPLY_HEADERS_MAX) {
        let value = String::from_utf8_lossy(value.as_bytes());
        // Each replaced byte grows to three, so the text is measured and not the bytes.
        let Some(left) = bytes_left.checked_sub(name.as_str().len() + value.len()) else {
            continue;
        };
        bytes_left = left;
        kept.push((name.as_str().to_owned(), value.into_owned()));
    }
    kept
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the client that the rule points to"
)]
fn http_client(
    options: &ClientOptions,
    tls: rustls::ClientConfig,
    resolver: Resolver,
    idle_per_host_max: usize,
) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http1_only()
        .user_agent(HeaderValue::from_static(USER_AGENT))
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(idle_per_host_max)
        .pool_idle_timeout(options.idle_timeout)
        .tcp_nodelay(true)
        .build()
}

#[cfg(test)]
mod tests;
