//! The demo's past: a day that is lived before the server starts, so that it opens on one.
//!
//! Owns: how that day goes. Refuses: rows of its own: events are published, attempts made and
//! recorded by what publishes, attempts and records everywhere; only the clock stands a day back, and
//! is moved along.
//!
//! # How a day passes in seconds
//! Nothing happens between two instants at which something is due. So the clock goes from one to the
//! next, and at each stands still until all that is due then is done.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::scene::{self, Scene};
use super::trickle::event;
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::engine::Paused;
use crate::service::consumers::NamedConsumer;
use crate::service::events::PublishInput;
use crate::service::keys::CreatedKey;
use crate::service::{Caller, Idempotency, Service};
use crate::store::stats;

/// How long the past is.
const PAST: Duration = Duration::from_secs(24 * 3600);
/// From one instant at which events are published to the next.
const TICK: Duration = Duration::from_secs(20 * 60);
/// Retries that are due so close to each other are made at one instant.
const TOGETHER: Duration = Duration::from_secs(10);
/// How often somebody looks whether all is done.
const LOOK: Duration = Duration::from_millis(2);
/// How long that is waited for; what is not done by then is done later.
const PATIENCE: Duration = Duration::from_secs(5);
/// Every so many instants the sandbox has an event too.
const SANDBOX_EVERY: u64 = 6;

/// What the past left to the present.
pub(super) struct Lived {
    /// What the platform's program presents.
    pub(super) key: CreatedKey,
    /// How many events there were.
    pub(super) events: u64,
}

/// Lives the day before now in the empty directory of `config`, for receivers at `address`.
///
/// # Errors
/// Where the directory can't be opened, or something is refused.
pub(super) fn live(config: &Config, address: SocketAddr) -> anyhow::Result<Lived> {
    // A runtime of its own: once it has ended nothing holds the directory any more.
    let runtime = Runtime::new()?;
    let now = Clock::System.now();
    let clock = Clock::manual(now.before(PAST));
    let service = app::open_in_time(config, runtime.handle(), clock.clone())?;
    let lived = runtime.block_on(async {
        let scene = Box::pin(scene::set_up(&service, address)).await?;
        let day = Day {
            service: &service,
            clock,
        };
        let events = day.pass(&scene, now).await?;
        service.engine().stop(PATIENCE).await;
        anyhow::Ok(Lived {
            key: scene.key,
            events,
        })
    })?;
    service.store().close();
    Ok(lived)
}

/// A day with its clock.
struct Day<'a> {
    service: &'a Service,
    clock: Clock,
}

impl Day<'_> {
    /// Lives until `end`. Answers how many events the platform published.
    async fn pass(&self, scene: &Scene, end: Timestamp) -> anyhow::Result<u64> {
        let mut number = 0;
        for tick in 1.. {
            let at = self.clock.now().after(TICK);
            if at >= end {
                break;
            }
            self.pass_until(at).await?;
            let until = number + busy(tick);
            for number in number..until {
                self.publish(&scene.platform, &event(number)).await?;
            }
            number = until;
            if tick % SANDBOX_EVERY == 0 {
                // None of these is for a customer: there are none in the sandbox.
                let number = 10 * tick + tick / SANDBOX_EVERY % 4;
                self.publish(&scene.sandbox, &event(number)).await?;
            }
        }
        self.pass_until(end).await?;
        Ok(number)
    }

    /// Does what is due now, and from then on until `at`.
    async fn pass_until(&self, at: Timestamp) -> anyhow::Result<()> {
        self.come_to_rest().await?;
        while let Some(due) = self.next_due().await?.filter(|due| *due < at) {
            self.move_to(due.after(TOGETHER).min(at));
            self.come_to_rest().await?;
        }
        self.move_to(at);
        Ok(())
    }

    fn move_to(&self, at: Timestamp) {
        self.clock.advance(at.since(self.clock.now()));
        // Time passed while it slept; going on wakes it.
        self.service.engine().set_paused(Paused::No);
    }

    /// Waits until nothing is under way, and nothing is due.
    async fn come_to_rest(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let now = self.clock.now();
        while begun.elapsed() < PATIENCE {
            let is_due = self.next_due().await?.is_some_and(|due| due <= now);
            if !is_due && self.service.engine().status().in_flight == 0 {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        Ok(self.service.store().read(stats::oldest_due).await?)
    }

    async fn publish(&self, caller: &Caller, event: &Value) -> anyhow::Result<()> {
        let text = |name: &str| event[name].as_str().map(str::to_owned);
        let input = PublishInput {
            event_type: text("type").unwrap_or_default(),
            data: event["data"].to_string(),
            consumer: text("consumer").map(NamedConsumer::Known),
            ..PublishInput::default()
        };
        let done = self
            .service
            .publish(caller, input, Idempotency::unkeyed())
            .await;
        done.map(drop).map_err(|refusal| anyhow!("{refusal:?}"))
    }
}

/// How many events the platform has at a tick: the day has its quiet and its busy hours. Four at
/// most, so that of each type there is one at most.
fn busy(tick: u64) -> u64 {
    const TICKS_OF_DAY: u64 = 72;
    let from_noon = (tick % TICKS_OF_DAY).abs_diff(TICKS_OF_DAY / 2);
    4 - from_noon / 13
}

#[cfg(test)]
mod tests {
    use super::busy;

    #[test]
    fn a_day_has_quiet_and_busy_hours() {
        let day: Vec<u64> = (1..72).map(busy).collect();
        assert!(day.iter().all(|events| (2..=4).contains(events)), "{day:?}");
        assert!(day.contains(&2) && day.contains(&4));
    }
}
