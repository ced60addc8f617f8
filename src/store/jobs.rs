//! Background jobs: what is to be worked off, and how far each has come.
//!
//! Owns: their rows. Refuses: working them off (`service`).
//!
//! # Why the position is written with the batch
//! A job's batch and its new position are one transaction. After a crash the job goes on behind
//! the last batch that was committed, and no batch is done twice.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::id;
use super::{Read, StoreError, WriteTx};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{JobPart, Status};
use crate::domain::id::JobId;
use crate::domain::job::{Job, JobEnding, JobKind, JobOutcome, JobStatus, NewJob};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::time::Timestamp;

/// Jobs of the platform's own in one workspace that may be running.
pub const RUNNING_OF_WORKSPACE_MAX: u32 = 20;
/// Jobs of one consumer that may be running.
pub const RUNNING_OF_CONSUMER_MAX: u32 = 3;
/// Jobs of all consumers of one workspace that may be running.
pub const RUNNING_OF_CONSUMERS_MAX: u32 = 100;
/// Running jobs that one reading answers.
pub const RUNNING_MAX: u32 = 1000;

const SELECT: &str =
    "SELECT seq, workspace_seq, consumer_seq, kind, task, status, total, done, position, error,
        created_at, updated_at
    FROM jobs";

/// Stores a job; its first batch is due.
pub fn insert(tx: &mut WriteTx<'_>, new: &NewJob) -> Result<JobId, StoreError> {
    let id = JobId::new(tx.now(), tx.next_seq(NumberedTable::Jobs)?);
    tx.run(
        "INSERT INTO jobs (seq, workspace_seq, consumer_seq, kind, task, status, total, created_at,
             updated_at)
         VALUES (:seq, :workspace, :consumer, :kind, :task, :status, :total, :now, :now)",
        named_params! {
            ":seq": id.seq(),
            ":workspace": new.workspace_seq,
            ":consumer": new.consumer_seq,
            ":kind": new.kind,
            ":task": new.task,
            ":status": JobStatus::Running,
            ":total": new.total,
            ":now": id.at(),
        },
    )?;
    tracing::info!(job = %id, kind = new.kind.as_str(), items = new.total, "a job began");
    tx.notices().jobs_changed = true;
    Ok(id)
}

/// The job in row `seq`.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<Job>, StoreError> {
    let sql = format!("{SELECT} WHERE seq = :seq LIMIT 1");
    conn.row(&sql, named_params! { ":seq": seq }, job)
}

/// The job `id`, where `purview` holds it.
pub fn find_in(conn: &Read<'_>, purview: Purview, id: JobId) -> Result<Option<Job>, StoreError> {
    let found = find(conn, id.seq())?;
    let holds = |job: &Job| job.id == id && purview.holds(job.workspace_seq, job.consumer_seq);
    Ok(found.filter(holds))
}

