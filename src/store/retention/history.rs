//! What leaves of a workspace: deliveries with their attempts, events, and webhooks that nobody
//! sees any more.
//!
//! Owns: choosing the rows by the workspace's rules, removing all that hangs on them. Refuses:
//! anything that still waits for an attempt.
//!
//! # When a webhook's row leaves
//! Hidden targets and deleted webhooks leave after their last delivery. The counts of deliveries
//! are brought up to date when a transaction is committed, so a row whose counts are not all zero
//! stays until the next sweep; otherwise the update would find nothing to subtract from.

use std::time::Duration;

use rusqlite::{OptionalExtension, named_params};

use super::{DELIVERY_POINTS, Rules, Run};
use crate::domain::audit::{ActorKind, NewAuditEntry};
use crate::domain::delivery::Status;
use crate::domain::event::EventKind;
use crate::domain::id::WebhookId;
use crate::domain::time::Timestamp;
use crate::store::numbers::{self, NumberedTable};
use crate::store::{StoreError, attempts, audit, poll};

/// How long a hidden or deleted webhook stays at least: a request that named it may be repeated
/// for so long.
const WEBHOOK_KEPT: Duration = Duration::from_secs(24 * 3600);
/// Rows of an index that cost as much as one row of a table.
const INDEX_ROWS_PER_POINT: u32 = 32;

/// A delivery that may have to go.
struct Candidate {
    seq: i64,
    webhook_seq: i64,
    created_at: Timestamp,
    completed_at: Timestamp,
}

impl Run<'_, '_> {
    /// Removes old deliveries in one state behind row `after`. Answers where to go on; `None`
    /// where no older ones follow.
    pub(super) fn deliveries(
        &mut self,
        rules: &Rules,
        status: Status,
        after: i64,
    ) -> Result<Option<i64>, StoreError> {
        let before = match status {
            Status::Delivered | Status::Canceled => rules.delivered_before,
            Status::Exhausted => rules.exhausted_before,
            Status::Scheduled | Status::Pending | Status::Retrying => return Ok(None),
        };
        let wanted = self.points;
        let candidates = self.candidates(rules.workspace_seq, status, after)?;
        // Nothing completes before it is made. One row from a time when the clock was wrong must
        // not end the walk, so it takes a whole batch of young ones.
        let any_old = candidates.iter().any(|row| row.created_at < before);
        let exhausted_all = candidates.len() < usize::try_from(wanted).unwrap_or(usize::MAX);
        if !any_old {
            self.spend(1);
            return Ok(None);
        }
        for candidate in &candidates {
            self.spend(1);
            if candidate.completed_at < before && !self.is_kept(rules, candidate)? {
                self.remove_delivery(candidate, status)?;
            }
            if self.points == 0 {
                return Ok(Some(candidate.seq));
            }
        }
        let last = candidates.last().map(|row| row.seq);
        Ok(last.filter(|_| !exhausted_all))
    }

