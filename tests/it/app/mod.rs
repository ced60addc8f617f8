//! hookpost as the tests start it: everything real, in one process, in a directory of its own.

mod call;

use std::collections::HashMap;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use actix_web::web;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use hookpost::app::audiences;
use hookpost::clock::Clock;
use hookpost::console::{Desk, SharedDesk};
use hookpost::domain::api_key::{NewKey, Scope, Scopes};
use hookpost::domain::id::WorkspaceId;
use hookpost::engine::alert::{AlertWays, Pages};
use hookpost::engine::{Engine, EngineParts, IN_FLIGHT_DEFAULT};
use hookpost::entropy;
use hookpost::net::{
    Client, ClientOptions, EgressProxy, Guard, GuardOptions, Lookup, OwnAddresses, ResolveError,
};
use hookpost::service::worker::Worker;
use hookpost::service::{Service, ServiceOptions, ServiceParts};
use hookpost::store::keys;
use hookpost::store::vault::KeySource;
use hookpost::store::workspaces;
use hookpost::store::{OpenError, OpenOptions, Read, Store, StoreError};
use hookpost::web::{AppState, HttpOptions, ServeOptions, Serving, serve};
use reqwest::{Method, StatusCode};
use serde_json::Value;

pub use call::{Answer, Call};

/// Text of so many bytes, but for up to 63 more, in which nothing repeats itself: it takes as much room where it
/// is stored.
pub fn noise(bytes: usize) -> String {
    let part = |_| BASE64_URL_SAFE.encode(entropy::bytes::<48>());
    (0..bytes.div_ceil(64)).map(part).collect()
}

/// How long tests wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A name that leads to a private address.
pub const NAMES_A_PRIVATE_ADDRESS: &str = "inside.example.com";
/// A name that begins so, and goes on with a number, leads to loopback as often as that, and to a
/// private address from then on.
pub const TURNS_AFTER: &str = "turns-after-";

/// A running hookpost and a key of its instance.
pub struct TestApp {
    pub store: Store,
    pub service: Service,
    pub base: String,
    /// A key with the scope `admin`.
    pub admin: String,
    http: reqwest::Client,
    desk: SharedDesk,
    serving: Option<Serving>,
    worker: Option<Worker>,
    dir: Option<tempfile::TempDir>,
}

impl TestApp {
    /// On an empty directory, with the machine's clock. Loopback receivers may be called.
    pub async fn start() -> Self {
        Self::start_at(Clock::System).await
    }

    /// As [`TestApp::start`], with a clock that the test moves.
    pub async fn start_at(clock: Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::start_in(dir, clock).await
    }

    /// As [`TestApp::start`], as the operator wants it.
    pub async fn start_as(http: HttpOptions, service: ServiceOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::start_with(dir, Clock::System, http, service, None).await
    }

    /// As [`TestApp::start`], behind a proxy.
    pub async fn start_behind(proxy: EgressProxy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (http, service) = (HttpOptions::default(), ServiceOptions::default());
        Self::start_with(dir, Clock::System, http, service, Some(proxy)).await
    }

    async fn start_in(dir: tempfile::TempDir, clock: Clock) -> Self {
        Self::start_with(
            dir,
            clock,
            HttpOptions::default(),
            ServiceOptions::default(),
            None,
        )
        .await
    }

    async fn start_with(
        dir: tempfile::TempDir,
        clock: Clock,
        http: HttpOptions,
        options: ServiceOptions,
        egress: Option<EgressProxy>,
    ) -> Self {
        install_crypto();
        let store = open(dir.path(), clock.clone()).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let service = service(&store, clock, address.port(), options, egress);
        let state = web::Data::new(AppState::new(service.clone(), http));
        let desk = SharedDesk::new(Desk::new(&service));
        let options = ServeOptions {
            state,
            listener,
            tls: None,
            grace: Duration::from_secs(5),
        };
        let serving = serve(options, audiences(desk.clone())).unwrap();
        let admin = key(&store, None, Scopes::admin()).await;
        Self {
            worker: Some(Worker::start(&service, &tokio::runtime::Handle::current())),
            store,
            service,
            base: format!("http://{address}"),
            admin,
            http: http_client(),
            desk,
            serving: Some(serving),
            dir: Some(dir),
        }
    }

    /// Stops everything and starts it again on the same directory.
    pub async fn restart(mut self, clock: Clock) -> Self {
        self.stop().await;
        let dir = self.dir.take().unwrap();
        drop(self);
        Self::start_in(dir, clock).await
    }

