//! Waiting for bulk work.
//!
//! Owns: following a job until it ends. Refuses: doing the work; the server does it in the
//! background and finishes it even if nobody waits.

use std::time::Duration;

use anyhow::bail;
use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::{Api, OutputForm, parse};
use crate::cli::output::{self, counted};
use crate::cli::progress::ProgressBar;

/// How often the job is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Looks without a change after which what waits in line is not waited for: five seconds.
const LOOKS_MAX: u32 = 16;

/// What bulk work is done to.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChosenDeliveries {
    /// These.
    Ids(Vec<String>),
    /// All that match.
    Filter(Box<Filter>),
}

#[derive(Deserialize)]
struct AcceptedJob {
    job_id: String,
    matched: u64,
}

#[derive(Deserialize)]
struct ShownJob {
    kind: String,
    status: ShownJobStatus,
    total: u64,
    done: u64,
    #[serde(flatten)]
    outcome: ShownOutcome,
    error: Option<String>,
}

/// What became of the deliveries; nothing where the job sends none.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
struct ShownOutcome {
    delivered: Option<u64>,
    failed: Option<u64>,
    waiting: Option<u64>,
    canceled: Option<u64>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum ShownJobStatus {
    Running,
    Done,
    Failed,
    Canceled,
}

/// Begins bulk work at `path` and waits for its end: until everything was attempted, or nothing
/// changes any more, as with a webhook that is disabled.
pub(super) async fn run(api: &Api, path: &str, chosen: &impl Serialize) -> anyhow::Result<()> {
    let begun: AcceptedJob = parse(&api.post(path, chosen).await?)?;
    let job_path = format!("/jobs/{}", super::encoded(&begun.job_id));
    let bar = ProgressBar::new(api.form);
    let (mut last, mut same) = (None, 0);
    loop {
        let body = api.fetch(&job_path).await?;
        let job: ShownJob = parse(&body)?;
        let waiting = job.outcome.waiting.unwrap_or_default();
        bar.show(
            job.done.saturating_sub(waiting),
            Some(job.total.max(begun.matched)),
        );
        let now = Some((job.done, job.outcome));
        same = if now == last { same + 1 } else { 0 };
        last = now;
        let is_waited_for =
            job.status == ShownJobStatus::Running && (waiting == 0 || same < LOOKS_MAX);
        if is_waited_for {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        bar.end();
        return finish(api, &body, &job);
    }
}

fn finish(api: &Api, body: &[u8], job: &ShownJob) -> anyhow::Result<()> {
    match job.status {
        ShownJobStatus::Running | ShownJobStatus::Done => {}
        ShownJobStatus::Failed => bail!("the job failed: {}", job.error.as_deref().unwrap_or("?")),
        ShownJobStatus::Canceled => {
            bail!("the job was canceled after {} of {}", job.done, job.total)
        }
    }
    match api.form {
        OutputForm::Json => output::write(&[body.trim_ascii_end(), b"\n"].concat())?,
        OutputForm::Human => output::say(summary(job))?,
    }
    Ok(())
}

fn summary(job: &ShownJob) -> String {
    let what = match job.kind.as_str() {
        "erase" => return format!("{} erased", counted(job.done, "event", "events")),
        _ => counted(job.done, "delivery", "deliveries"),
    };
    let ShownOutcome {
        delivered,
        failed,
        waiting,
        canceled,
    } = job.outcome;
    let parts = [
        (delivered, "delivered"),
        (failed, "failed again"),
        (waiting, "waiting"),
        (canceled, "canceled"),
    ];
    let said = parts.into_iter().filter_map(|(count, word)| {
        let count = count.filter(|count| *count > 0)?;
        Some(format!("{count} {word}"))
    });
    let said: Vec<String> = said.collect();
    match said.is_empty() {
        true => what,
        false => format!("{what}: {}", said.join(", ")),
    }
}
