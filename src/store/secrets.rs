//! Webhooks' signing secrets: the current one, and old ones for as long as they overlap.
//!
//! Owns: their sealed rows. Refuses: generating and checking them (`domain::profile`).

use rusqlite::named_params;

use super::vault::{Place, Vault};
use super::{Read, StoreError, WriteTx, unseal_text};
use crate::domain::secret::{LiveSecret, Secret};
use crate::domain::time::Timestamp;

/// Secrets of one webhook that may be live at once: the current one and seven old ones.
pub const LIVE_SECRETS_MAX: usize = 8;

/// The secrets that are live at `now`, newest first.
///
/// # Errors
/// [`StoreError::Damaged`] where one cannot be opened.
pub fn live(
    conn: &Read<'_>,
    vault: &Vault,
    webhook_seq: i64,
    now: Timestamp,
) -> Result<Vec<LiveSecret>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, sealed, expires_at
         FROM webhook_secrets
         WHERE webhook_seq = :webhook AND (expires_at IS NULL OR expires_at > :now)
         ORDER BY seq DESC
         LIMIT :limit",
    )?;
    let limit = i64::try_from(LIVE_SECRETS_MAX).expect("a small bound");
    let mut rows = statement
        .query(named_params! { ":webhook": webhook_seq, ":now": now.millis(), ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let sealed: Vec<u8> = row.get("sealed")?;
        let expires_at: Option<i64> = row.get("expires_at")?;
        found.push(LiveSecret {
            secret: unseal_text(vault, place(row.get("seq")?), &sealed)?,
            expires_at: expires_at.map(Timestamp::from_millis),
        });
    }
    Ok(found)
}

/// Stores the first secret of a webhook.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(tx: &mut WriteTx<'_>, webhook_seq: i64, secret: &Secret) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO webhook_secrets (webhook_seq, sealed, created_at)
         VALUES (:webhook, x'', :now)",
    )?
    .execute(named_params! { ":webhook": webhook_seq, ":now": tx.now().millis() })?;
    let seq = tx.last_insert_rowid();
    let sealed = tx.vault().seal(place(seq), secret.expose().as_bytes());
    tx.prepare_cached("UPDATE webhook_secrets SET sealed = :sealed WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":sealed": sealed })?;
    tx.notices().webhooks_changed.push(webhook_seq);
    Ok(())
}

/// Makes `secret` the current one; those before it go on until `old_expires_at` at most. Secrets that
/// have expired are forgotten. The caller has seen to [`LIVE_SECRETS_MAX`].
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rotate(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    secret: &Secret,
    old_expires_at: Timestamp,
) -> Result<(), StoreError> {
    let now = tx.now().millis();
    tx.prepare_cached(
        "UPDATE webhook_secrets
         SET expires_at = :expires
         WHERE webhook_seq = :webhook AND (expires_at IS NULL OR expires_at > :expires)",
    )?
    .execute(named_params! { ":webhook": webhook_seq, ":expires": old_expires_at.millis() })?;
    insert(tx, webhook_seq, secret)?;
    tx.prepare_cached(
        "DELETE FROM webhook_secrets WHERE webhook_seq = :webhook AND expires_at <= :now",
    )?
    .execute(named_params! { ":webhook": webhook_seq, ":now": now })?;
    tx.prepare_cached(
        "UPDATE webhooks SET secret_rotated_at = :now, updated_at = :now WHERE seq = :webhook",
    )?
    .execute(named_params! { ":webhook": webhook_seq, ":now": now })?;
    Ok(())
}

fn place(seq: i64) -> Place {
    Place {
        table: "webhook_secrets",
        column: "sealed",
        row: seq,
    }
}
