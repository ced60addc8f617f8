//! What hookpost counts about itself, for Prometheus.
//!
//! Owns: the numbers and their names. Refuses: asking anybody: floors above count as they go, and
//! hand over a reading of what only they know when somebody scrapes.
//!
//! # Why one registry for the process
//! A handle that exists once is found without a look-up, so that counting costs an atomic addition.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::domain::outcome::FailureKind;

mod one_by_one;

pub use one_by_one::WebhookReading;

/// How the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsForm {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' own older form.
    Classic,
}

impl MetricsForm {
    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The upper bounds of the buckets for attempts' durations, in seconds.
const DURATION_BOUNDS_S: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// The upper bounds of the buckets for commits' durations, in seconds.
const COMMIT_BOUNDS_S: [f64; 10] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
];
/// The upper bounds of the buckets for the time from publishing to the first attempt, in seconds.
const LAG_BOUNDS_S: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0, 3600.0,
];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

type Label = [(&'static str, &'static str); 1];
type Whole = Gauge<u64, AtomicU64>;

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// What is read at the moment of a scrape.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Attempts under way.
    pub in_flight: u64,
    /// Deliveries queued in memory.
    pub queued: u64,
    /// Deliveries by status.
    pub deliveries: Vec<(&'static str, u64)>,
    /// Registered webhooks by status.
    pub webhooks: Vec<(&'static str, u64)>,
    /// Dead letters that nobody has discarded; counted to a bound.
    pub dead_letters: u64,
    /// For how long the delivery has been due that has been due longest, in seconds.
    pub oldest_due_s: f64,
    /// 1 while sending is paused.
    pub paused: u64,
    /// What the disk of the data directory has left, in bytes.
    pub free_bytes: u64,
    /// The size of the database and its log, in bytes.
    pub database_bytes: u64,
    /// The process's resident memory, in bytes.
    pub resident_bytes: u64,
    /// Webhooks that are told of one by one.
    pub one_by_one: Vec<WebhookReading>,
}

struct Metrics {
    registry: Registry,
    events: Counter,
    attempts: Family<Label, Counter>,
    durations: Histogram,
    requests: [Counter; 5],
    in_flight: Whole,
    queued: Whole,
    deliveries: Family<Label, Whole>,
    lags: Histogram,
    commits: Histogram,
    alert_failures: Counter,
    webhooks: Family<Label, Whole>,
    dead_letters: Whole,
    oldest_due_s: Gauge<f64, AtomicU64>,
    paused: Whole,
    free_bytes: Whole,
    build: Family<Label, Whole>,
    database_bytes: Whole,
    resident_bytes: Whole,
}

impl Metrics {
    fn new() -> Self {
        let requests: Family<Label, Counter> = Family::default();
        let mut metrics = Self {
            registry: Registry::default(),
            events: Counter::default(),
            attempts: Family::default(),
            durations: Histogram::new(DURATION_BOUNDS_S),
            requests: CLASSES.map(|class| requests.get_or_create_owned(&[("class", class)])),
            in_flight: Whole::default(),
            queued: Whole::default(),
            deliveries: Family::default(),
            lags: Histogram::new(LAG_BOUNDS_S),
            commits: Histogram::new(COMMIT_BOUNDS_S),
            alert_failures: Counter::default(),
            webhooks: Family::default(),
            dead_letters: Whole::default(),
            oldest_due_s: Gauge::default(),
            paused: Whole::default(),
            free_bytes: Whole::default(),
            build: Family::default(),
            database_bytes: Whole::default(),
            resident_bytes: Whole::default(),
        };
        // A rate over what has not happened yet is nought, and not nothing.
        for outcome in FailureKind::ALL.map(FailureKind::as_str) {
            drop(metrics.attempts.get_or_create(&[("outcome", outcome)]));
        }
        drop(metrics.attempts.get_or_create(&[("outcome", "delivered")]));
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        metrics.build.get_or_create(&version).set(1);
        metrics.count(requests);
        metrics.time();
        metrics.describe();
        metrics.measure();
        metrics
    }

    fn count(&mut self, requests: Family<Label, Counter>) {
        let house = self.registry.sub_registry_with_prefix("hookpost");
        house.register("events_accepted", "Events accepted", self.events.clone());
        house.register(
            "attempts",
            "Delivery attempts by outcome",
            self.attempts.clone(),
        );
        house.register_with_unit(
            "attempt_duration",
            "How long attempts took",
            Unit::Seconds,
            self.durations.clone(),
        );
        house.register("http_requests", "Requests by class of status", requests);
    }

    fn time(&mut self) {
        let house = self.registry.sub_registry_with_prefix("hookpost");
        house.register_with_unit(
            "publish_to_attempt",
            "From an event's acceptance to the first attempt of each of its deliveries",
            Unit::Seconds,
            self.lags.clone(),
        );
        house.register_with_unit(
            "commit_duration",
            "How long transactions took, the flush to the disk included",
            Unit::Seconds,
            self.commits.clone(),
        );
        house.register(
            "alert_failures",
            "Alerts that no attempt could deliver",
            self.alert_failures.clone(),
        );
        house.register_with_unit(
            "oldest_due",
            "For how long the delivery has been due that has been due longest",
            Unit::Seconds,
            self.oldest_due_s.clone(),
        );
    }

    fn describe(&mut self) {
        let house = self.registry.sub_registry_with_prefix("hookpost");
        house.register(
            "webhooks",
            "Registered webhooks by status",
            self.webhooks.clone(),
        );
        house.register(
            "dead_letters",
            "Dead letters that nobody has discarded, counted to 100000",
            self.dead_letters.clone(),
        );
        house.register(
            "sending_paused",
            "1 while sending waits for hookpost resume",
            self.paused.clone(),
        );
        house.register_with_unit(
            "disk_free",
            "What the disk of the data directory has left",
            Unit::Bytes,
            self.free_bytes.clone(),
        );
        house.register(
            "build_info",
            "The running version, as a label; always 1",
            self.build.clone(),
        );
    }

    fn measure(&mut self) {
        let house = self.registry.sub_registry_with_prefix("hookpost");
        house.register(
            "attempts_in_flight",
            "Attempts under way",
            self.in_flight.clone(),
        );
        house.register(
            "deliveries_queued",
            "Deliveries queued in memory",
            self.queued.clone(),
        );
        house.register(
            "deliveries",
            "Deliveries by status",
            self.deliveries.clone(),
        );
        house.register_with_unit(
            "database_size",
            "The database and its log",
            Unit::Bytes,
            self.database_bytes.clone(),
        );
        self.registry.register_with_unit(
            "process_resident_memory",
            "Resident memory",
            Unit::Bytes,
            self.resident_bytes.clone(),
        );
    }
}

/// Counts accepted events.
pub fn events_accepted(count: usize) {
    METRICS.events.inc_by(count as u64);
}

/// Counts an attempt; `outcome` is `delivered` or the kind of failure.
pub fn attempted(outcome: &'static str, took: Duration) {
    METRICS
        .attempts
        .get_or_create(&[("outcome", outcome)])
        .inc();
    METRICS.durations.observe(took.as_secs_f64());
}

/// Notes how long a delivery waited for its first attempt.
pub fn attempted_first(waited: Duration) {
    METRICS.lags.observe(waited.as_secs_f64());
}

/// Counts an alert that could not be delivered.
pub fn alert_failed() {
    METRICS.alert_failures.inc();
}

/// Notes how long a transaction took.
pub fn committed(took: Duration) {
    METRICS.commits.observe(took.as_secs_f64());
}

/// Counts an answered request.
pub fn answered(status: u16) {
    let class = usize::from(status / 100).saturating_sub(1);
    if let Some(counter) = METRICS.requests.get(class) {
        counter.inc();
    }
}

/// All numbers, in one of Prometheus' text forms.
///
/// # Errors
/// None in practice: a text in memory takes everything.
pub fn text(reading: &Reading, form: MetricsForm) -> Result<String, std::fmt::Error> {
    METRICS.in_flight.set(reading.in_flight);
    METRICS.queued.set(reading.queued);
    METRICS.database_bytes.set(reading.database_bytes);
    METRICS.resident_bytes.set(reading.resident_bytes);
    METRICS.dead_letters.set(reading.dead_letters);
    METRICS.oldest_due_s.set(reading.oldest_due_s);
    METRICS.paused.set(reading.paused);
    METRICS.free_bytes.set(reading.free_bytes);
    for (status, count) in &reading.webhooks {
        METRICS
            .webhooks
            .get_or_create(&[("status", *status)])
            .set(*count);
    }
    for (status, count) in &reading.deliveries {
        METRICS
            .deliveries
            .get_or_create(&[("status", *status)])
            .set(*count);
    }
    let mut text = String::new();
    encode_registry(&mut text, &METRICS.registry)?;
    if !reading.one_by_one.is_empty() {
        encode_registry(&mut text, &one_by_one::registry(&reading.one_by_one))?;
    }
    encode_eof(&mut text)?;
    Ok(match form {
        MetricsForm::OpenMetrics => text,
        MetricsForm::Classic => classic(&text),
    })
}

/// The older form knows neither units nor an end, and calls a counter by the name of its sample.
fn classic(text: &str) -> String {
    let mut counters = HashSet::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix("# TYPE ")
            .and_then(|l| l.strip_suffix(" counter"))
        {
            counters.insert(name);
        }
    }
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        let head = (words.next(), words.next(), words.next());
        match head {
            (Some("#"), Some("EOF" | "UNIT"), _) => {}
            (Some("#"), Some(what), Some(name)) if counters.contains(name) => {
                let rest = words.next().unwrap_or_default();
                lines.push_str(&format!("# {what} {name}_total {rest}\n"));
            }
            _ => {
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    lines
}
