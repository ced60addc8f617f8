//! The listening server.
//!
//! Owns: building the app from the state, its bounds on connections and time, graceful stopping.
//! Refuses: choosing the address (the caller brings a bound listener, so that the port is known
//! before anything runs) and signals (the caller decides when to stop).
//!
//! # Why the parts are put together here
//! The framework's own assembly takes a socket and nothing in front of it. Refusals of its parser are
//! dressed on the stream ([`super::unparsed`]), so its three parts (a server of sockets, HTTP on a
//! stream, the app) are joined here in the way that it joins them itself.

use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpServiceBuilder, KeepAlive, Protocol};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::dev::{AppConfig, Extensions, Server, ServerHandle, ServiceFactory};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use super::connections::Connections;
use super::unparsed::Dressed;
use super::while_connected::WhileConnected;
use super::{AppState, answer};

/// Threads that serve requests.
pub const WORKERS: usize = 2;
/// Connections that the kernel may hold while all workers are full.
pub const BACKLOG_CONNECTIONS: u32 = 1024;
/// How long a closing connection may take.
pub const DISCONNECT_DEADLINE: Duration = Duration::from_secs(2);
/// Threads per worker on which handlers wait for the database.
pub const BLOCKING_THREADS_PER_WORKER: usize = 16;

/// How to serve.
pub struct ServeOptions {
    /// What handlers share.
    pub state: web::Data<AppState>,
    /// Where to listen, already bound.
    pub listener: TcpListener,
    /// How to speak TLS; absent means plain HTTP.
    pub tls: Option<rustls::ServerConfig>,
    /// How long requests under way may take to finish once [`Serving::stop`] was called.
    pub grace: Duration,
}

/// A running server.
pub struct Serving {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
    sweeping: JoinHandle<()>,
}

/// Starts serving on the current tokio runtime; the workers have threads of their own. `furnish`
/// mounts the audiences, with what they share.
///
/// # Errors
/// Where the listener cannot be used.
pub fn serve(
    options: ServeOptions,
    furnish: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Serving> {
    let limits = options.state.limits;
    let connections = Connections::default();
    let per_worker = (limits.connections_max as usize).div_ceil(WORKERS);
    let server = Server::build()
        .workers(WORKERS)
        .max_concurrent_connections(per_worker)
        .backlog(BACKLOG_CONNECTIONS)
        .worker_max_blocking_threads(BLOCKING_THREADS_PER_WORKER)
        .shutdown_timeout(options.grace.as_secs())
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let parts = Parts {
        state: options.state,
        connections: connections.clone(),
        furnish,
        stopping: move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        },
    };
    let server = match options.tls {
        Some(tls) => server.listen("https", options.listener, move || {
            encrypted(tls.clone(), parts.clone())
        })?,
        None => server.listen("http", options.listener, move || plain(parts.clone()))?,
    };
    let server = server.run();
    Ok(Serving {
        handle: server.handle(),
        task: tokio::spawn(server),
        sweeping: tokio::spawn(connections.sweep(limits.quiet_max())),
    })
}

/// What each worker builds its own app from.
#[derive(Clone)]
struct Parts<Furnish, Stopping> {
    state: web::Data<AppState>,
    connections: Connections,
    furnish: Furnish,
    /// Makes what resolves once the server begins to stop.
    stopping: Stopping,
}

/// A connection as HTTP takes it: with its protocol and the other side's address.
type Accepted<Io> = (Dressed<Io>, Protocol, Option<SocketAddr>);

/// HTTP over plain sockets.
fn plain<F, S, Stopped>(
    parts: Parts<F, S>,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    F: Fn(&mut ServiceConfig) + Clone + 'static,
    S: Fn() -> Stopped + Clone + 'static,
    Stopped: Future<Output = ()> + 'static,
{
    fn_service(async |socket: TcpStream| {
        let peer = socket.peer_addr().ok();
        Ok::<Accepted<_>, DispatchError>((Dressed::new(socket), Protocol::Http1, peer))
    })
    .and_then(http(parts, Connections::greet))
}

/// HTTP within TLS.
fn encrypted<F, S, Stopped>(
    mut tls: rustls::ServerConfig,
    parts: Parts<F, S>,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (),
    Error = TlsError<std::io::Error, DispatchError>,
    InitError = (),
>
where
    F: Fn(&mut ServiceConfig) + Clone + 'static,
    S: Fn() -> Stopped + Clone + 'static,
    Stopped: Future<Output = ()> + 'static,
{
    tls.alpn_protocols.insert(0, b"http/1.1".to_vec());
    Acceptor::new(tls)
        .map_err(TlsError::into_service_error)
        .and_then(fn_service(async |stream: TlsStream<TcpStream>| {
            let peer = stream.get_ref().0.peer_addr().ok();
            Ok((Dressed::new(stream), Protocol::Http1, peer)) as Result<Accepted<_>, _>
        }))
        .and_then(http(parts, Connections::greet_encrypted).map_err(TlsError::Service))
}

/// The app, and HTTP in front of it. `greet` takes note of a connection.
fn http<Io, F, S, Stopped>(
    parts: Parts<F, S>,
    greet: fn(&Connections, &Io, &mut Extensions),
) -> impl ServiceFactory<Accepted<Io>, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    Io: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Fn(&mut ServiceConfig) + Clone + 'static,
    S: Fn() -> Stopped + Clone + 'static,
    Stopped: Future<Output = ()> + 'static,
{
    let limits = parts.state.limits;
    let app = App::new().app_data(parts.state);
    let app = app.configure(parts.furnish).wrap(from_fn(answer::dress));
    let app = app
        .into_factory()
        .map_err(|error: Error| error.error_response());
    let app = map_config(app, |()| AppConfig::default());
    let (connections, stopping) = (parts.connections, parts.stopping);
    let build = move |app: Rc<_>| {
        let connections = connections.clone();
        HttpServiceBuilder::default()
            .graceful_shutdown_signal(stopping.clone())
            .keep_alive(KeepAlive::Timeout(limits.keep_alive))
            .client_request_timeout(limits.head_deadline)
            .client_disconnect_timeout(DISCONNECT_DEADLINE)
            .on_connect_ext(move |io: &Dressed<Io>, attached: &mut Extensions| {
                greet(&connections, io.inner(), attached);
            })
            .finish(fn_factory(move || ready(Ok::<_, ()>(Rc::clone(&app)))))
            .new_service(())
    };
    fn_factory(move || {
        let (app, build) = (app.new_service(()), build.clone());
        async move {
            let app = Rc::new(app.await?);
            Ok(WhileConnected::new(move || build(Rc::clone(&app))))
        }
    })
}

impl Serving {
    /// Stops accepting, lets requests under way finish, and returns when all have.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        self.sweeping.abort();
        if let Ok(Err(error)) = self.task.await {
            tracing::error!(%error, "the HTTP server ended with an error");
        }
    }

    /// Waits until the server has ended although nobody stopped it.
    pub async fn ended(&mut self) {
        if let Ok(Err(error)) = (&mut self.task).await {
            tracing::error!(%error, "the HTTP server ended with an error");
        }
    }
}
