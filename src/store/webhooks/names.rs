//! What webhooks are called.
//!
//! Owns: names for lists and pages. Refuses: whole webhooks.

use rusqlite::{Row, named_params};

use crate::domain::webhook::WebhookName;
use crate::store::sql::id;
use crate::store::{Read, StoreError, row_list};

/// What the webhooks in the rows `seqs` are called, deleted and hidden ones included.
pub fn names_of(conn: &Read<'_>, seqs: &[i64]) -> Result<Vec<WebhookName>, StoreError> {
    let sql = format!(
        "{SELECT_NAMES}
         WHERE seq IN (SELECT value FROM json_each(:seqs))
         ORDER BY seq
         LIMIT -1"
    );
    conn.rows(
        &sql,
        named_params! { ":seqs": row_list(seqs) },
        webhook_name,
    )
}

/// What the webhook in row `seq` is called, if it is of that workspace.
pub fn name_in(
    conn: &Read<'_>,
    workspace_seq: i64,
    seq: i64,
) -> Result<Option<WebhookName>, StoreError> {
    let sql = format!("{SELECT_NAMES} WHERE seq = :seq AND workspace_seq = :workspace LIMIT 1");
    let params = named_params! { ":seq": seq, ":workspace": workspace_seq };
    conn.row(&sql, params, webhook_name)
}

const SELECT_NAMES: &str = "SELECT seq, created_at, label, url FROM webhooks";

fn webhook_name(row: &Row<'_>) -> Result<WebhookName, StoreError> {
    Ok(WebhookName {
        id: id(row, "created_at", "seq")?,
        label: row.get("label")?,
        url: row.get("url")?,
    })
}
