//! The whole machine below HTTP: real SQLite file, real receivers on loopback.

use std::time::Duration;

mod alerts;
mod batches;
mod chaos;
mod clocks;
mod consumers;
mod damaged;
mod delivering;
mod endings;
mod erasing;
mod house;
mod jobs;
mod limits;
mod ordered_by;
mod receiver;
mod recover;
mod retries;
mod scheduled;
mod secrets;
mod sent;
mod stats;
mod upheavals;

/// How long tests wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);
