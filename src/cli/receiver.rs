//! A receiver of deliveries for people's own machines: behind `listen` and `demo`.
//!
//! Owns: accepting requests on loopback, reading them within bounds, answering as it was told.
//! Refuses: other interfaces; it is a tool for looking, not a server.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context;

/// The most bytes of a body that are kept: 16 MiB.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Received {
    /// Such as `POST`.
    pub(super) method: String,
    /// Path and query.
    pub(super) path: String,
    /// Names and values in the order of arrival.
    pub(super) headers: Vec<(String, String)>,
    /// The body's bytes.
    pub(super) body: Vec<u8>,
}

impl Received {
    /// The value of the header `name`.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceiverReply {
    /// The status, from 200 to 599.
    pub(super) status: u16,
    /// How long to wait before.
    pub(super) delay: Duration,
}

/// What looks at each request and says how to answer it.
pub(super) type Judge = Arc<dyn Fn(Received) -> ReceiverReply + Send + Sync>;

/// Starts a receiver on `port` of loopback (0 picks one), and says where it is.
///
/// # Errors
/// Where the port is taken or may not be used.
pub(super) fn start(port: u16, judge: Judge) -> anyhow::Result<(SocketAddr, Server)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(Arc::clone(&judge)))
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .default_service(web::to(receive))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    Ok((address, server))
}

async fn receive(request: HttpRequest, body: web::Bytes, judge: web::Data<Judge>) -> HttpResponse {
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let reply = judge(Received {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: headers.collect(),
        body: body.to_vec(),
    });
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status).body(match status.is_success() {
        true => "received\n",
        false => "refused, as asked\n",
    })
}
