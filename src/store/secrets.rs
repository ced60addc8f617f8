//! Webhooks' signing secrets: the current one, and old ones for as long as they overlap.
//!
//! Owns: their sealed rows. Refuses: generating and checking them (`domain::profile`).

use rusqlite::named_params;

use super::numbers::NumberedTable;
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
    let opened = conn.rows(
        "SELECT seq, sealed, expires_at
         FROM webhook_secrets
         WHERE webhook_seq = :webhook AND (expires_at IS NULL OR expires_at > :now)
         ORDER BY seq DESC
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":now": now, ":limit": LIVE_SECRETS_MAX },
        |row| {
            let sealed: Vec<u8> = row.get("sealed")?;
            Ok(unseal_text(vault, place(row.get("seq")?), &sealed)
                .map(|secret| (secret, row.get("expires_at"))))
        },
    )?;
    let mut live = Vec::with_capacity(opened.len());
    for opened in opened {
        match opened {
            Ok((secret, expires_at)) => live.push(LiveSecret {
                secret,
                expires_at: expires_at?,
            }),
            // An old one that is damaged has a successor, and receivers know it.
            Err(error) if live.is_empty() => return Err(error),
            Err(error) => tracing::error!(%error, "an old signing secret is left out"),
        }
    }
    Ok(live)
}

/// Stores the first secret of a webhook.
pub fn insert(tx: &mut WriteTx<'_>, webhook_seq: i64, secret: &Secret) -> Result<(), StoreError> {
    let seq = tx.next_seq(NumberedTable::WebhookSecrets)?;
    tx.run(
        "INSERT INTO webhook_secrets (seq, webhook_seq, sealed, created_at)
         VALUES (:seq, :webhook, :sealed, :now)",
        named_params! {
            ":seq": seq,
            ":webhook": webhook_seq,
            ":sealed": tx.vault().seal(place(seq), secret.expose().as_bytes()),
            ":now": tx.now(),
        },
    )?;
    tx.notices().webhooks_changed.push(webhook_seq);
    Ok(())
}

/// Makes `secret` the current one; those before it go on until `old_expires_at` at most. Secrets that
/// have expired are forgotten. The caller has seen to [`LIVE_SECRETS_MAX`].
pub fn rotate(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    secret: &Secret,
    old_expires_at: Timestamp,
) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "UPDATE webhook_secrets
         SET expires_at = :expires
         WHERE webhook_seq = :webhook AND (expires_at IS NULL OR expires_at > :expires)",
        named_params! { ":webhook": webhook_seq, ":expires": old_expires_at },
    )?;
    insert(tx, webhook_seq, secret)?;
    tx.run(
        "DELETE FROM webhook_secrets WHERE webhook_seq = :webhook AND expires_at <= :now",
        named_params! { ":webhook": webhook_seq, ":now": now },
    )?;
    tx.run(
        "UPDATE webhooks SET secret_rotated_at = :now, updated_at = :now WHERE seq = :webhook",
        named_params! { ":webhook": webhook_seq, ":now": now },
    )?;
    Ok(())
}

/// Keeps the public key of the newest secret where it can be read without opening any; `None` where
/// that signs with HMAC.
pub fn set_public_key(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    public_key: Option<&str>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE webhooks SET public_key = :key WHERE seq = :webhook",
        named_params! { ":webhook": webhook_seq, ":key": public_key },
    )?;
    Ok(())
}

fn place(seq: i64) -> Place {
    Place {
        table: "webhook_secrets",
        column: "sealed",
        row: seq,
    }
}