/// A page of the jobs that `purview` holds, newest first.
pub fn list(
    conn: &Read<'_>,
    purview: Purview,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<Job>, StoreError> {
    let (owner, owner_seq) = match purview.consumer_seq {
        None => ("workspace_seq", purview.workspace_seq),
        Some(seq) => ("consumer_seq", seq),
    };
    let sql = format!(
        "{SELECT}
         WHERE {owner} = :owner AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit"
    );
    let list = List::Jobs;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    conn.page(&sql, of, &[(":owner", &owner_seq)], job)
}

/// The jobs that are running, oldest first: at most [`RUNNING_MAX`].
pub fn running(conn: &Read<'_>) -> Result<Vec<Job>, StoreError> {
    let sql = format!("{SELECT} WHERE status = 'running' ORDER BY seq LIMIT :limit");
    conn.rows(&sql, named_params! { ":limit": RUNNING_MAX }, job)
}

/// The first running job behind row `after`, and around from the start where there is none.
pub fn next_running(conn: &Read<'_>, after: i64) -> Result<Option<Job>, StoreError> {
    let sql = format!(
        "{SELECT} INDEXED BY jobs_running
         WHERE status = 'running' AND seq > :after
         ORDER BY seq
         LIMIT 1"
    );
    for after in [after, 0] {
        let found = conn.row(&sql, named_params! { ":after": after }, job)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// How many jobs of an owner may be running, where there are so many already: the platform's own in a
/// workspace, or those of a consumer and of all consumers beside it. None of them keeps another from
/// beginning one.
pub fn reached_limit(
    conn: &Read<'_>,
    workspace_seq: i64,
    consumer_seq: Option<i64>,
) -> Result<Option<u32>, StoreError> {
    let counted = conn.row(
        "SELECT count(*) FILTER (WHERE consumer_seq IS NULL) AS platforms,
             count(*) FILTER (WHERE consumer_seq = :consumer) AS own, count(consumer_seq) AS consumers
         FROM jobs INDEXED BY jobs_running
         WHERE status = 'running' AND workspace_seq = :workspace",
        named_params! { ":workspace": workspace_seq, ":consumer": consumer_seq },
        |row| Ok((row.get("platforms")?, row.get("own")?, row.get("consumers")?)),
    )?;
    let (platforms, own, consumers): (u32, u32, u32) = counted.unwrap_or_default();
    let limits = match consumer_seq {
        None => [(platforms, RUNNING_OF_WORKSPACE_MAX); 2],
        Some(_) => [
            (own, RUNNING_OF_CONSUMER_MAX),
            (consumers, RUNNING_OF_CONSUMERS_MAX),
        ],
    };
    let reached = limits.into_iter().find(|(running, limit)| running >= limit);
    Ok(reached.map(|(_, limit)| limit))
}

/// How the deliveries stand that the job in row `seq` was the last to touch.
pub fn outcome(conn: &Read<'_>, seq: i64) -> Result<JobOutcome, StoreError> {
    let counted = conn.rows(
        "SELECT status, count(*) AS deliveries, count(manual_fallback) AS asked
         FROM deliveries INDEXED BY deliveries_of_job
         WHERE job_seq = :job
         GROUP BY status
         LIMIT -1",
        named_params! { ":job": seq },
        |row| {
            let (deliveries, asked): (u64, u64) = (row.get("deliveries")?, row.get("asked")?);
            let status = row.get("status")?;
            Ok([
                (JobPart::of(status, None), deliveries - asked),
                (JobPart::of(status, Some(0)), asked),
            ])
        },
    )?;
    let mut outcome = JobOutcome::default();
    for (part, deliveries) in counted.into_iter().flatten() {
        let count = match part {
            JobPart::Delivered => &mut outcome.delivered,
            JobPart::Failed => &mut outcome.failed,
            JobPart::Waiting => &mut outcome.waiting,
            JobPart::Canceled => &mut outcome.canceled,
        };
        *count += deliveries;
    }
    Ok(outcome)
}

/// Whether a delivery that the job in row `seq` was the last to touch has yet to be attempted.
pub fn waits(conn: &Read<'_>, seq: i64) -> Result<bool, StoreError> {
    let sql = format!("SELECT {}", waiting_of(":job"));
    let found = conn.row(&sql, named_params! { ":job": seq }, |row| Ok(row.get(0)?))?;
    Ok(found.unwrap_or_default())
}

/// The condition that a delivery of the job in row `job` has yet to be attempted: [`JobPart::Waiting`].
fn waiting_of(job: &str) -> String {
    let of_status = |status: Status, more: &str| {
        format!(
            "EXISTS (
                 SELECT 1
                 FROM deliveries INDEXED BY deliveries_of_job
                 WHERE job_seq = {job} AND status = {}{more})",
            status.code()
        )
    };
    [
        of_status(Status::Scheduled, ""),
        of_status(Status::Pending, ""),
        of_status(Status::Retrying, " AND manual_fallback IS NOT NULL"),
    ]
    .join(" OR ")
}

/// The rows of jobs that put everything in line and wait for their deliveries: the [`RUNNING_MAX`]
/// latest.
pub fn unsettled(conn: &Read<'_>) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT seq
         FROM jobs
         WHERE status = 'done' AND done > 0 AND ({})
         ORDER BY seq DESC
         LIMIT :limit",
        waiting_of("jobs.seq")
    );
    conn.rows(&sql, named_params! { ":limit": RUNNING_MAX }, |row| {
        Ok(row.get("seq")?)
    })
}

/// Tells what became of a job whose last delivery was attempted. Its row stays as it is: who reads
/// that it is done finds the same ever after.
pub fn settle(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let Some(Job { id: job, .. }) = find(tx, seq)?.filter(|job| job.status == JobStatus::Done)
    else {
        return Ok(());
    };
    let JobOutcome {
        delivered,
        failed,
        canceled,
        waiting: _,
    } = outcome(tx, seq)?;
    tracing::info!(%job, status = JobStatus::Done.as_str(), delivered, failed, canceled, "a job ended");
    tx.notices().activity = true;
    Ok(())
}

/// Records, in the transaction of a batch, that `items` more are done and where the next batch
/// begins. `false` where the job is no longer running: the caller must then undo its batch.
pub fn advance(
    tx: &mut WriteTx<'_>,
    seq: i64,
    items: u64,
    position: Option<&str>,
) -> Result<bool, StoreError> {
    let advanced = tx.run(
        "UPDATE jobs
         SET done = done + :items, position = :position, updated_at = :now
         WHERE seq = :seq AND status = 'running'",
        named_params! {
            ":seq": seq,
            ":items": items,
            ":position": position,
            ":now": tx.now(),
        },
    )?;
    tx.notices().activity = true;
    Ok(advanced > 0)
}

/// Ends a running job; `false` where it has ended before. What it put in line is told by [`settle`].
pub fn finish(tx: &mut WriteTx<'_>, seq: i64, ending: &JobEnding) -> Result<bool, StoreError> {
    let (status, error) = match ending {
        JobEnding::Done => (JobStatus::Done, None),
        JobEnding::Failed(error) => (JobStatus::Failed, Some(error)),
        JobEnding::Canceled => (JobStatus::Canceled, None),
    };
    let finished: Option<(JobId, JobKind, u64)> = tx.row(
        "UPDATE jobs
         SET status = :status, error = :error, updated_at = :now,
             total = CASE WHEN :status = 'done' THEN done ELSE total END
         WHERE seq = :seq AND status = 'running'
         RETURNING seq, created_at, kind, done",
        named_params! {
            ":seq": seq,
            ":status": status,
            ":error": error,
            ":now": tx.now(),
        },
        |row| {
            let job = id(row, "created_at", "seq")?;
            Ok((job, row.get("kind")?, row.get("done")?))
        },
    )?;
    match finished {
        Some((job, kind, done)) if kind.sends() && status == JobStatus::Done && done > 0 => {
            tracing::info!(%job, deliveries = done, "a job put its deliveries in line");
        }
        Some((job, _, done)) => tracing::info!(%job, status = status.as_str(), done, "a job ended"),
        None => {}
    }
    let notices = tx.notices();
    notices.jobs_changed = true;
    notices.activity = true;
    Ok(finished.is_some())
}

/// Removes those of the `limit` oldest jobs that ended before `before`; answers how many.
pub fn prune(tx: &WriteTx<'_>, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM jobs
         WHERE seq IN (
             SELECT seq
             FROM (SELECT seq, status, updated_at FROM jobs ORDER BY seq LIMIT :limit)
             WHERE status <> 'running' AND updated_at < :before)",
        named_params! { ":before": before, ":limit": limit },
    )
}

fn job(row: &Row<'_>) -> Result<Job, StoreError> {
    Ok(Job {
        id: id(row, "created_at", "seq")?,
        workspace_seq: row.get("workspace_seq")?,
        consumer_seq: row.get("consumer_seq")?,
        kind: row.get("kind")?,
        task: row.get("task")?,
        status: row.get("status")?,
        total: row.get("total")?,
        done: row.get("done")?,
        position: row.get("position")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

#[cfg(test)]
mod tests;