    fn candidates(
        &self,
        workspace_seq: i64,
        status: Status,
        after: i64,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut statement = self.tx.prepare_cached(CANDIDATES)?;
        let rows = statement.query_map(
            named_params! {
                ":workspace": workspace_seq,
                ":status": status.code(),
                ":after": after,
                ":limit": self.points,
            },
            |row| {
                Ok(Candidate {
                    seq: row.get(0)?,
                    webhook_seq: row.get(1)?,
                    created_at: Timestamp::from_millis(row.get(2)?),
                    completed_at: Timestamp::from_millis(row.get(3)?),
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn remove_delivery(&mut self, delivery: &Candidate, status: Status) -> Result<(), StoreError> {
        let attempts = attempts::delete_of(self.tx, delivery.seq)?;
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        numbers::keep(self.tx, NumberedTable::Deliveries, delivery.seq)?;
        self.tx
            .prepare_cached("DELETE FROM deliveries WHERE seq = :seq")?
            .execute(named_params! { ":seq": delivery.seq })?;
        self.tx
            .effects
            .count(delivery.webhook_seq, Some(status), None);
        self.pruned.deliveries += 1;
        self.pruned.attempts += attempts;
        // The first attempt is part of the price of a delivery.
        self.spend(DELIVERY_POINTS + attempts.saturating_sub(1));
        Ok(())
    }

    /// Whether a delivery is among the newest of its webhook, which are kept whatever their age.
    fn is_kept(&mut self, rules: &Rules, delivery: &Candidate) -> Result<bool, StoreError> {
        let Some(keep_latest) = rules.keep_latest.filter(|keep| *keep > 0) else {
            return Ok(false);
        };
        let webhook_seq = delivery.webhook_seq;
        let kept_from = match self.kept_from.get(&webhook_seq) {
            Some(known) => *known,
            None => {
                self.spend(keep_latest / INDEX_ROWS_PER_POINT);
                let found = self.nth_newest(webhook_seq, keep_latest)?.unwrap_or(0);
                self.kept_from.insert(webhook_seq, found);
                found
            }
        };
        Ok(delivery.seq >= kept_from)
    }

    fn nth_newest(&self, webhook_seq: i64, n: u32) -> Result<Option<i64>, StoreError> {
        let mut statement = self.tx.prepare_cached(NTH_NEWEST)?;
        let params = named_params! { ":webhook": webhook_seq, ":skipped": n - 1 };
        Ok(statement.query_row(params, |row| row.get(0)).optional()?)
    }

    /// Removes old events without deliveries behind row `after`.
    pub(super) fn events(
        &mut self,
        rules: &Rules,
        kind: EventKind,
        after: i64,
    ) -> Result<Option<i64>, StoreError> {
        let wanted = self.points;
        let rows: Vec<(i64, i64, bool)> = self
            .tx
            .prepare_cached(OLD_EVENTS)?
            .query_map(
                named_params! {
                    ":workspace": rules.workspace_seq,
                    ":kind": kind.code(),
                    ":after": after,
                    ":limit": wanted,
                },
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .collect::<Result<_, _>>()?;
        let before = rules.delivered_before.millis();
        if !rows.iter().any(|(_, created_at, _)| *created_at < before) {
            self.spend(1);
            return Ok(None);
        }
        for (seq, created_at, is_needed) in &rows {
            self.spend(1);
            if *created_at < before && !is_needed {
                self.remove_event(*seq)?;
            }
            if self.points == 0 {
                return Ok(Some(*seq));
            }
        }
        let more = rows.len() == usize::try_from(wanted).unwrap_or(usize::MAX);
        Ok(rows.last().map(|(seq, ..)| *seq).filter(|_| more))
    }

    fn remove_event(&mut self, seq: i64) -> Result<(), StoreError> {
        let misses = self
            .tx
            .prepare_cached("DELETE FROM event_misses WHERE event_seq = :seq")?
            .execute(named_params! { ":seq": seq })?;
        let labels = self
            .tx
            .prepare_cached("DELETE FROM event_labels WHERE event_seq = :seq")?
            .execute(named_params! { ":seq": seq })?;
        numbers::keep(self.tx, NumberedTable::Events, seq)?;
        self.tx
            .prepare_cached("DELETE FROM events WHERE seq = :seq")?
            .execute(named_params! { ":seq": seq })?;
        self.pruned.events += 1;
        let kept = poll::forget_event(self.tx, seq)?;
        self.removed_others(misses + labels + kept);
        self.spend(1);
        Ok(())
    }

    /// Removes hidden and deleted webhooks without deliveries behind row `after`.
    pub(super) fn webhooks(
        &mut self,
        rules: &Rules,
        after: i64,
    ) -> Result<Option<i64>, StoreError> {
        let wanted = self.points;
        let rows: Vec<(i64, bool)> = self
            .tx
            .prepare_cached(LEAVING_WEBHOOKS)?
            .query_map(
                named_params! {
                    ":workspace": rules.workspace_seq,
                    ":after": after,
                    ":before": self.tx.now().before(WEBHOOK_KEPT).millis(),
                    ":alert": rules.alert_webhook_seq,
                    ":limit": wanted,
                },
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .collect::<Result<_, _>>()?;
        for (seq, is_free) in &rows {
            self.spend(1);
            if *is_free && !self.remove_webhook(*seq)? {
                return Ok(Some(*seq - 1));
            }
            if self.points == 0 {
                return Ok(Some(*seq));
            }
        }
        let more = rows.len() == usize::try_from(wanted).unwrap_or(usize::MAX);
        Ok(rows.last().map(|(seq, _)| *seq).filter(|_| more))
    }

    /// `false` where so much hangs on the webhook that it takes another step.
    fn remove_webhook(&mut self, seq: i64) -> Result<bool, StoreError> {
        let wanted = self.points.max(1);
        let misses = self
            .tx
            .prepare_cached(
                "DELETE FROM event_misses
                 WHERE webhook_seq = :webhook
                     AND event_seq IN (
                         SELECT event_seq FROM event_misses
                         WHERE webhook_seq = :webhook
                         ORDER BY event_seq
                         LIMIT :limit)",
            )?
            .execute(named_params! { ":webhook": seq, ":limit": wanted })?;
        let kept = poll::forget_webhook(self.tx, seq, wanted)?;
        self.removed_others(misses + kept);
        if misses.max(kept) >= usize::try_from(wanted).unwrap_or(usize::MAX) {
            return Ok(false);
        }
        for sql in [
            "DELETE FROM webhook_secrets WHERE webhook_seq = :webhook",
            "DELETE FROM webhook_shapes WHERE webhook_seq = :webhook",
            "DELETE FROM attempt_targets WHERE webhook_seq = :webhook",
            "DELETE FROM delivery_counts WHERE webhook_seq = :webhook",
        ] {
            self.tx
                .prepare_cached(sql)?
                .execute(named_params! { ":webhook": seq })?;
        }
        self.remove_row(seq)?;
        self.pruned.webhooks += 1;
        self.spend(3);
        self.tx.notices().webhooks_changed.push(seq);
        Ok(true)
    }

    /// Whoever deleted a webhook that was registered learns from the audit log when it was gone.
    fn remove_row(&mut self, seq: i64) -> Result<(), StoreError> {
        let removed = self
            .tx
            .prepare_cached(
                "DELETE FROM webhooks
                 WHERE seq = :webhook
                 RETURNING workspace_seq, created_at, kind = 'registered'",
            )?
            .query_row(named_params! { ":webhook": seq }, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((workspace_seq, created_at, true)) = removed else {
            return Ok(());
        };
        let id = WebhookId::new(Timestamp::from_millis(created_at), seq);
        let entry = NewAuditEntry {
            workspace_seq: Some(workspace_seq),
            consumer_seq: None,
            actor_kind: ActorKind::System,
            actor: "",
            action: "webhook.purge",
            target: &id.to_string(),
            detail: "{}",
        };
        audit::append(self.tx, &entry)?;
        Ok(())
    }
}

pub(super) const CANDIDATES: &str = "SELECT seq, webhook_seq, created_at,
        coalesce(completed_at, created_at)
    FROM deliveries
    WHERE workspace_seq = :workspace AND status = :status AND seq > :after
    ORDER BY seq
    LIMIT :limit";

/// One ordered scan of each state, merged: the index holds rows by state.
pub(super) const NTH_NEWEST: &str =
    "SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 0
    UNION ALL
    SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 1
    UNION ALL
    SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 2
    UNION ALL
    SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 3
    UNION ALL
    SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 4
    UNION ALL
    SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 5
    ORDER BY seq DESC
    LIMIT 1 OFFSET :skipped";

pub(super) const OLD_EVENTS: &str = "SELECT seq, created_at,
        EXISTS (SELECT 1 FROM deliveries WHERE event_seq = events.seq)
            OR EXISTS (SELECT 1 FROM poll_plans WHERE event_seq = events.seq)
    FROM events
    WHERE workspace_seq = :workspace AND kind = :kind AND seq > :after
    ORDER BY seq
    LIMIT :limit";

pub(super) const LEAVING_WEBHOOKS: &str = "SELECT seq,
        created_at < :before
            AND (deleted_at IS NULL OR deleted_at < :before)
            AND seq IS NOT :alert
            AND NOT EXISTS (
                SELECT 1 FROM consumers
                WHERE alert_webhook_seq = webhooks.seq AND deleted_at IS NULL)
            AND NOT EXISTS (
                SELECT 1 FROM delivery_counts
                WHERE webhook_seq = webhooks.seq AND deliveries <> 0)
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE webhook_seq = webhooks.seq)
    FROM webhooks
    WHERE workspace_seq = :workspace
        AND seq > :after
        AND (kind <> 'registered' OR deleted_at IS NOT NULL)
    ORDER BY seq
    LIMIT :limit";
