//! Moving deliveries forward: what is due is attempted, what came of it is recorded.
//!
//! Owns: the lanes in memory, the scheduler's loop, attempts, their records, recovery at start and
//! the graceful stop. Refuses: SQL (`store`), deciding states (`domain`), and any rule about who may
//! ask for what (`service`).
//!
//! # One step, one loop
//! `lanes::Lanes::step` says what can be done now and until when to sleep; `scheduler` does it and
//! sleeps until then or until something happens. An idle engine does nothing at all.
//!
//! # What "in flight" means
//! Only this process knows. The database has such a delivery as due until its attempt is settled,
//! so that a crash repeats it, with the same ids and the same bytes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};

use crate::clock::Clock;
use crate::domain::attempt::Attempt;
use crate::domain::outcome::Verdict;
use crate::domain::time::Timestamp;
use crate::net::{Client, Guard};
use crate::store::events::HeldEvents;
use crate::store::{Committed, Store, StoreError, deliveries, instance};

pub mod alert;
mod attempt;
mod attempt_now;
mod backoff;
pub mod batched;
mod clock_jump;
mod damaged;
mod deliver;
mod deliver_batch;
mod interrupted;
mod journal;
mod lanes;
mod liveness;
mod load;
pub mod operational;
mod own_tls;
mod planned;
pub mod preview;
mod priority;
mod proven;
pub mod request;
mod scheduler;
mod settle;
mod target;
mod tokens;
mod traced;
mod watch;

use lanes::Lanes;
use liveness::{Lifetime, Liveness};

pub use liveness::{EngineSilence, EngineStatus};

/// Attempts under way at once over all webhooks, unless the operator says otherwise.
pub const IN_FLIGHT_DEFAULT: usize = 512;

/// How long writing down may take what was cut off.
const RECORDED_WITHIN: Duration = Duration::from_secs(2);

/// What the engine works with.
pub struct EngineParts {
    /// The database.
    pub store: Store,
    /// The only way out.
    pub client: Client,
    /// The rules of where to.
    pub guard: Arc<Guard>,
    /// What says the time.
    pub clock: Clock,
    /// Attempts under way at once over all webhooks.
    pub in_flight_max: usize,
    /// By what alerts are told.
    pub alerts: Arc<alert::AlertWays>,
}

/// The handle on the engine. Cloning shares it.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    parts: EngineParts,
    runtime: Handle,
    lanes: Mutex<Lanes>,
    // The events of what the lanes hold.
    held_events: Arc<HeldEvents>,
    wake: Notify,
    // Notified whenever an attempt is settled; what waits for the engine to fall quiet listens.
    settled: Notify,
    attempts: AtomicU64,
    // Set once no attempt is waited for any more.
    cut_off: tokio::sync::watch::Sender<bool>,
    liveness: Arc<Liveness>,
    watchers: watch::Watchers,
    clock_watch: clock_jump::ClockWatch,
    journal: journal::Journal,
    planned: planned::PlannedWatch,
    tokens: tokens::Tokens,
    alerts: alert::AlertMemory,
}

impl Engine {
    /// Starts the engine on `runtime`: recovers what an earlier process left, and listens to every
    /// commit from then on.
    pub fn start(parts: EngineParts, runtime: &Handle) -> Result<Self, StoreError> {
        let store = parts.store.clone();
        let engine = Self::at_rest(parts, runtime);
        let listener = engine.clone();
        store.on_commit(move |committed| listener.on_commit(committed));
        engine.recover(&store)?;
        let lifetime = Lifetime::begin(&engine.shared.liveness);
        runtime.spawn(scheduler::run(Arc::clone(&engine.shared), lifetime));
        Ok(engine)
    }

