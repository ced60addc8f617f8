//! hookpost put together, and its life from start to stop.
//!
//! Owns: the order in which the parts are made and ended, signals, the process's limits. Refuses:
//! everything that a part can decide for itself.
//!
//! # The order of ending
//! ```text
//! stop accepting requests ─┐
//! start no more attempts  ─┴► wait for both, for the grace at most ► close the store ► exit 0
//! ```
//! Whatever was accepted is in the database; whatever was abandoned is still due there. So the
//! grace only saves receivers from requests that they see twice.
//!
//! # What is read again while it runs
//! SIGHUP has the wire profiles' files read again, and the configuration for its log level. Whatever
//! makes no sense changes nothing and is logged. hookpost's own certificate needs no signal: its files
//! are looked at all the time (`tls`). Every other option is in force from start to end.
//!
//! # Two runtimes
//! Requests are served by actix's workers, deliveries are attempted by the engine's own threads: a
//! burst on one side does not hold up the other.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use anyhow::{Context, bail};
use http::http_options;
use signals::Asked;
use tls::Certificate;
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

use crate::admin::socket;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::console::{Desk, SharedDesk};
use crate::engine::alert::AlertWays;
use crate::engine::{Engine, EngineParts};
use crate::net::{Client, Guard};
use crate::service::housekeeping::Housekeeper;
use crate::service::people::MfaDemand;
use crate::service::profile_files::load_files;
use crate::service::worker::Worker;
use crate::service::{Service, ServiceOptions, ServiceParts};
use crate::store::{OpenOptions, Store};
use crate::telemetry;
use crate::web::{AppState, ServeOptions, Serving, serve};

mod audiences;
mod descriptors;
mod http;
mod listener;
mod outward;
mod signals;
mod supervisor;
mod tls;
mod traces;

pub use audiences::audiences;

/// Where in the data directory an operator keeps wire profiles of their own.
const PROFILES_DIR: &str = "profiles";
/// Threads that attempt deliveries, at most.
const ENGINE_THREADS_MAX: usize = 4;

