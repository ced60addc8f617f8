//! The listening server.
//!
//! Owns: building the app from the state, its bounds on connections and time, graceful stopping.
//! Refuses: choosing the address (the caller brings a bound listener, so that the port is known
//! before anything runs) and signals (the caller decides when to stop).

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;

use super::connections::Connections;
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
    let state = options.state;
    let limits = state.limits;
    let connections = Connections::default();
    let greeter = connections.clone();
    let per_worker = (limits.connections_max as usize).div_ceil(WORKERS);
    let server = HttpServer::new(move || {
        let app = App::new().app_data(state.clone());
        app.configure(&furnish).wrap(from_fn(answer::dress))
    })
    .workers(WORKERS)
    .max_connections(per_worker)
    .on_connect(move |io, attached| greeter.greet(io, attached))
    .backlog(BACKLOG_CONNECTIONS)
    .worker_max_blocking_threads(BLOCKING_THREADS_PER_WORKER)
    .keep_alive(KeepAlive::Timeout(limits.keep_alive))
    .client_request_timeout(limits.head_deadline)
    .client_disconnect_timeout(DISCONNECT_DEADLINE)
    .shutdown_timeout(options.grace.as_secs())
    .disable_signals();
    let server = match options.tls {
        Some(tls) => server.listen_rustls_0_23(options.listener, tls)?,
        None => server.listen(options.listener)?,
    };
    let server = server.run();
    Ok(Serving {
        handle: server.handle(),
        task: tokio::spawn(server),
        sweeping: tokio::spawn(connections.sweep(limits.quiet_max())),
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