    /// Stops serving, sending and writing, in that order.
    pub async fn stop(&mut self) {
        self.desk.live.close();
        self.service.end_polls();
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
        self.worker = None;
        self.service.engine().stop(Duration::from_secs(5)).await;
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.close())
            .await
            .unwrap();
    }

    /// Where it keeps its files.
    pub fn dir(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    /// Leaves bulk work where it is until [`TestApp::work_on`].
    pub fn rest(&mut self) {
        self.worker = None;
    }

    /// Goes on with bulk work.
    pub fn work_on(&mut self) {
        let runtime = tokio::runtime::Handle::current();
        self.worker = Some(Worker::start(&self.service, &runtime));
    }

    /// A new key of the default workspace.
    pub async fn key(&self, scopes: &[Scope]) -> String {
        let workspace = self.default_workspace();
        key(
            &self.store,
            Some(workspace),
            scopes.iter().copied().collect(),
        )
        .await
    }

    /// The workspace called `default`.
    pub fn default_workspace(&self) -> WorkspaceId {
        let named = |conn: &Read<'_>| workspaces::find_named(conn, workspaces::DEFAULT_NAME);
        self.store.read_blocking(named).unwrap().unwrap().id
    }

    /// A request with the admin key. `path` begins with a slash.
    pub fn call(&self, method: Method, path: &str) -> Call {
        self.anonymous(method, path).bearer(&self.admin)
    }

    /// A request without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> Call {
        let url = format!("{}{path}", self.base);
        Call {
            request: self.http.request(method, url),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path).json(body).send().await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path).json(body).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// Asks for `path` until its answer satisfies `done`; fails with the last answer after
    /// [`PATIENCE`].
    pub async fn poll(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        eventually(async || {
            let answer = self.get(path).await.json(StatusCode::OK);
            if done(&answer) {
                Ok(answer)
            } else {
                Err(answer)
            }
        })
        .await
    }
}

/// Looks until there is what is looked for; fails with what was seen last after [`PATIENCE`].
pub async fn eventually<T, S: std::fmt::Display>(look: impl AsyncFn() -> Result<T, S>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(tokio::time::Instant::now() < deadline, "{seen:#}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Opens the data directory; the threads of an app that was just stopped may hold it a moment.
async fn open(dir: &Path, clock: Clock) -> Store {
    let options = OpenOptions {
        data_dir: dir.join("data"),
        key: KeySource::File(dir.join("master.key")),
        clock,
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match Store::open(&options) {
            Err(OpenError::Locked { .. }) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => return opened.unwrap(),
        }
    }
}

fn service(
    store: &Store,
    clock: Clock,
    own_port: u16,
    options: ServiceOptions,
    egress: Option<EgressProxy>,
) -> Service {
    let guard = Arc::new(Guard::new(GuardOptions {
        allow_http: true,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        own: OwnAddresses::Listed(Vec::new()),
    }));
    guard.set_own_ports(vec![own_port]);
    // No test asks the world's name servers for anything.
    let client_options = ClientOptions {
        lookup: Lookup::Scripted(Arc::new(names())),
        egress,
        ..ClientOptions::default()
    };
    let client = Client::new(Arc::clone(&guard), &client_options).unwrap();
    let engine_parts = EngineParts {
        store: store.clone(),
        client: client.clone(),
        guard: Arc::clone(&guard),
        clock,
        in_flight_max: IN_FLIGHT_DEFAULT,
        alerts: Arc::new(AlertWays {
            pages: Pages::at("https://hooks.example.com"),
            mailer: None,
        }),
    };
    let engine = Engine::start(engine_parts, &tokio::runtime::Handle::current()).unwrap();
    Service::new(ServiceParts {
        store: store.clone(),
        engine,
        client,
        guard,
        options,
    })
}

/// What names mean: those for tests are this machine's; some lead to a private address, or do so
/// once they were looked up a few times.
fn names() -> impl Fn(&str) -> Result<Vec<IpAddr>, ResolveError> + Send + Sync {
    let asked: Mutex<HashMap<String, usize>> = Mutex::default();
    move |name| {
        let first = name.split('.').next().unwrap_or_default();
        let good_times = first.strip_prefix(TURNS_AFTER);
        let address = match good_times.map(|count| count.parse::<usize>().unwrap()) {
            Some(count) => {
                let mut asked = asked.lock().unwrap();
                let times = asked.entry(name.to_owned()).or_default();
                *times += 1;
                match *times <= count {
                    true => "127.0.0.1",
                    false => "10.77.0.1",
                }
            }
            None if name == NAMES_A_PRIVATE_ADDRESS => "10.77.0.1",
            None if name.ends_with(".test") => "127.0.0.1",
            None => "93.184.215.14",
        };
        Ok(vec![address.parse().unwrap()])
    }
}

async fn key(store: &Store, workspace: Option<WorkspaceId>, scopes: Scopes) -> String {
    let new = NewKey {
        workspace,
        consumer: None,
        name: "test".to_owned(),
        scopes,
        rate_limit: None,
    };
    let made = store
        .write(move |tx| {
            let (_, token) = keys::insert(tx, &new, entropy::bytes())?;
            Ok::<_, StoreError>(token.expose().to_owned())
        })
        .await;
    made.unwrap()
}

fn install_crypto() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is somebody else's client, not hookpost's way out"
)]
pub fn http_client() -> reqwest::Client {
    install_crypto();
    let builder = reqwest::Client::builder().no_proxy();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
