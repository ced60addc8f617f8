//! What was told of each webhook, and what is still to be told.
//!
//! Owns: these rows. Refuses: when somebody is told (`domain::alert`), and of what (`engine`).

use rusqlite::named_params;

use super::{Read, StoreError, WriteTx, webhooks};
use crate::domain::alert::{EXHAUSTED_EVERY, REMIND_EVERY};
use crate::domain::time::Timestamp;

/// Webhooks that one step takes on.
const DUE_ROWS_MAX: i64 = 200;

/// A dead letter, and what is said of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsaidLetters {
    /// The latest of them.
    pub delivery_seq: i64,
    /// How many, with it.
    pub count: u64,
}

/// What is due of one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueAlert {
    /// Its outage lasts.
    Outage {
        /// Its row.
        webhook_seq: i64,
    },
    /// Dead letters that nobody has been told of.
    Unsaid {
        /// Its row.
        webhook_seq: i64,
        /// Which.
        letters: UnsaidLetters,
    },
}

/// Whether anybody wants to be told of what happens to a webhook.
pub fn has_target(tx: &mut WriteTx<'_>, webhook_seq: i64) -> Result<bool, StoreError> {
    let found = tx.optional(
        "SELECT workspaces.alert_webhook_seq IS NOT NULL OR workspaces.alert_emails IS NOT NULL
             OR consumers.alert_webhook_seq IS NOT NULL OR consumers.alert_email IS NOT NULL
         FROM webhooks AS w
         JOIN workspaces ON workspaces.seq = w.workspace_seq
         LEFT JOIN consumers ON consumers.seq = w.consumer_seq
         WHERE w.seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )?;
    let found = found.unwrap_or(false);
    if found {
        // What is told of its health is read from its row.
        webhooks::write_pending(tx)?;
    }
    Ok(found)
}

/// Remembers that a webhook's outage is told of at this moment.
pub fn outage_told(tx: &mut WriteTx<'_>, webhook_seq: i64) -> Result<(), StoreError> {
    webhooks::write_pending(tx)?;
    let params = named_params! { ":webhook": webhook_seq, ":now": tx.now() };
    tx.run(
        "UPDATE webhooks SET outage_at = coalesce(outage_at, :now) WHERE seq = :webhook",
        params,
    )?;
    tx.run(
        "INSERT INTO alert_states (webhook_seq, outage_told_at) VALUES (:webhook, :now)
         ON CONFLICT (webhook_seq) DO UPDATE SET outage_told_at = :now",
        params,
    )?;
    Ok(())
}

