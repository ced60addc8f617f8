//! A healthy webhook with few events, beside whatever else a case does.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::appliance::Appliance;
use crate::client;
use crate::figures::{milliseconds, percentile};
use crate::receiver::Receiver;

/// Its events in each case, and how many a second.
const TIMED: usize = 120;
const PACE: u32 = 4;
/// For how long they are published.
pub const TIMED_FOR: Duration = Duration::from_secs(TIMED as u64 / PACE as u64);
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(600);

/// The webhook's receiver.
pub struct Quiet(Receiver);

impl Quiet {
    /// Registers the webhook, for the type `quiet`.
    pub async fn start(appliance: &Appliance) -> Result<Self> {
        let receiver = Receiver::start().await?;
        let url = receiver.url("/quiet");
        appliance
            .create_webhook(&url, "quiet", Value::Null, 16)
            .await?;
        Ok(Self(receiver))
    }

    /// Publishes its events at a steady pace and prints how long each took, from the publish call to
    /// the arrival, and the peak of memory.
    pub async fn timed(&self, case: &str, appliance: &Appliance) -> Result<()> {
        self.0.reset();
        let sent = client::publish_paced(&appliance.door(), "quiet", TIMED, PACE).await?;
        self.0.wait_for(TIMED, PATIENCE).await?;
        let arrived = self.0.arrivals();
        let timed = sent
            .iter()
            .filter_map(|(number, at)| Some((arrived.get(number)?.duration_since(*at), *number)));
        let (longest, number) = timed.clone().max().unwrap_or_default();
        let mut took: Vec<Duration> = timed.map(|(took, _)| took).collect();
        took.sort_unstable();
        println!(
            "{case}: p50 {}, p99 {}, longest {} (the {}. of {TIMED}); peak memory {} MiB",
            milliseconds(percentile(&took, 0.50)),
            milliseconds(percentile(&took, 0.99)),
            milliseconds(longest),
            number + 1,
            appliance.process()?.memory_mib("VmHWM")?,
        );
        Ok(())
    }

    /// As [`Quiet::timed`], while `work` goes on; answers once both have ended.
    pub async fn beside(
        &self,
        case: &str,
        appliance: &Appliance,
        work: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        tokio::try_join!(work, self.timed(case, appliance)).map(drop)
    }
}
