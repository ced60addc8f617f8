//! Whose webhooks are whose: a consumer's, or the platform's own.
//!
//! Owns: counting, finding and ending those of one owner. Refuses: a cost that grows with what others
//! own: each owner's are found by an index that holds them only.

use rusqlite::named_params;

use super::WEBHOOKS_MAX;
use super::search::in_rows;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::store::vault::Vault;
use crate::store::{Read, StoreError, WriteTx};

/// Where the webhooks of one owner in a workspace are found: a consumer's, or the platform's own.
pub(super) fn owned_by(consumer_seq: Option<i64>) -> &'static str {
    match consumer_seq {
        Some(_) => {
            "webhooks INDEXED BY webhooks_of_consumer
             WHERE consumer_seq = :consumer AND workspace_seq = :workspace"
        }
        None => {
            "webhooks INDEXED BY webhooks_of_platform
             WHERE workspace_seq = :workspace AND consumer_seq IS NULL AND :consumer IS NULL"
        }
    }
}

/// How many webhooks a consumer, or else the platform itself, has registered.
pub fn count(
    conn: &Read<'_>,
    workspace_seq: i64,
    consumer_seq: Option<i64>,
) -> Result<i64, StoreError> {
    let owned = owned_by(consumer_seq);
    let sql = format!(
        "SELECT count(*)
         FROM {owned} AND kind = 'registered' AND deleted_at IS NULL"
    );
    let params = named_params! { ":workspace": workspace_seq, ":consumer": consumer_seq };
    conn.value(&sql, params)
}

/// The webhooks that a consumer, or else the platform itself, has registered, newest first, up to
/// `limit`; what cannot be read is left out.
pub fn owned(
    conn: &Read<'_>,
    vault: &Vault,
    workspace_seq: i64,
    consumer_seq: Option<i64>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Webhook>, StoreError> {
    let owned = owned_by(consumer_seq);
    let sql = format!(
        "SELECT seq
         FROM {owned} AND kind = 'registered' AND deleted_at IS NULL
         ORDER BY seq DESC
         LIMIT :limit"
    );
    let params = named_params! {
        ":workspace": workspace_seq,
        ":consumer": consumer_seq,
        ":limit": limit,
    };
    let seqs: Vec<i64> = conn.values(&sql, params)?;
    in_rows(conn, vault, &seqs, now)
}

/// Which of some consumers have a webhook in use.
pub fn listening(conn: &Read<'_>, consumer_seqs: &[i64]) -> Result<Vec<i64>, StoreError> {
    let seqs = serde_json::to_string(consumer_seqs).expect("numbers always serialise");
    conn.values(
        "SELECT value
         FROM json_each(:consumers)
         WHERE EXISTS (
             SELECT 1 FROM webhooks INDEXED BY webhooks_of_consumer
             WHERE consumer_seq = value AND kind = 'registered' AND status = 'active'
                 AND deleted_at IS NULL)
         LIMIT -1",
        named_params! { ":consumers": seqs },
    )
}

/// The row of the webhook that the platform calls `uid`, of those of one consumer.
pub fn row_called(
    conn: &Read<'_>,
    consumer_seq: i64,
    uid: &str,
) -> Result<Option<i64>, StoreError> {
    conn.optional(
        "SELECT seq
         FROM webhooks INDEXED BY webhooks_uid
         WHERE consumer_seq = :consumer AND uid = :uid AND deleted_at IS NULL
         LIMIT 1",
        named_params! { ":consumer": consumer_seq, ":uid": uid },
    )
}

/// The rows of all webhooks that a consumer ever registered, deleted ones included, as far as they are
/// still there.
pub fn rows_of_consumer(conn: &Read<'_>, consumer_seq: i64) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT seq FROM webhooks WHERE consumer_seq = :consumer ORDER BY seq LIMIT -1",
        named_params! { ":consumer": consumer_seq },
    )
}

/// The consumer whose webhook it is.
pub(super) fn consumer_of(conn: &Read<'_>, seq: i64) -> Result<Option<i64>, StoreError> {
    let found: Option<Option<i64>> = conn.optional(
        "SELECT consumer_seq FROM webhooks WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    Ok(found.flatten())
}

/// Revokes and deletes every webhook of a consumer, and answers how many.
pub fn delete_of_consumer(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    consumer_seq: i64,
) -> Result<usize, StoreError> {
    let deleted: Vec<i64> = tx.values(
        "UPDATE webhooks
         SET status = 'revoked', disabled_reason = NULL, disabled_at = NULL, updated_at = :now,
             deleted_at = :now
         WHERE consumer_seq = :consumer AND deleted_at IS NULL
         RETURNING seq",
        named_params! { ":consumer": consumer_seq, ":now": tx.now() },
    )?;
    let count = deleted.len();
    tx.memory
        .subscribers
        .forget(workspace_seq, Some(consumer_seq));
    let notices = tx.notices();
    notices.webhooks_changed.extend(deleted);
    notices.activity = true;
    Ok(count)
}

/// Rows of hidden webhooks that carry alerts in use: the workspace's, and those of its consumers, as many as
/// may be at most.
pub fn alert_rows(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT alert_webhook_seq FROM workspaces
         WHERE seq = :workspace AND alert_webhook_seq IS NOT NULL
         UNION
         SELECT alert_webhook_seq FROM consumers
         WHERE workspace_seq = :workspace AND alert_webhook_seq IS NOT NULL AND deleted_at IS NULL
         LIMIT :limit",
        named_params! { ":workspace": workspace_seq, ":limit": WEBHOOKS_MAX },
    )
}
