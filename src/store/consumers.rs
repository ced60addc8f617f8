//! Consumers: their rows.
//!
//! Owns: storing, finding, listing and ending them. Refuses: what is theirs; it names its consumer
//! in its own table.
//!
//! # Why a deleted consumer keeps its row
//! Its events and deliveries name it until retention takes them. Its `uid` is free at once.

use std::collections::BTreeMap;

use rusqlite::{Row, ToSql, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::id;
use super::{Read, StoreError, WriteTx, damaged, webhooks};
use crate::domain::consumer::{
    Consumer, ConsumerRef, ConsumerSettings, ConsumerUid, Erasure, Purview,
};
use crate::domain::id::ConsumerId;
use crate::domain::page::{Cursor, Limit, List, Page};

pub mod erasing;

const SELECT: &str =
    "SELECT c.seq, c.uid, c.name, c.metadata, c.rate_limit, c.alert_url, c.alert_email,
        c.created_at,
        c.updated_at,
        (SELECT count(*) FROM webhooks
         WHERE consumer_seq = c.seq AND kind = 'registered' AND deleted_at IS NULL) AS webhooks
    FROM consumers AS c";

/// Above every text that begins as what stands before it does.
const LAST_CHARACTER: &str = "\u{10ffff}";

/// The consumer of a workspace that `named` means.
pub fn find(
    conn: &Read<'_>,
    workspace_seq: i64,
    named: &ConsumerRef,
) -> Result<Option<Consumer>, StoreError> {
    let Some(id) = find_id(conn, workspace_seq, named)? else {
        return Ok(None);
    };
    let sql = format!("{SELECT} WHERE c.seq = :seq LIMIT 1");
    conn.row(&sql, named_params! { ":seq": id.seq() }, consumer)
}

/// The id of the consumer of a workspace that `named` means: what publishing has to know.
pub fn find_id(
    conn: &Read<'_>,
    workspace_seq: i64,
    named: &ConsumerRef,
) -> Result<Option<ConsumerId>, StoreError> {
    match named {
        ConsumerRef::Uid(uid) => conn.row(
            "SELECT seq, created_at
             FROM consumers
             WHERE workspace_seq = :workspace AND uid = :uid AND deleted_at IS NULL
             LIMIT 1",
            named_params! { ":workspace": workspace_seq, ":uid": uid },
            |row| id(row, "created_at", "seq"),
        ),
        ConsumerRef::Id(wanted) => {
            let found: Option<ConsumerId> = conn.row(
                "SELECT seq, created_at
                 FROM consumers
                 WHERE seq = :seq AND workspace_seq = :workspace AND deleted_at IS NULL
                 LIMIT 1",
                named_params! { ":workspace": workspace_seq, ":seq": wanted.seq() },
                |row| id(row, "created_at", "seq"),
            )?;
            Ok(found.filter(|found| found == wanted))
        }
    }
}

/// What the platform calls the consumer in row `seq`.
pub fn uid(conn: &Read<'_>, seq: i64) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> = conn.optional(
        "SELECT uid FROM consumers WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    Ok(found.flatten())
}

/// The id of the consumer in row `seq`; `None` where there is none.
pub fn id_of(conn: &Read<'_>, seq: i64) -> Result<Option<ConsumerId>, StoreError> {
    conn.row(
        "SELECT seq, created_at FROM consumers WHERE seq = :seq LIMIT 1",
        named_params! { ":seq": seq },
        |row| id(row, "created_at", "seq"),
    )
}

/// A page of the consumers that `purview` holds, newest first: all, or those whose `uid` or name begins with
/// `prefix`. A name's letters match whether they are large or small.
pub fn list(
    conn: &Read<'_>,
    purview: Purview,
    prefix: Option<&str>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<Consumer>, StoreError> {
    let of = PageOf {
        list: List::Consumers,
        cursor,
        limit,
    };
    let own: [(&str, &dyn ToSql); 2] = [
        (":workspace", &purview.workspace_seq),
        (":only", &purview.consumer_seq),
    ];
    let Some(prefix) = prefix else {
        let sql = format!(
            "{SELECT}
             WHERE c.workspace_seq = :workspace AND c.deleted_at IS NULL AND c.seq < :before
                 AND (:only IS NULL OR c.seq = :only)
             ORDER BY c.seq DESC
             LIMIT :limit"
        );
        return conn.page(&sql, of, &own, consumer);
    };
    // Two ranges of two indices, so that a search costs what it finds.
    let sql = format!(
        "{SELECT}
         WHERE c.seq IN (
             SELECT seq FROM consumers
             WHERE workspace_seq = :workspace AND deleted_at IS NULL AND uid IS NOT NULL
                 AND uid >= :first AND uid < :last
             UNION
             SELECT seq FROM consumers
             WHERE workspace_seq = :workspace AND deleted_at IS NULL
                 AND name >= :first COLLATE NOCASE AND name < :last COLLATE NOCASE)
             AND c.seq < :before
             AND (:only IS NULL OR c.seq = :only)
         ORDER BY c.seq DESC
         LIMIT :limit"
    );
    let last = format!("{prefix}{LAST_CHARACTER}");
    let range: [(&str, &dyn ToSql); 2] = [(":first", &prefix), (":last", &last)];
    conn.page(&sql, of, &[own, range].concat(), consumer)
}

/// Stores a new consumer; `None` where its `uid` is taken.
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    uid: Option<&ConsumerUid>,
    settings: &ConsumerSettings,
) -> Result<Option<ConsumerId>, StoreError> {
    let id = ConsumerId::new(tx.now(), tx.next_seq(NumberedTable::Consumers)?);
    let inserted = tx.run(
        "INSERT INTO consumers (seq, workspace_seq, uid, name, metadata, rate_limit, alert_email,
             created_at, updated_at)
         VALUES (:seq, :workspace, :uid, :name, :metadata, :rate_limit, :alert_email, :now, :now)
         ON CONFLICT DO NOTHING",
        named_params! {
            ":seq": id.seq(),
            ":workspace": workspace_seq,
            ":uid": uid,
            ":name": settings.name,
            ":metadata": metadata_text(&settings.metadata),
            ":rate_limit": settings.rate_limit,
            ":alert_email": settings.alert_email,
            ":now": id.at(),
        },
    )?;
    tx.notices().activity = true;
    Ok((inserted > 0).then_some(id))
}

