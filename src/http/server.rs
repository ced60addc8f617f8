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
use actix_web::{App, HttpServer, web};
use tokio::task::JoinHandle;

use super::{AppState, answer, routes};

/// Threads that serve requests.
pub const WORKERS: usize = 2;
/// Connections that one worker holds at once.
pub const CONNECTIONS_PER_WORKER_MAX: usize = 1024;
/// Connections that the kernel may hold while all workers are full.
pub const BACKLOG_CONNECTIONS: u32 = 1024;
/// How long an idle connection is kept open.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a request's head may take to arrive.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(10);
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
    state: web::Data<AppState>,
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

/// Starts serving on the current tokio runtime; the workers have threads of their own.
///
/// # Errors
/// Where the listener cannot be used.
pub fn serve(options: ServeOptions) -> std::io::Result<Serving> {
    let state = options.state;
    let served = state.clone();
    let server = HttpServer::new(move || {
        routes::mount(App::new().app_data(served.clone())).wrap(from_fn(answer::dress))
    })
    .workers(WORKERS)
    .max_connections(CONNECTIONS_PER_WORKER_MAX)
    .backlog(BACKLOG_CONNECTIONS)
    .worker_max_blocking_threads(BLOCKING_THREADS_PER_WORKER)
    .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
    .client_request_timeout(HEAD_DEADLINE)
    .client_disconnect_timeout(DISCONNECT_DEADLINE)
    .shutdown_timeout(options.grace.as_secs())
    .disable_signals();
    let server = match options.tls {
        Some(tls) => server.listen_rustls_0_23(options.listener, tls)?,
        None => server.listen(options.listener)?,
    };
    let server = server.run();
    Ok(Serving {
        state,
        handle: server.handle(),
        task: tokio::spawn(server),
    })
}

impl Serving {
    /// Stops accepting, lets requests under way finish, and returns when all have.
    pub async fn stop(self) {
        // Streams would last until the grace is over.
        self.state.live.close();
        self.handle.stop(true).await;
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