/// Whether a service moves deliveries or leaves that to the next server.
#[derive(Clone, Copy, Debug)]
enum Sending<'a> {
    /// The engine runs there.
    On(&'a Handle),
    /// Nothing is attempted.
    Off(&'a Handle),
}

/// What the end of a terminal (SIGHUP) means.
pub enum Hangup {
    /// Read again what can be read again; this is how the configuration is read.
    Reload(Box<dyn Fn() -> Result<Config, ConfigError>>),
    /// Stop.
    Stop,
}

/// A running hookpost.
pub struct App {
    service: Service,
    store: Store,
    serving: Serving,
    desk: SharedDesk,
    control: socket::Control,
    worker: Worker,
    housekeeper: Housekeeper,
    threads: EngineThreads,
    /// Puts renewed certificates in force.
    renewing: Option<JoinHandle<()>>,
    exporter: Option<traces::Exporter>,
    grace: Duration,
    profiles_dir: PathBuf,
    url: String,
}

/// The store and the actions on it, for a command on a data directory that no server runs on.
///
/// # Errors
/// Where the directory can't be opened, or the configuration can't be used.
pub fn open_at_rest(config: &Config, runtime: &Handle) -> anyhow::Result<Service> {
    open(config, Sending::Off(runtime), Clock::System)
}

/// As [`open_at_rest`], but deliveries move, by the time of `clock`: how a past is lived before a
/// server starts. Whoever opens it stops its engine and closes its store.
pub fn open_in_time(config: &Config, runtime: &Handle, clock: Clock) -> anyhow::Result<Service> {
    open(config, Sending::On(runtime), clock)
}

fn open(config: &Config, sending: Sending<'_>, clock: Clock) -> anyhow::Result<Service> {
    let store = open_store(config, clock)?;
    let guard = Arc::new(outward::guard(config));
    assemble(config, store, guard, sending, Arc::default())
}

fn open_store(config: &Config, clock: Clock) -> anyhow::Result<Store> {
    let options = OpenOptions {
        data_dir: config.data_dir.clone(),
        key: config.master_key.clone(),
        clock,
    };
    let store = Store::open(&options)?;
    load_files(&store, &config.data_dir.join(PROFILES_DIR))
        .context("a wire profile's file can't be used")?;
    Ok(store)
}

fn assemble(
    config: &Config,
    store: Store,
    guard: Arc<Guard>,
    sending: Sending<'_>,
    alerts: Arc<AlertWays>,
) -> anyhow::Result<Service> {
    let client = Client::new(Arc::clone(&guard), &outward::client_options(config)?)?;
    let engine_parts = EngineParts {
        store: store.clone(),
        client: client.clone(),
        guard: Arc::clone(&guard),
        clock: store.clock().clone(),
        in_flight_max: descriptors::shares().bound_attempts(config.max_in_flight),
        alerts,
    };
    let engine = match sending {
        Sending::On(runtime) => Engine::start(engine_parts, runtime)?,
        Sending::Off(runtime) => Engine::at_rest(engine_parts, runtime),
    };
    let options = ServiceOptions {
        event_data_bytes_max: config.event_data_bytes_max,
        batch_events_max: config.batch_events_max as usize,
        retain_delivered: config.retention_delivered,
        retain_exhausted: config.retention_exhausted,
        tests_per_minute: config.tests_per_minute,
        mfa: match config.require_mfa {
            true => MfaDemand::Everybody,
            false => MfaDemand::Nobody,
        },
    };
    Ok(Service::new(ServiceParts {
        store,
        engine,
        client,
        guard,
        options,
    }))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The engine's own threads.
struct EngineThreads(Option<Runtime>);

impl EngineThreads {
    /// Half as many as the machine has processors: the others publish and store meanwhile, and threads that
    /// wake each other for every delivery are slower than one that has them all.
    fn start() -> std::io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads((processors / 2).clamp(1, ENGINE_THREADS_MAX))
            .thread_name("engine")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> &Handle {
        let runtime = self
            .0
            .as_ref()
            .expect("the runtime is only taken when dropped");
        runtime.handle()
    }
}

impl Drop for EngineThreads {
    /// A runtime must not be waited for on a thread that serves another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs hookpost until a signal ends it. `ready` is told where it listens once it does.
///
/// # Errors
/// Where it can't start, or ends although nobody asked it to.
pub fn run(
    config: &Config,
    hangup: &Hangup,
    ready: impl AsyncFnOnce(&App) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    descriptors::raise();
    let mut signals = signals::Signals::listen()?;
    actix_web::rt::System::new().block_on(async {
        let mut app = App::start(config)?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            url = app.url(),
            data_dir = %config.data_dir.display(),
            paused = app.is_paused(),
            egress_proxy = config.egress_proxy.as_ref().map(ToString::to_string),
            "started"
        );
        let ended = match ready(&app).await {
            Ok(()) => {
                supervisor::ready(app.url(), app.vitals());
                let ended = app.ended(&mut signals, hangup).await;
                supervisor::stopping();
                ended
            }
            Err(error) => Err(error),
        };
        app.stop().await;
        ended
    })
}

impl App {
    /// Starts everything on the current actix system.
    ///
    /// # Errors
    /// Where the directory is in use, the port taken, or the configuration can't be used.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        let store = open_store(config, Clock::System)?;
        let listener = listener::listen(&config.listen)
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let guard = Arc::new(outward::guard(config));
        guard.set_own_ports(vec![address.port()]);
        let certificate = config.tls.as_ref().map(Certificate::read).transpose()?;
        let tls = certificate.as_ref().map(Certificate::server_config);
        let tls = tls.transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let threads = EngineThreads::start()?;
        let sending = Sending::On(threads.handle());
        let alerts = outward::ways(config, scheme, address)?;
        let service = assemble(config, store.clone(), guard, sending, alerts)?;
        let exporter = traces::Exporter::start(config, threads.handle())?;
        let worker = Worker::start(&service, threads.handle());
        let housekeeper = Housekeeper::start(&service, threads.handle());
        let control = socket::serve(&config.data_dir, service.clone())?;
        let desk = SharedDesk::new(Desk::new(&service));
        let options = ServeOptions {
            state: web::Data::new(AppState::new(service.clone(), http_options(config))),
            listener,
            tls,
            grace: config.shutdown_grace,
        };
        let serving = serve(options, audiences(desk.clone()))?;
        Ok(Self {
            service,
            store,
            serving,
            desk,
            control,
            worker,
            housekeeper,
            threads,
            renewing: certificate.map(Certificate::keep_fresh),
            exporter,
            grace: config.shutdown_grace,
            profiles_dir: config.data_dir.join(PROFILES_DIR),
            url: format!("{scheme}://{address}"),
        })
    }

    /// Where it listens: scheme, address and real port.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether sending waits for `hookpost resume`.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.service.engine().status().paused
    }

    /// The actions.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    fn vitals(&self) -> supervisor::Vitals {
        supervisor::Vitals {
            store: self.store.clone(),
            engine: self.service.engine().clone(),
        }
    }

    /// Waits for a signal that ends it, or for an end that nobody asked for.
    async fn ended(
        &mut self,
        signals: &mut signals::Signals,
        hangup: &Hangup,
    ) -> anyhow::Result<()> {
        loop {
            let asked = tokio::select! {
                asked = signals.next() => asked,
                () = self.serving.ended() => bail!("the HTTP server ended by itself"),
                () = self.service.engine().ended() => bail!("the engine ended by itself"),
            };
            let signal = match (asked, hangup) {
                (Asked::Reload, Hangup::Reload(read)) => {
                    self.reload(read()).await;
                    continue;
                }
                (Asked::Reload, Hangup::Stop) => "SIGHUP",
                (Asked::Stop(signal), _) => signal,
            };
            tracing::info!(signal, "stopping");
            return Ok(());
        }
    }

    /// Reads again what can be read again. See the module's head.
    async fn reload(&self, config: Result<Config, ConfigError>) {
        match config {
            Ok(config) => telemetry::set_level(config.log),
            Err(error) => tracing::warn!(%error, "the log level stays as it is"),
        }
        let (store, dir) = (self.store.clone(), self.profiles_dir.clone());
        let loaded = tokio::task::spawn_blocking(move || load_files(&store, &dir)).await;
        match loaded {
            Ok(Ok(())) => tracing::info!("the profiles' files and the log level were read again"),
            Ok(Err(error)) => tracing::warn!(%error, "the wire profiles stay as they are"),
            Err(error) => tracing::error!(%error, "the profiles' files were not read"),
        }
    }

    /// Ends everything in order. See the module's head.
    pub async fn stop(self) {
        self.control.stop();
        if let Some(renewing) = &self.renewing {
            renewing.abort();
        }
        self.worker.stop();
        self.housekeeper.stop();
        // Streams would last until the grace is over.
        self.desk.live.close();
        self.service.end_polls();
        let engine = self.service.engine().clone();
        let (abandoned, ()) = tokio::join!(engine.stop(self.grace), self.serving.stop());
        if abandoned > 0 {
            tracing::warn!(
                abandoned,
                "attempts were cut off; they are repeated after the start"
            );
        }
        if let Some(exporter) = self.exporter {
            exporter.stop().await;
        }
        self.store.close();
        drop(self.threads);
        tracing::info!("stopped");
    }
}

#[cfg(test)]
mod tests;
