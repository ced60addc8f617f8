//! Jobs whose deliveries are all in line, until the last of these was attempted.
//!
//! Owns: noticing that, and the line in the log that says what became of them. Refuses: what a page
//! says meanwhile ([`super::report`]).

use std::collections::BTreeSet;

use crate::domain::job::JobStatus;
use crate::service::Service;
use crate::store::{Read, StoreError, WriteTx, jobs};

impl Service {
    /// The rows of jobs of an earlier process that wait for their deliveries.
    pub(in crate::service) async fn unsettled_jobs(&self) -> Result<BTreeSet<i64>, StoreError> {
        let work =
            |conn: &Read<'_>| Ok::<_, StoreError>(jobs::unsettled(conn)?.into_iter().collect());
        self.store().read(work).await
    }

    /// Tells of those among `rows` whose deliveries were all attempted; answers those that wait for
    /// theirs, or have yet to put them in line.
    pub(in crate::service) async fn settle_jobs(
        &self,
        rows: BTreeSet<i64>,
    ) -> Result<BTreeSet<i64>, StoreError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let sorted = self.store().read(|conn| sort(conn, rows));
        let Sorted { waiting, settled } = sorted.await?;
        if !settled.is_empty() {
            let told = move |tx: &mut WriteTx<'_>| {
                settled.iter().try_for_each(|row| jobs::settle(tx, *row))
            };
            self.store().settle(told).await?;
        }
        Ok(waiting)
    }
}

#[derive(Default)]
struct Sorted {
    waiting: BTreeSet<i64>,
    settled: Vec<i64>,
}

fn sort(conn: &Read<'_>, rows: BTreeSet<i64>) -> Result<Sorted, StoreError> {
    let mut sorted = Sorted::default();
    for row in rows {
        let Some(job) = jobs::find(conn, row)? else {
            continue;
        };
        if !job.kind.sends() {
            continue;
        }
        match job.status {
            JobStatus::Running => {
                sorted.waiting.insert(row);
            }
            // Where nothing was put in line, it was told at once.
            JobStatus::Done if job.done > 0 => match jobs::waits(conn, row)? {
                true => {
                    sorted.waiting.insert(row);
                }
                false => sorted.settled.push(row),
            },
            JobStatus::Done | JobStatus::Failed | JobStatus::Canceled => {}
        }
    }
    Ok(sorted)
}