    /// An engine that neither listens nor starts anything, for commands on a data directory that
    /// no server runs on: what they change is found by the next start.
    #[must_use]
    pub fn at_rest(parts: EngineParts, runtime: &Handle) -> Self {
        let lanes = Lanes::new(parts.in_flight_max);
        let shared = Shared {
            held_events: Arc::clone(lanes.held_events()),
            lanes: Mutex::new(lanes),
            clock_watch: clock_jump::ClockWatch::new(parts.clock.offset_ms()),
            parts,
            runtime: runtime.clone(),
            wake: Notify::new(),
            settled: Notify::new(),
            attempts: AtomicU64::new(0),
            cut_off: tokio::sync::watch::Sender::new(false),
            liveness: Arc::default(),
            watchers: watch::Watchers::default(),
            journal: journal::Journal::default(),
            planned: planned::PlannedWatch::default(),
            tokens: tokens::Tokens::default(),
            alerts: alert::AlertMemory::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// What waits from earlier runs gets its lane; what was half done is put right.
    fn recover(&self, store: &Store) -> Result<(), StoreError> {
        let (waiting, paused, clock_seen, planned) = store.read_blocking(|conn| {
            let paused = instance::read(conn, instance::Fact::SendingPaused)?.is_some();
            let waiting = deliveries::webhooks_waiting(conn)?;
            let planned = deliveries::next_planned(conn)?;
            Ok::<_, StoreError>((waiting, paused, instance::clock_seen(conn)?, planned))
        })?;
        let reading = self.shared.parts.clock.reading();
        self.shared
            .clock_watch
            .resume(clock_seen.as_ref(), &reading);
        self.shared.planned.look_at(planned);
        interrupted::end_interrupted_tests(store)?;
        let mut lanes = self.shared.lanes();
        lanes.paused = paused;
        for webhook_seq in waiting {
            lanes.wake(webhook_seq);
        }
        Ok(())
    }

    /// Takes in what a commit changed. Runs on the writer's thread.
    fn on_commit(&self, committed: &Committed) {
        self.shared
            .in_lanes(|lanes, now| take_in(lanes, committed, now));
        if committed.planned.is_some() {
            self.shared.planned.look_at(committed.planned);
            self.shared.wake.notify_one();
        }
    }

    /// Attempts a delivery at once, outside its lane's limits, and records the result. For tests
    /// and for retries that somebody waits for. `None` where an attempt of it is under way.
    ///
    /// # Errors
    /// [`StoreError`] where the webhook cannot be read or the result not be recorded.
    pub async fn attempt_now(
        &self,
        seq: i64,
        webhook_seq: i64,
    ) -> Result<Option<Attempt>, StoreError> {
        attempt_now::attempt_now(&self.shared, seq, webhook_seq).await
    }

    /// What the next attempt of the delivery in row `seq` comes to, which shows `attempts` so far.
    /// It says nothing where none is made: who waits must bound how long.
    #[must_use]
    pub fn watch(&self, seq: i64, attempts: u32) -> oneshot::Receiver<Verdict> {
        self.shared.watchers.add(seq, attempts)
    }

    /// Tells what is due without an attempt: reminders, groups, certificates, the disk.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read or stored; what is due stays so.
    pub async fn tell_due(&self) -> Result<(), StoreError> {
        alert::tell_due(&self.shared).await
    }

    /// Hands over the mails that are due. Answers when the next is.
    pub async fn mail_due(&self) -> Result<Option<Timestamp>, StoreError> {
        alert::mail_due(&self.shared).await
    }

    /// What hands mails over, if anything does.
    #[must_use]
    pub fn mailer(&self) -> Option<&crate::net::Mailer> {
        self.shared.parts.alerts.mailer.as_ref()
    }

    /// Whether an attempt of the delivery in row `seq` is under way, although its row shows no more than
    /// `attempts` so far.
    #[must_use]
    pub fn is_in_flight(&self, webhook_seq: i64, seq: i64, attempts: u32) -> bool {
        self.shared.lanes().is_in_flight(webhook_seq, seq, attempts)
    }

    /// How much the engine has in hand.
    #[must_use]
    pub fn status(&self) -> EngineStatus {
        self.shared.status_of(&self.shared.lanes())
    }

    /// Whether deliveries are made: the scheduler itself answers within `deadline`, and nobody is blocked
    /// meanwhile. With how much it has in hand.
    ///
    /// # Errors
    /// [`EngineSilence`] where it does not.
    pub async fn answers(&self, deadline: Duration) -> Result<EngineStatus, EngineSilence> {
        let Shared { liveness, wake, .. } = &*self.shared;
        liveness.ask(wake, deadline).await
    }

    /// Waits until the scheduler has ended: it was stopped, or it panicked.
    pub async fn ended(&self) {
        self.shared.liveness.ended().await;
    }

    /// Pauses or goes on sending; what is under way ends by itself.
    pub fn set_paused(&self, paused: Paused) {
        self.shared.lanes().paused = paused == Paused::Yes;
        self.shared.wake.notify_one();
    }

    /// Starts nothing more and waits for what is under way, for `grace` at most. Answers how many
    /// attempts were cut off then; each is recorded as such and repeated after the next start.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.shared.lanes().stopping = true;
        self.shared.wake.notify_one();
        // Too late is an answer too: the count says what was left.
        drop(tokio::time::timeout(grace, self.quiet()).await);
        let left = self.shared.lanes().in_flight();
        if left > 0 {
            self.shared.cut_off.send_replace(true);
            drop(tokio::time::timeout(RECORDED_WITHIN, self.quiet()).await);
        }
        clock_jump::leave(&self.shared).await;
        left
    }

    /// Waits until nothing is under way.
    async fn quiet(&self) {
        loop {
            let settled: Notified<'_> = self.shared.settled.notified();
            if self.shared.lanes().in_flight() == 0 {
                return;
            }
            settled.await;
        }
    }
}

/// Takes in what a commit changed.
fn take_in(lanes: &mut Lanes, committed: &Committed, now: Timestamp) {
    for webhook_seq in &committed.webhooks_changed {
        lanes.webhook_changed(*webhook_seq, now);
    }
    for (webhook_seq, id) in &committed.canceled {
        lanes.remove(*webhook_seq, id.seq());
    }
    for delivery in &committed.queued {
        lanes.offer(delivery.clone());
    }
    for delivery in &committed.urgent {
        lanes.offer_urgent(delivery.clone());
    }
    for webhook_seq in &committed.woken {
        lanes.wake(*webhook_seq);
    }
    for delivery in &committed.followers {
        lanes.offer_follower(delivery.clone());
    }
    for webhook_seq in &committed.fell_due {
        lanes.fell_due(*webhook_seq);
    }
}

/// Whether sending is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// Nothing is started.
    Yes,
    /// Everything goes on.
    No,
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something in the lanes, and wakes the scheduler if that gives it something to do: each
    /// time it wakes costs more than most of what it is woken for.
    fn in_lanes(&self, change: impl FnOnce(&mut Lanes, Timestamp)) {
        let mut lanes = self.lanes();
        change(&mut lanes, self.now());
        let wants_step = lanes.wants_step();
        drop(lanes);
        if wants_step {
            self.wake.notify_one();
        }
    }

    fn status_of(&self, lanes: &Lanes) -> EngineStatus {
        EngineStatus {
            in_flight: lanes.in_flight(),
            queued: lanes.queued(),
            attempts: self.attempts.load(Ordering::Relaxed),
            paused: lanes.paused,
        }
    }

    /// The scheduler answers whoever asked whether it lives.
    fn answer(&self) {
        if self.liveness.take_asked() {
            // Said while they are held, so that no answer is older than what was done before asking.
            let lanes = self.lanes();
            self.liveness.answer(self.status_of(&lanes));
        }
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }
}
