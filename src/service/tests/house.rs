//! Everything below HTTP, started and stopped as the process does it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::PATIENCE;
use crate::clock::Clock;
use crate::domain::delivery::{Delivery, DeliveryFilter, Status};
use crate::domain::event::StoredEvent;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::job::{Job, JobStatus};
use crate::domain::page::{Cursor, Limit, Order, Page};
use crate::domain::webhook::Webhook;
use crate::domain::workspace::Plan;
use crate::engine::alert::{AlertWays, Pages};
use crate::engine::{Engine, EngineParts};
use crate::net::{Client, ClientOptions, Guard, GuardOptions};
use crate::service::events::{EventListing, PublishInput, Published};
use crate::service::webhooks::{CustomRetry, Registered, RetryInput, WebhookInput};
use crate::service::worker::Worker;
use crate::service::{
    Actor, Caller, Done, Idempotency, Refusal, Service, ServiceOptions, ServiceParts,
};
use crate::store::vault::KeySource;
use crate::store::{OpenError, OpenOptions, Read, Store, StoreError, workspaces};

pub(super) struct House {
    pub(super) service: Service,
    pub(super) caller: Caller,
    worker: Option<Worker>,
    clock: Clock,
    changed: Arc<Notify>,
    dir: tempfile::TempDir,
}

impl House {
    /// On an empty directory, with the machine's clock.
    pub(super) fn start() -> Self {
        Self::start_at(Clock::System)
    }

    /// As [`House::start`], but background work is left to the test.
    pub(super) fn start_without_worker() -> Self {
        Self {
            worker: None,
            ..Self::start()
        }
    }

