//! Sessions: who is signed in, where, and until when.
//!
//! Owns: their rows by token hash. Refuses: saying when one has expired; callers compare the
//! instants of a row with their own limits.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::sql::id;
use super::vault::Purpose;
use super::{Read, StoreError, WriteTx};
use crate::domain::id::SessionId;
use crate::domain::session::{NewSession, Session};
use crate::domain::time::Timestamp;
use crate::domain::token::{SessionToken, TokenHash};

/// Sessions that one person may have; signing in once more ends the oldest.
pub const SESSIONS_OF_USER_MAX: u32 = 50;
/// How long a session's last sign of life may lag behind, in milliseconds.
const TOUCH_MS: i64 = 60_000;

const SELECT: &str = "SELECT s.seq, s.user_seq, s.workspace_seq, s.hash, s.channel, s.user_agent,
        s.created_at, s.last_seen_at, s.mfa_verified_at, users.created_at AS user_created_at
    FROM sessions AS s
    JOIN users ON users.seq = s.user_seq";

/// Stores a new session and makes its token. Where the person has [`SESSIONS_OF_USER_MAX`], the
/// oldest ends.
pub fn insert(
    tx: &mut WriteTx<'_>,
    new: &NewSession,
    entropy: [u8; 32],
) -> Result<(SessionId, SessionToken), StoreError> {
    let id = SessionId::new(tx.now(), tx.next_seq(NumberedTable::Sessions)?);
    let (token, hash) = token(tx, id, entropy);
    tx.run(
        "INSERT INTO sessions (seq, user_seq, workspace_seq, hash, channel, user_agent, created_at,
             last_seen_at, mfa_verified_at)
         VALUES (:seq, :user, :workspace, :hash, :channel, :user_agent, :now, :now, :mfa)",
        named_params! {
            ":seq": id.seq(),
            ":user": new.user.seq(),
            ":workspace": new.workspace_seq,
            ":hash": hash,
            ":channel": new.channel,
            ":user_agent": new.user_agent,
            ":now": id.at(),
            ":mfa": new.mfa_verified_at,
        },
    )?;
    tx.run(
        "DELETE FROM sessions
         WHERE seq IN (
             SELECT seq FROM sessions
             WHERE user_seq = :user
             ORDER BY seq DESC
             LIMIT -1 OFFSET :kept)",
        named_params! { ":user": new.user.seq(), ":kept": SESSIONS_OF_USER_MAX },
    )?;
    tx.notices().access_changed = true;
    Ok((id, token))
}

fn token(tx: &WriteTx<'_>, id: SessionId, entropy: [u8; 32]) -> (SessionToken, TokenHash) {
    let token = SessionToken::new(id, entropy);
    let hash = token.hash(&tx.vault().pepper(Purpose::Sessions));
    (token, hash)
}

/// Gives a session a new token; the one it had opens nothing from now on.
pub fn renew(
    tx: &mut WriteTx<'_>,
    id: SessionId,
    entropy: [u8; 32],
) -> Result<SessionToken, StoreError> {
    let (token, hash) = token(tx, id, entropy);
    tx.run(
        "UPDATE sessions SET hash = :hash WHERE seq = :seq",
        named_params! { ":seq": id.seq(), ":hash": hash },
    )?;
    tx.notices().access_changed = true;
    Ok(token)
}

/// The session `id`, expired or not.
pub fn find(conn: &Read<'_>, id: SessionId) -> Result<Option<Session>, StoreError> {
    let sql = format!("{SELECT} WHERE s.seq = :seq LIMIT 1");
    let found = conn.row(&sql, named_params! { ":seq": id.seq() }, session)?;
    Ok(found.filter(|session| session.id == id))
}

/// Every session of a person, newest first.
pub fn of_user(conn: &Read<'_>, user_seq: i64) -> Result<Vec<Session>, StoreError> {
    let sql = format!("{SELECT} WHERE s.user_seq = :user ORDER BY s.seq DESC LIMIT :limit");
    let params = named_params! { ":user": user_seq, ":limit": SESSIONS_OF_USER_MAX };
    conn.rows(&sql, params, session)
}

/// Records a sign of life, at most once a minute.
pub fn touch(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE sessions
         SET last_seen_at = :now
         WHERE seq = :seq AND last_seen_at <= :stale",
        named_params! { ":seq": seq, ":now": tx.now(), ":stale": tx.now().millis() - TOUCH_MS },
    )?;
    Ok(())
}

/// Whether [`touch`] would change anything at `now`: lets callers spare the write.
#[must_use]
pub fn is_stale(session: &Session, now: Timestamp) -> bool {
    session.last_seen_at.millis() <= now.millis() - TOUCH_MS
}

/// Records when the person proved the second factor; `None` forgets it.
pub fn set_mfa_verified(
    tx: &mut WriteTx<'_>,
    seq: i64,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE sessions SET mfa_verified_at = :at WHERE seq = :seq",
        named_params! { ":seq": seq, ":at": at },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Changes the workspace that the person is looking at.
pub fn set_workspace(tx: &mut WriteTx<'_>, seq: i64, workspace_seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE sessions SET workspace_seq = :workspace WHERE seq = :seq",
        named_params! { ":seq": seq, ":workspace": workspace_seq },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Ends a session; `false` where there was none.
pub fn delete(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let ended = tx.run(
        "DELETE FROM sessions WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    tx.notices().access_changed = true;
    Ok(ended > 0)
}

/// Ends every session of a person but `kept`; answers how many.
pub fn delete_all(
    tx: &mut WriteTx<'_>,
    user_seq: i64,
    kept: Option<SessionId>,
) -> Result<usize, StoreError> {
    let ended = tx.run(
        "DELETE FROM sessions WHERE user_seq = :user AND seq IS NOT :kept",
        named_params! { ":user": user_seq, ":kept": kept.map(|id| id.seq()) },
    )?;
    tx.notices().access_changed = true;
    Ok(ended)
}

/// Removes up to `limit` sessions that gave no sign of life since `before`; answers how many.
pub fn prune(tx: &WriteTx<'_>, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM sessions
         WHERE seq IN (
             SELECT seq FROM sessions
             WHERE last_seen_at < :before
             ORDER BY last_seen_at
             LIMIT :limit)",
        named_params! { ":before": before, ":limit": limit },
    )
}

fn session(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: id(row, "created_at", "seq")?,
        user: id(row, "user_created_at", "user_seq")?,
        workspace_seq: row.get("workspace_seq")?,
        hash: row.get("hash")?,
        channel: row.get("channel")?,
        user_agent: row.get("user_agent")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
        mfa_verified_at: row.get("mfa_verified_at")?,
    })
}

#[cfg(test)]
mod tests;
