//! What leaves of the instance: sums, answers to repeated requests, sessions, old entries of the
//! audit log, expired secrets and links, ended jobs, and pages of the file that hold nothing.
//!
//! Owns: how long each is kept. Refuses: shrinking a file that will grow again at once.
//!
//! # Why the file is not kept as small as possible
//! In a steady state, what leaves makes room for what comes. Giving those pages back would move
//! other pages to fill the gaps, only to grow the file again. Pages go back to the disk once an
//! eighth of the file is empty.

use std::time::Duration;

use rusqlite::named_params;

use super::{InstanceStage, Run};
use crate::domain::idempotency::KEPT;
use crate::domain::stats::{HOUR_MS, MINUTE_MS};
use crate::store::stats::MINUTES_KEPT_MS;
use crate::store::{StoreError, audit, jobs, portal_links, sessions};

/// How long entries of the audit log are kept: a year.
const AUDIT_KEPT: Duration = Duration::from_secs(366 * 24 * 3600);
/// How long jobs are kept after their end.
const JOBS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// What the removal of a sum with its durations costs, in points.
const BUCKET_POINTS: u32 = 16;
/// Pages that a step gives back to the disk at most.
const PAGES_AT_ONCE_MAX: u32 = 256;
/// What SQLite answers of a file whose empty pages can be given back a few at a time. It is so from
/// the file's beginning or never: changing it would rewrite all of the file at once.
const VACUUM_INCREMENTAL: u32 = 2;
/// Empty pages that a file may always hold.
const PAGES_SPARE: u32 = 1024;
/// The file may hold one empty page in so many.
const PAGES_PER_SPARE: u32 = 8;

impl Run<'_, '_> {
    /// Removes what is too old; answers whether more of it may be left.
    pub(super) fn leftovers(&mut self, stage: InstanceStage) -> Result<bool, StoreError> {
        let now = self.tx.now();
        let limit = self.points.max(1);
        let removed = match stage {
            InstanceStage::Minutes => {
                return self.buckets(MINUTE_MS, now.millis() - MINUTES_KEPT_MS);
            }
            InstanceStage::Hours => {
                let kept_ms = self.longest_kept_ms()?;
                return self.buckets(HOUR_MS, now.millis() - kept_ms);
            }
            InstanceStage::Answers => self.answers()?,
            InstanceStage::Sessions => {
                sessions::prune(self.tx, now.before(self.limits.sessions), limit)?
            }
            InstanceStage::PortalLinks => portal_links::prune(self.tx, now, limit)?,
            InstanceStage::Audit => audit::prune(self.tx, now.before(AUDIT_KEPT), limit)?,
            InstanceStage::Secrets => self.secrets()?,
            InstanceStage::Jobs => jobs::prune(self.tx, now.before(JOBS_KEPT), limit)?,
            InstanceStage::Space => return self.space(),
        };
        self.removed_others(removed);
        Ok(removed >= usize::try_from(limit).unwrap_or(usize::MAX))
    }

    pub(super) fn removed_others(&mut self, rows: usize) {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        self.pruned.others += rows;
        self.spend(rows);
    }

    /// Removes sums of a width from before `before_ms`, with the durations that belong to them;
    /// answers whether more may be left.
    fn buckets(&mut self, width_ms: i64, before_ms: i64) -> Result<bool, StoreError> {
        let limit = (self.points / BUCKET_POINTS).max(1);
        let keys: Vec<(i64, i64, i64)> = self
            .tx
            .prepare_cached(OLD_BUCKETS)?
            .query_map(
                named_params! {
                    ":width": width_ms,
                    ":before": before_ms,
                    ":limit": limit,
                },
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .collect::<Result<_, _>>()?;
        for (workspace_seq, webhook_seq, bucket_at) in &keys {
            for sql in [
                "DELETE FROM duration_stats
                 WHERE workspace_seq = :workspace AND webhook_seq = :webhook
                     AND width_ms = :width AND bucket_at = :bucket",
                "DELETE FROM stats
                 WHERE workspace_seq = :workspace AND webhook_seq = :webhook
                     AND width_ms = :width AND bucket_at = :bucket",
            ] {
                self.tx.prepare_cached(sql)?.execute(named_params! {
                    ":workspace": workspace_seq,
                    ":webhook": webhook_seq,
                    ":width": width_ms,
                    ":bucket": bucket_at,
                })?;
            }
        }
        let removed = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        self.pruned.others += removed;
        self.spend(removed.saturating_mul(BUCKET_POINTS));
        Ok(removed == limit)
    }

    /// How long the workspace with the longest memory keeps its history, in milliseconds.
    fn longest_kept_ms(&self) -> Result<i64, StoreError> {
        let millis = |kept: Duration| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let mut statement = self.tx.prepare_cached(
            "SELECT coalesce(max(max(coalesce(retention_delivered_ms, :delivered),
                 coalesce(retention_exhausted_ms, :exhausted))), :exhausted)
             FROM workspaces",
        )?;
        let params = named_params! {
            ":delivered": millis(self.limits.delivered),
            ":exhausted": millis(self.limits.exhausted),
        };
        Ok(statement.query_row(params, |row| row.get(0))?)
    }

    fn answers(&mut self) -> Result<usize, StoreError> {
        let removed = self
            .tx
            .prepare_cached(
                "DELETE FROM idempotency
                 WHERE seq IN (
                     SELECT seq FROM idempotency
                     WHERE created_at < :before
                     ORDER BY created_at
                     LIMIT :limit)",
            )?
            .execute(named_params! {
                ":before": self.tx.now().before(KEPT).millis(),
                ":limit": self.points.max(1),
            })?;
        Ok(removed)
    }

    fn secrets(&mut self) -> Result<usize, StoreError> {
        let removed = self
            .tx
            .prepare_cached(
                "DELETE FROM webhook_secrets
                 WHERE seq IN (
                     SELECT seq FROM webhook_secrets
                     WHERE expires_at <= :now
                     ORDER BY expires_at
                     LIMIT :limit)",
            )?
            .execute(named_params! {
                ":now": self.tx.now().millis(),
                ":limit": self.points.max(1),
            })?;
        Ok(removed)
    }

    /// Gives empty pages back to the disk, where there are many.
    fn space(&mut self) -> Result<bool, StoreError> {
        let pragma = |sql| {
            let mut statement = self.tx.prepare_cached(sql)?;
            statement.query_row([], |row| row.get::<_, u32>(0))
        };
        let can_shrink = pragma("PRAGMA auto_vacuum")? == VACUUM_INCREMENTAL;
        let empty = pragma("PRAGMA freelist_count")?;
        let spare = PAGES_SPARE.max(pragma("PRAGMA page_count")? / PAGES_PER_SPARE);
        let wanted = empty.saturating_sub(spare).min(PAGES_AT_ONCE_MAX);
        if wanted == 0 || !can_shrink {
            self.tx.fold_log_afterwards();
            return Ok(false);
        }
        // The statement answers a row for every page, and gives back only as many as are read.
        let sql = format!("PRAGMA incremental_vacuum({wanted})");
        let mut statement = self.tx.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        self.pruned.pages += wanted;
        // Moving pages is dear: whatever else there is to do waits for the next step.
        self.points = 0;
        // The file has become smaller by now, and so has what it may spare.
        Ok(true)
    }
}

pub(super) const OLD_BUCKETS: &str = "SELECT workspace_seq, webhook_seq, bucket_at
    FROM stats
    WHERE width_ms = :width AND bucket_at < :before
    ORDER BY bucket_at
    LIMIT :limit";
