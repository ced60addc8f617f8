//! The client with which the command line calls hookpost's own API.
//!
//! Owns: one call to a server that the person at the command line named. Refuses: deliveries; they
//! leave through [`super::Client`] and its guard, because tenants choose where they go. This
//! destination the operator chose, like the address of any other tool.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::options::{ClientError, USER_AGENT};
use super::tls::{self, OwnCertificates};

/// How long a call may take. Tests of webhooks wait for an attempt, so it is longer than one.
const CALL_TIMEOUT: Duration = Duration::from_secs(150);
/// The most bytes of an answer: 64 MiB, more than the largest page of a list.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is asked of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestMethod {
    /// Read.
    Get,
    /// Create, or act.
    Post,
    /// Create or replace.
    Put,
    /// Change.
    Patch,
    /// Remove.
    Delete,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The client could not be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The HTTP library refused the configuration.
    #[error("the HTTP client can't be set up: {0}")]
    Http(reqwest::Error),
    /// The server did not answer.
    #[error("no answer from {server}: {reason}")]
    Unanswered {
        /// Scheme, host and port.
        server: String,
        /// The innermost reason.
        reason: String,
    },
    /// The answer is larger than any that hookpost gives.
    #[error("the answer is larger than {REPLY_BYTES_MAX} bytes")]
    TooLarge,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct RestReply {
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Calls one server.
#[derive(Clone, Debug)]
pub struct RestClient {
    http: reqwest::Client,
    server: Url,
}

impl RestClient {
    /// A client of the server at `server`; `extra_roots_pem` are trusted besides the public roots.
    ///
    /// # Errors
    /// Where TLS or the HTTP library can't be set up.
    #[expect(
        clippy::disallowed_methods,
        reason = "the command line's calls go where its user says, not where a tenant says"
    )]
    pub fn new(server: Url, extra_roots_pem: Option<&[u8]>) -> Result<Self, RestError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(
                extra_roots_pem,
                OwnCertificates::default(),
            )?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .http1_only()
            .user_agent(HeaderValue::from_static(USER_AGENT))
            .timeout(CALL_TIMEOUT)
            .build()
            .map_err(RestError::Http)?;
        Ok(Self { http, server })
    }

    /// Calls `path`, which begins with a slash and may carry a query, with JSON if there is a body.
    ///
    /// # Errors
    /// [`RestError`] where no whole answer came. An answer with an error status is an answer.
    pub async fn call(
        &self,
        method: RestMethod,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Option<Vec<u8>>,
    ) -> Result<RestReply, RestError> {
        let method = match method {
            RestMethod::Get => Method::GET,
            RestMethod::Post => Method::POST,
            RestMethod::Put => Method::PUT,
            RestMethod::Patch => Method::PATCH,
            RestMethod::Delete => Method::DELETE,
        };
        let base = self.server.as_str().trim_end_matches('/');
        let mut request = self.http.request(method, format!("{base}{path}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let mut response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failed(&error))?
        {
            if body.len() + chunk.len() > REPLY_BYTES_MAX {
                return Err(RestError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RestReply { status, body })
    }

    /// The outer layers of such an error repeat the URL; the innermost says what went wrong.
    fn failed(&self, error: &reqwest::Error) -> RestError {
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        RestError::Unanswered {
            server: self.server.origin().ascii_serialization(),
            reason: innermost.to_string(),
        }
    }
}