    /// As [`House::start`], with a clock that the test moves.
    pub(super) fn start_at(clock: Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&options(&dir, &clock)).unwrap();
        Self::start_on(&store, dir, clock)
    }

    fn start_on(store: &Store, dir: tempfile::TempDir, clock: Clock) -> Self {
        let service = service(store, &clock);
        let workspace = store
            .read_blocking(|conn| workspaces::find_named(conn, workspaces::DEFAULT_NAME))
            .unwrap()
            .unwrap();
        let changed = Arc::new(Notify::new());
        let teller = Arc::clone(&changed);
        store.on_commit(move |_| teller.notify_waiters());
        Self {
            worker: Some(Worker::start(&service, &Handle::current())),
            service,
            caller: Caller {
                workspace: workspace.id,
                plan: Plan::Pro,
                consumer: None,
                actor: Actor::Cli,
            },
            clock,
            changed,
            dir,
        }
    }

    /// Stops everything and starts it again on the same directory.
    pub(super) async fn restart(self) -> Self {
        self.restart_after(|_| ()).await
    }

    /// As [`House::restart`], with something that happens to the clock while nothing runs.
    pub(super) async fn restart_after(self, meanwhile: impl FnOnce(&Clock)) -> Self {
        let Self {
            service,
            worker,
            clock,
            dir,
            ..
        } = self;
        drop(worker);
        service.engine().stop(Duration::from_secs(5)).await;
        let store = service.store().clone();
        tokio::task::spawn_blocking(move || store.close())
            .await
            .unwrap();
        drop(service);
        meanwhile(&clock);
        let store = reopened(&options(&dir, &clock)).await;
        Self::start_on(&store, dir, clock)
    }

    /// As [`House::restart`], with something that happens to the database while nothing runs.
    pub(super) async fn restart_tampered(self, sql: &'static str) -> Self {
        let database = self.database();
        self.restart_after(|_| {
            let conn = rusqlite::Connection::open(database).unwrap();
            assert_eq!(conn.execute(sql, []).unwrap(), 1);
        })
        .await
    }

    /// The file of the database.
    pub(super) fn database(&self) -> std::path::PathBuf {
        let data_dir = options(&self.dir, &self.clock).data_dir;
        data_dir.join(crate::store::DATABASE_FILE)
    }

    /// Waits until `found` finds something, looking again after every commit.
    pub(super) async fn until<T, F: Future<Output = Option<T>>>(
        &self,
        mut found: impl FnMut() -> F,
    ) -> T {
        let waited = async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if let Some(found) = found().await {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.unwrap()
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Read<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.service.store().read(read).await.unwrap()
    }

    /// A page of events of any type.
    pub(super) async fn events(
        &self,
        order: Order,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Page<StoredEvent> {
        let listing = EventListing {
            order,
            cursor,
            ..EventListing::default()
        };
        let found = self.service.events(&self.caller, None, listing, limit);
        found.await.unwrap()
    }

    pub(super) async fn number(&self, sql: &'static str) -> i64 {
        self.read(move |conn| Ok(conn.connection().query_row(sql, [], |row| row.get(0))?))
            .await
    }

    /// A webhook for `score.*` with exact delays.
    pub(super) async fn webhook(&self, url: &str, delays: &[&str]) -> Registered {
        self.webhook_with(url, delays, WebhookInput::default())
            .await
    }

    /// As [`House::webhook`], with more properties.
    pub(super) async fn webhook_with(
        &self,
        url: &str,
        delays: &[&str],
        more: WebhookInput,
    ) -> Registered {
        let input = WebhookInput {
            url: Some(url.to_owned()),
            event_types: Some(vec!["score.*".to_owned()]),
            retry_policy: Some(Some(exact(delays))),
            ..more
        };
        let done = self
            .service
            .create_webhook(&self.caller, input, Idempotency::unkeyed())
            .await;
        fresh(done.unwrap())
    }

    /// Holds a webhook.
    pub(super) async fn disable(&self, id: WebhookId) -> Webhook {
        let done = self.service.disable_webhook(&self.caller, id).await;
        done.unwrap()
    }

    /// Lets a webhook take part again.
    pub(super) async fn enable(&self, id: WebhookId) -> Webhook {
        let done = self.service.enable_webhook(&self.caller, id).await;
        done.unwrap()
    }

    /// Publishes `{"number": number}`.
    pub(super) async fn publish(&self, number: u64) -> Published {
        let input = numbered(number);
        let done = self
            .service
            .publish(&self.caller, input, Idempotency::unkeyed())
            .await;
        fresh(done.unwrap())
    }

    /// Publishes the numbers from 0.
    pub(super) async fn publish_many(&self, count: u64) {
        for from in (0..count).step_by(1000) {
            let inputs = (from..count.min(from + 1000)).map(|number| Ok(numbered(number)));
            let done = self
                .service
                .publish_batch(&self.caller, inputs.collect(), Idempotency::unkeyed())
                .await;
            for result in fresh(done.unwrap()) {
                result.unwrap();
            }
        }
    }

    pub(super) fn filter(&self) -> DeliveryFilter {
        DeliveryFilter {
            workspace_seq: self.caller.workspace.seq(),
            ..DeliveryFilter::default()
        }
    }

    pub(super) fn filter_of(&self, webhook: WebhookId) -> DeliveryFilter {
        DeliveryFilter {
            webhook_seq: Some(webhook.seq()),
            ..self.filter()
        }
    }

    /// The newest deliveries, newest first; at most 250.
    pub(super) async fn deliveries(&self) -> Vec<Delivery> {
        let page = self
            .service
            .deliveries(&self.caller, self.filter(), None, Limit::clamped(250))
            .await;
        page.unwrap().items
    }

    pub(super) async fn delivery(&self, id: DeliveryId) -> Delivery {
        let detail = self.service.delivery(&self.caller, id).await;
        detail.unwrap().delivery
    }

    /// Waits until the only delivery stands there.
    pub(super) async fn settled(&self, status: Status) -> Delivery {
        self.until(async || {
            let mut all = self.deliveries().await;
            assert!(all.len() <= 1, "{all:#?}");
            all.pop().filter(|own| own.progress.status == status)
        })
        .await
    }

    /// Waits until so many deliveries stand there.
    pub(super) async fn counted(&self, status: Status, count: i64) {
        self.until(async || {
            let code = status.code();
            let counted: i64 = self
                .read(move |conn| {
                    let sql = "SELECT count(*) FROM deliveries WHERE status = ?1 AND trigger <> 3";
                    Ok(conn.connection().query_row(sql, [code], |row| row.get(0))?)
                })
                .await;
            (counted == count).then_some(())
        })
        .await;
    }

    /// Waits until a job has ended.
    pub(super) async fn ended(&self, id: crate::domain::id::JobId) -> Job {
        self.until(async || {
            let job = self.service.job(&self.caller, id).await.unwrap();
            (job.status != JobStatus::Running).then_some(job)
        })
        .await
    }
}

fn options(dir: &tempfile::TempDir, clock: &Clock) -> OpenOptions {
    OpenOptions {
        data_dir: dir.path().join("data"),
        key: KeySource::File(dir.path().join("master.key")),
        clock: clock.clone(),
    }
}

/// The store again, once the last task of the stopped house has let go of it.
async fn reopened(options: &OpenOptions) -> Store {
    let opened = async {
        loop {
            match Store::open(options) {
                Ok(store) => return store,
                Err(OpenError::Locked { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, opened).await.unwrap()
}

fn service(store: &Store, clock: &Clock) -> Service {
    let guard = Arc::new(Guard::new(GuardOptions {
        allow_http: true,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        ..GuardOptions::default()
    }));
    let client = Client::new(Arc::clone(&guard), &ClientOptions::default()).unwrap();
    let parts = EngineParts {
        store: store.clone(),
        client: client.clone(),
        guard: Arc::clone(&guard),
        clock: clock.clone(),
        in_flight_max: 64,
        alerts: Arc::new(AlertWays {
            pages: Pages::at("https://hooks.example.com"),
            mailer: None,
        }),
    };
    let engine = Engine::start(parts, &Handle::current()).unwrap();
    Service::new(ServiceParts {
        store: store.clone(),
        engine,
        client,
        guard,
        options: ServiceOptions::default(),
    })
}

pub(super) fn fresh<T>(done: Done<T>) -> T {
    match done {
        Done::Fresh(value) => value,
        Done::Replayed(_) => panic!("nothing was done before"),
    }
}

pub(super) fn exact(delays: &[&str]) -> RetryInput {
    RetryInput::Custom(CustomRetry {
        delays: Some(delays.iter().map(|&delay| delay.to_owned()).collect()),
        jitter: Some(false),
        ..CustomRetry::default()
    })
}

/// An event `score.changed` with a number in it.
pub(super) fn numbered(number: u64) -> PublishInput {
    PublishInput {
        event_type: "score.changed".to_owned(),
        data: format!(r#"{{"number":{number}}}"#),
        consumer: None,
        id: None,
        occurred_at: None,
        webhook_url: None,
        webhook_secret: None,
        profile: None,
        ..PublishInput::default()
    }
}

/// The field at fault.
#[track_caller]
pub(super) fn field_of<T: std::fmt::Debug>(refused: Result<T, Refusal>) -> String {
    match refused {
        Err(Refusal::Invalid(mut errors)) => errors.remove(0).field,
        other => panic!("{other:?}"),
    }
}