/// Ends a webhook's outage, as far as alerts know it. Answers since when it was told of.
pub fn outage_over(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
) -> Result<Option<Timestamp>, StoreError> {
    webhooks::write_pending(tx)?;
    let since = tx.optional(
        "SELECT outage_at FROM webhooks WHERE seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )?;
    tx.run(
        "UPDATE webhooks SET outage_at = NULL WHERE seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )?;
    forget_outage(tx, webhook_seq)?;
    Ok(since.flatten())
}

/// Reminds nobody of an outage any more.
pub fn forget_outage(tx: &WriteTx<'_>, webhook_seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE alert_states SET outage_told_at = NULL WHERE webhook_seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )?;
    Ok(())
}

/// Takes a dead letter in: answers how many are to be told of now, or `None` where it waits for more.
pub fn exhausted(
    tx: &WriteTx<'_>,
    webhook_seq: i64,
    delivery_seq: i64,
) -> Result<Option<u64>, StoreError> {
    let now = tx.now();
    let known = tx.row(
        "SELECT exhausted_told_at, exhausted_unsaid FROM alert_states WHERE webhook_seq = :webhook",
        named_params! { ":webhook": webhook_seq },
        |row| Ok::<(Option<Timestamp>, u64), StoreError>((row.get(0)?, row.get(1)?)),
    )?;
    let (told_at, unsaid) = known.unwrap_or_default();
    if told_at.is_some_and(|at| now.apart(at) < EXHAUSTED_EVERY) {
        tx.run(
            "UPDATE alert_states
             SET exhausted_unsaid = exhausted_unsaid + 1, exhausted_last = :delivery
             WHERE webhook_seq = :webhook",
            named_params! { ":webhook": webhook_seq, ":delivery": delivery_seq },
        )?;
        return Ok(None);
    }
    exhausted_told(tx, webhook_seq)?;
    Ok(Some(unsaid + 1))
}

/// Remembers that dead letters are told of at this moment.
pub fn exhausted_told(tx: &WriteTx<'_>, webhook_seq: i64) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO alert_states (webhook_seq, exhausted_told_at) VALUES (:webhook, :now)
         ON CONFLICT (webhook_seq)
         DO UPDATE SET exhausted_told_at = :now, exhausted_unsaid = 0, exhausted_last = NULL",
        named_params! { ":webhook": webhook_seq, ":now": tx.now() },
    )?;
    Ok(())
}

/// What is due at `now`: at most so much as one step takes on.
pub fn due(conn: &Read<'_>, now: Timestamp) -> Result<Vec<DueAlert>, StoreError> {
    let mut due = conn.rows(
        "SELECT webhook_seq FROM alert_states
         WHERE outage_told_at IS NOT NULL AND outage_told_at <= :before
         ORDER BY outage_told_at
         LIMIT :limit",
        named_params! { ":before": now.before(REMIND_EVERY), ":limit": DUE_ROWS_MAX },
        |row| {
            let webhook_seq = row.get(0)?;
            Ok::<_, StoreError>(DueAlert::Outage { webhook_seq })
        },
    )?;
    due.extend(conn.rows(
        "SELECT webhook_seq, exhausted_last, exhausted_unsaid FROM alert_states
         WHERE exhausted_unsaid > 0 AND exhausted_told_at <= :before
         ORDER BY exhausted_told_at
         LIMIT :limit",
        named_params! { ":before": now.before(EXHAUSTED_EVERY), ":limit": DUE_ROWS_MAX },
        |row| {
            Ok::<_, StoreError>(DueAlert::Unsaid {
                webhook_seq: row.get(0)?,
                letters: UnsaidLetters {
                    delivery_seq: row.get::<_, Option<i64>>(1)?.unwrap_or_default(),
                    count: row.get(2)?,
                },
            })
        },
    )?);
    Ok(due)
}

/// The stage of a certificate's end that was told of last, in days.
pub fn certificate_days(conn: &Read<'_>, webhook_seq: i64) -> Result<Option<i64>, StoreError> {
    let days = conn.optional(
        "SELECT certificate_days FROM alert_states WHERE webhook_seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )?;
    Ok(days.flatten())
}

/// Remembers it.
pub fn set_certificate_days(
    tx: &WriteTx<'_>,
    webhook_seq: i64,
    days: Option<i64>,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO alert_states (webhook_seq, certificate_days) VALUES (:webhook, :days)
         ON CONFLICT (webhook_seq) DO UPDATE SET certificate_days = :days",
        named_params! { ":webhook": webhook_seq, ":days": days },
    )?;
    Ok(())
}

/// Rows of webhooks behind row `after` that may hold certificates and whose workspace or consumer has an
/// alert target.
pub fn sealed_webhooks(conn: &Read<'_>, after: i64) -> Result<Vec<i64>, StoreError> {
    conn.rows(
        "SELECT w.seq
         FROM webhooks AS w
         JOIN workspaces ON workspaces.seq = w.workspace_seq
         LEFT JOIN consumers ON consumers.seq = w.consumer_seq
         WHERE w.seq > :after AND w.kind = 'registered' AND w.deleted_at IS NULL
             AND w.headers_sealed IS NOT NULL
             AND (workspaces.alert_webhook_seq IS NOT NULL OR workspaces.alert_emails IS NOT NULL
                 OR consumers.alert_webhook_seq IS NOT NULL OR consumers.alert_email IS NOT NULL)
         ORDER BY w.seq
         LIMIT :limit",
        named_params! { ":after": after, ":limit": DUE_ROWS_MAX },
        |row| Ok::<i64, StoreError>(row.get(0)?),
    )
}
