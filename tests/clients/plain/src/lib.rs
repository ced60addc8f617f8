//! What `hyper-tls` offers, without TLS: the walk talks to loopback.
//!
//! Owns: the one type by which the client of crates.io wraps its connector. Refuses: encrypting.
//!
//! # Why this stands in its place
//! Without any TLS the published client does not compile, and with one it brings a second TLS stack
//! that takes longer to build than everything else here and is never used.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// A stream that is never encrypted.
pub type MaybeHttpsStream<T> = T;

/// A connector that never encrypts.
#[derive(Clone, Debug)]
pub struct HttpsConnector<H>(H);

impl<H> HttpsConnector<H> {
    /// Connects as `http` does.
    pub fn new_with_connector(http: H) -> Self {
        Self(http)
    }
}

impl<H> Service<Uri> for HttpsConnector<H>
where
    H: Service<Uri>,
    H::Error: Into<BoxError>,
    H::Future: Send + 'static,
{
    type Response = H::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<H::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, place: Uri) -> Self::Future {
        let connecting = self.0.call(place);
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}