/// Writes what the platform says of a consumer; `false` where its new `uid` is taken.
pub fn update(
    tx: &mut WriteTx<'_>,
    seq: i64,
    uid: Option<&ConsumerUid>,
    settings: &ConsumerSettings,
) -> Result<bool, StoreError> {
    let updated = tx.run(
        "UPDATE OR IGNORE consumers
         SET uid = :uid, name = :name, metadata = :metadata, rate_limit = :rate_limit,
             alert_email = :alert_email, updated_at = :now
         WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":uid": uid,
            ":name": settings.name,
            ":metadata": metadata_text(&settings.metadata),
            ":rate_limit": settings.rate_limit,
            ":alert_email": settings.alert_email,
            ":now": tx.now(),
        },
    )?;
    tx.notices().activity = true;
    Ok(updated > 0)
}

/// Writes where a consumer is told of what is its: the URL, and the hidden webhook behind it.
pub fn set_alert_target(
    tx: &WriteTx<'_>,
    seq: i64,
    target: Option<(&str, i64)>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE consumers SET alert_url = :url, alert_webhook_seq = :webhook WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":url": target.map(|(url, _)| url),
            ":webhook": target.map(|(_, webhook)| webhook),
        },
    )?;
    Ok(())
}

/// Where the consumer in row `seq` is told of what is its, if anywhere: the URL, and the hidden webhook.
pub fn alert_target(conn: &Read<'_>, seq: i64) -> Result<Option<(String, i64)>, StoreError> {
    conn.row(
        "SELECT alert_url, alert_webhook_seq FROM consumers
         WHERE seq = :seq AND alert_webhook_seq IS NOT NULL AND deleted_at IS NULL",
        named_params! { ":seq": seq },
        |row| {
            Ok((
                row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                row.get(1)?,
            ))
        },
    )
}

/// Where the consumer in row `seq` is told by mail, if anywhere.
pub fn alert_email(conn: &Read<'_>, seq: i64) -> Result<Option<String>, StoreError> {
    let found = conn.optional(
        "SELECT alert_email FROM consumers WHERE seq = :seq AND deleted_at IS NULL",
        named_params! { ":seq": seq },
    )?;
    Ok(found.flatten())
}

/// Says that the rate of a consumer changed, to all of its webhooks.
pub fn changed_rate(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let webhooks = webhooks::rows_of_consumer(tx, seq)?;
    tx.notices().webhooks_changed.extend(webhooks);
    Ok(())
}

/// Marks a consumer deleted. Where its data goes as well, what is said about it goes at once.
pub fn delete(tx: &mut WriteTx<'_>, seq: i64, erasure: Erasure) -> Result<(), StoreError> {
    let sql = match erasure {
        Erasure::None => "UPDATE consumers SET deleted_at = :now WHERE seq = :seq",
        Erasure::Data => {
            "UPDATE consumers
             SET deleted_at = :now, uid = NULL, name = '', metadata = '{}', alert_url = NULL,
                 alert_email = NULL, erased_to = 0
             WHERE seq = :seq"
        }
    };
    tx.run(sql, named_params! { ":seq": seq, ":now": tx.now() })?;
    tx.notices().activity = true;
    Ok(())
}

fn metadata_text(metadata: &BTreeMap<String, String>) -> String {
    serde_json::to_string(metadata).expect("texts always serialise")
}

fn consumer(row: &Row<'_>) -> Result<Consumer, StoreError> {
    let seq: i64 = row.get("seq")?;
    let metadata: String = row.get("metadata")?;
    let metadata =
        serde_json::from_str(&metadata).map_err(|_| damaged("consumers.metadata", seq))?;
    Ok(Consumer {
        id: id(row, "created_at", "seq")?,
        uid: row.get("uid")?,
        settings: ConsumerSettings {
            name: row.get("name")?,
            metadata,
            rate_limit: row.get("rate_limit")?,
            alert_url: row.get("alert_url")?,
            alert_email: row.get("alert_email")?,
        },
        webhooks: row.get("webhooks")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
