//! How webhooks have been answering, while a transaction is under way.
//!
//! Owns: what its attempts changed of that and is not written yet. Refuses: judging it
//! (`domain::breaker`).
//!
//! # Why it is written once
//! Many attempts of one webhook are recorded in one transaction, and each changes the same row. So the
//! row is read with the first of them and written behind the last.

use std::collections::HashMap;

use rusqlite::named_params;

use super::{Read, StoreError};
use crate::domain::breaker::{BreakerPolicy, Health};
use crate::domain::webhook::Activity;

/// How a webhook has been answering, what may disable it, and what else recording asks about.
pub(super) type KnownHealth = (Health, BreakerPolicy, Activity);

/// What a transaction knows and has not written yet.
#[derive(Default)]
pub(super) struct PendingHealth {
    known: HashMap<i64, PendingEntry>,
    changes: u64,
}

struct PendingEntry {
    known: KnownHealth,
    is_written: bool,
}

impl PendingHealth {
    pub(super) fn of(&self, seq: i64) -> Option<KnownHealth> {
        self.known.get(&seq).map(|own| own.known)
    }

    /// Takes in what a row says.
    pub(super) fn remember(&mut self, seq: i64, known: KnownHealth) {
        let own = PendingEntry {
            known,
            is_written: true,
        };
        self.known.insert(seq, own);
    }

    /// Changes what is to be written; `false` where nothing is known of the webhook.
    pub(super) fn set(&mut self, seq: i64, health: &Health) -> bool {
        let Some(own) = self.known.get_mut(&seq) else {
            return false;
        };
        own.known.0 = *health;
        own.is_written = false;
        self.changes += 1;
        true
    }

    /// Writes what is not written yet, and remembers nothing.
    pub(super) fn write_all(&mut self, conn: &Read<'_>) -> Result<(), StoreError> {
        for (seq, own) in self.known.drain() {
            if !own.is_written {
                write(conn, seq, &own.known.0)?;
            }
        }
        Ok(())
    }

    /// What was not written yet was undone.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// How often anything was changed here.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }
}

/// Writes how a webhook has been answering.
pub(super) fn write(conn: &Read<'_>, seq: i64, health: &Health) -> Result<(), StoreError> {
    conn.run(
        "UPDATE webhooks
         SET consecutive_failures = :failures, failing_since = :since,
             last_attempted_at = :attempted, last_success_at = :success, last_status_code = :code
         WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":failures": health.consecutive_failures,
            ":since": health.failing_since,
            ":attempted": health.last_attempted_at,
            ":success": health.last_success_at,
            ":code": health.last_status_code,
        },
    )?;
    Ok(())
}
