//! `/metrics`: hookpost's numbers for Prometheus.
//!
//! Owns: collecting what is read at the moment of a scrape. Refuses: names and forms of numbers
//! (`telemetry::metrics`), and anything that tells one tenant from another: the path is public.

use std::path::Path;

use actix_web::HttpResponse;
use actix_web::web::to;

use super::access::PUBLIC;
use crate::service::Refusal;
use crate::store::stats;
use crate::telemetry::metrics::{self, Reading};
use crate::web::endpoint::Endpoint;
use crate::web::{Answered, State};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[
        Endpoint::get("/metrics", PUBLIC, || to(show)).about(|operation| {
            operation
                .named("metrics", "Operations", "Numbers for Prometheus")
                .gives_text("application/openmetrics-text", "The numbers.")
        }),
    ];

const DATABASE_FILES: [&str; 2] = ["hookpost.db", "hookpost.db-wal"];

/// `GET /metrics`.
///
/// # Errors
/// 503 where the database cannot be read.
pub async fn show(state: State) -> Answered {
    let store = state.service.store();
    let counts = store.read(stats::instance_counts).await;
    let counts = counts.map_err(Refusal::from)?;
    let engine = state.service.engine().status();
    let reading = Reading {
        in_flight: engine.in_flight as u64,
        queued: engine.queued as u64,
        deliveries: vec![
            ("pending", counts.pending),
            ("retrying", counts.retrying),
            ("delivered", counts.delivered),
            ("exhausted", counts.exhausted),
            ("canceled", counts.canceled),
        ],
        database_bytes: database_bytes(store.data_dir()),
        resident_bytes: resident_bytes(),
    };
    let text = metrics::text(&reading).map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type(metrics::CONTENT_TYPE)
        .body(text))
}

fn database_bytes(data_dir: &Path) -> u64 {
    let files = DATABASE_FILES.iter().map(|name| data_dir.join(name));
    files
        .filter_map(|file| std::fs::metadata(file).ok())
        .map(|file| file.len())
        .sum()
}

/// Resident memory as Linux tells it; 0 elsewhere.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
