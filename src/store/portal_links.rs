//! Portal links: what lets a platform's customers in.
//!
//! Owns: their rows by token hash. Refuses: saying when one has expired; callers compare its instant
//! with their own clock.
//!
//! # Why making one is told to no cache
//! A platform may make a link whenever a customer opens its settings page. Nothing keeps links in
//! memory, so there is nothing that has to forget, and one that is ended opens nothing any more.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::sql::id;
use super::vault::Purpose;
use super::{Read, StoreError, WriteTx};
use crate::domain::id::PortalLinkId;
use crate::domain::portal::{NewPortalLink, PortalLink, PortalToken};
use crate::domain::time::Timestamp;

/// Links that one consumer may have; one more ends the oldest.
pub const PORTAL_LINKS_OF_CONSUMER_MAX: u32 = 1000;

/// Stores a new link and makes its token, which is shown once and never again. Where the consumer has
/// [`PORTAL_LINKS_OF_CONSUMER_MAX`], the oldest ends.
pub fn insert(
    tx: &mut WriteTx<'_>,
    new: &NewPortalLink,
    entropy: [u8; 32],
) -> Result<(PortalLinkId, PortalToken), StoreError> {
    let id = PortalLinkId::new(tx.now(), tx.next_seq(NumberedTable::PortalLinks)?);
    let token = PortalToken::new(id, entropy);
    let hash = token.hash(&tx.vault().pepper(Purpose::PortalLinks));
    tx.run(
        "INSERT INTO portal_links (seq, workspace_seq, consumer_seq, hash, can, theme, locale,
             feature_flags, created_at, expires_at)
         VALUES (:seq, :workspace, :consumer, :hash, :can, :theme, :locale,
             :feature_flags, :now, :expires_at)",
        named_params! {
            ":seq": id.seq(),
            ":workspace": new.workspace.seq(),
            ":consumer": new.consumer.seq(),
            ":hash": hash,
            ":can": new.can,
            ":theme": new.theme,
            ":locale": new.locale,
            ":feature_flags": new.feature_flags,
            ":now": id.at(),
            ":expires_at": new.expires_at,
        },
    )?;
    tx.run(
        "DELETE FROM portal_links
         WHERE seq IN (
             SELECT seq FROM portal_links
             WHERE consumer_seq = :consumer
             ORDER BY seq DESC
             LIMIT -1 OFFSET :kept)",
        named_params! {
            ":consumer": new.consumer.seq(),
            ":kept": PORTAL_LINKS_OF_CONSUMER_MAX,
        },
    )?;
    Ok((id, token))
}

/// The link `id`, expired or not, unless its consumer or workspace was deleted.
pub fn find(conn: &Read<'_>, id: PortalLinkId) -> Result<Option<PortalLink>, StoreError> {
    let found = conn.row(
        "SELECT l.seq, l.workspace_seq, l.consumer_seq, l.hash, l.can, l.theme, l.locale,
             l.feature_flags, l.created_at, l.expires_at, workspaces.created_at AS workspace_created_at,
             workspaces.plan, consumers.created_at AS consumer_created_at
         FROM portal_links AS l
         JOIN workspaces ON workspaces.seq = l.workspace_seq
         JOIN consumers ON consumers.seq = l.consumer_seq
         WHERE l.seq = :seq AND workspaces.deleted_at IS NULL AND consumers.deleted_at IS NULL
         LIMIT 1",
        named_params! { ":seq": id.seq() },
        link,
    )?;
    Ok(found.filter(|link| link.id == id))
}

/// Ends one link.
pub fn delete(tx: &WriteTx<'_>, id: PortalLinkId) -> Result<(), StoreError> {
    let sql = "DELETE FROM portal_links WHERE seq = :seq";
    tx.run(sql, named_params! { ":seq": id.seq() }).map(drop)
}

/// Ends every link of a consumer; answers how many there were.
pub fn delete_of_consumer(tx: &WriteTx<'_>, consumer_seq: i64) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM portal_links WHERE consumer_seq = :consumer",
        named_params! { ":consumer": consumer_seq },
    )
}

/// Removes up to `limit` links that ended before `before`; answers how many.
pub fn prune(tx: &WriteTx<'_>, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM portal_links
         WHERE seq IN (
             SELECT seq FROM portal_links
             WHERE expires_at < :before
             ORDER BY expires_at
             LIMIT :limit)",
        named_params! { ":before": before, ":limit": limit },
    )
}

fn link(row: &Row<'_>) -> Result<PortalLink, StoreError> {
    Ok(PortalLink {
        id: id(row, "created_at", "seq")?,
        workspace: id(row, "workspace_created_at", "workspace_seq")?,
        plan: row.get("plan")?,
        consumer: id(row, "consumer_created_at", "consumer_seq")?,
        can: row.get("can")?,
        theme: row.get("theme")?,
        locale: row.get("locale")?,
        feature_flags: row.get("feature_flags")?,
        hash: row.get("hash")?,
        expires_at: row.get("expires_at")?,
    })
}
