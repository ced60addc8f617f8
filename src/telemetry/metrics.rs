//! What hookpost counts about itself, for Prometheus.
//!
//! Owns: the numbers and their names. Refuses: asking anybody: floors above count as they go, and
//! hand over a reading of what only they know when somebody scrapes.
//!
//! # Why one registry for the process
//! A handle that exists once is found without a look-up, so that counting costs an atomic addition.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bounds of the buckets for attempts' durations, in seconds.
const DURATION_BOUNDS_S: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
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
    /// The size of the database and its log, in bytes.
    pub database_bytes: u64,
    /// The process's resident memory, in bytes.
    pub resident_bytes: u64,
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
            database_bytes: Whole::default(),
            resident_bytes: Whole::default(),
        };
        metrics.count(requests);
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

/// Counts an answered request.
pub fn answered(status: u16) {
    let class = usize::from(status / 100).saturating_sub(1);
    if let Some(counter) = METRICS.requests.get(class) {
        counter.inc();
    }
}

/// All numbers in Prometheus' text form.
///
/// # Errors
/// None in practice: a text in memory takes everything.
pub fn text(reading: &Reading) -> Result<String, std::fmt::Error> {
    METRICS.in_flight.set(reading.in_flight);
    METRICS.queued.set(reading.queued);
    METRICS.database_bytes.set(reading.database_bytes);
    METRICS.resident_bytes.set(reading.resident_bytes);
    for (status, count) in &reading.deliveries {
        METRICS
            .deliveries
            .get_or_create(&[("status", *status)])
            .set(*count);
    }
    let mut text = String::new();
    encode(&mut text, &METRICS.registry)?;
    Ok(text)
}
