//! Sessions: who is signed in, where, and until when.
//!
//! Owns: their rows by token hash. Refuses: saying when one has expired; callers compare the
//! instants of a row with their own limits.

use rusqlite::{Row, named_params};

use super::vault::Purpose;
use super::{Read, StoreError, WriteTx, damaged};
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{Channel, NewSession, Session};
use crate::domain::time::Timestamp;
use crate::domain::token::SessionToken;

/// Sessions that one person may have; signing in once more ends the oldest.
pub const SESSIONS_OF_USER_MAX: u32 = 50;
/// How long a session's last sign of life may lag behind, in milliseconds.
const TOUCH_MS: i64 = 60_000;

const SELECT: &str = "SELECT s.*, users.created_at AS user_created_at
    FROM sessions AS s
    JOIN users ON users.seq = s.user_seq";

/// Stores a new session and makes its token. Where the person has [`SESSIONS_OF_USER_MAX`], the
/// oldest ends.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(
    tx: &mut WriteTx<'_>,
    new: &NewSession,
    entropy: [u8; 32],
) -> Result<(SessionId, SessionToken), StoreError> {
    let now = tx.now();
    tx.prepare_cached(
        "INSERT INTO sessions (user_seq, workspace_seq, hash, channel, user_agent, created_at,
             last_seen_at, mfa_verified_at)
         VALUES (:user, :workspace, x'', :channel, :user_agent, :now, :now, :mfa)",
    )?
    .execute(named_params! {
        ":user": new.user.seq(),
        ":workspace": new.workspace_seq,
        ":channel": new.channel.as_str(),
        ":user_agent": new.user_agent,
        ":now": now.millis(),
        ":mfa": new.mfa_verified_at.map(Timestamp::millis),
    })?;
    let id = SessionId::new(now, tx.last_insert_rowid());
    let token = renew(tx, id, entropy)?;
    end_oldest(tx, new.user.seq())?;
    Ok((id, token))
}

fn end_oldest(tx: &mut WriteTx<'_>, user_seq: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "DELETE FROM sessions
         WHERE seq IN (
             SELECT seq FROM sessions
             WHERE user_seq = :user
             ORDER BY seq DESC
             LIMIT -1 OFFSET :kept)",
    )?
    .execute(named_params! { ":user": user_seq, ":kept": SESSIONS_OF_USER_MAX })?;
    Ok(())
}

/// Gives a session a new token; the one it had opens nothing from now on.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn renew(
    tx: &mut WriteTx<'_>,
    id: SessionId,
    entropy: [u8; 32],
) -> Result<SessionToken, StoreError> {
    let token = SessionToken::new(id, entropy);
    let hash = token.hash(&tx.vault().pepper(Purpose::Sessions));
    tx.prepare_cached("UPDATE sessions SET hash = :hash WHERE seq = :seq")?
        .execute(named_params! { ":seq": id.seq(), ":hash": hash.as_bytes() })?;
    tx.notices().access_changed = true;
    Ok(token)
}

/// The session `id`, expired or not.
///
/// # Errors
/// [`StoreError::Damaged`] where the row cannot be understood.
pub fn find(conn: &Read<'_>, id: SessionId) -> Result<Option<Session>, StoreError> {
    let sql = format!("{SELECT} WHERE s.seq = :seq LIMIT 1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":seq": id.seq() })?;
    let found = rows.next()?.map(session).transpose()?;
    Ok(found.filter(|session| session.id == id))
}

/// Every session of a person, newest first.
///
/// # Errors
/// As [`find`].
pub fn of_user(conn: &Read<'_>, user_seq: i64) -> Result<Vec<Session>, StoreError> {
    let sql = format!("{SELECT} WHERE s.user_seq = :user ORDER BY s.seq DESC LIMIT :limit");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows =
        statement.query(named_params! { ":user": user_seq, ":limit": SESSIONS_OF_USER_MAX })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(session(row)?);
    }
    Ok(found)
}

/// Records a sign of life, at most once a minute.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn touch(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let now = tx.now().millis();
    tx.prepare_cached(
        "UPDATE sessions
         SET last_seen_at = :now
         WHERE seq = :seq AND last_seen_at <= :stale",
    )?
    .execute(named_params! { ":seq": seq, ":now": now, ":stale": now - TOUCH_MS })?;
    Ok(())
}

/// Whether [`touch`] would change anything at `now`: lets callers spare the write.
#[must_use]
pub fn is_stale(session: &Session, now: Timestamp) -> bool {
    session.last_seen_at.millis() <= now.millis() - TOUCH_MS
}

/// Records when the person proved the second factor; `None` forgets it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_mfa_verified(
    tx: &mut WriteTx<'_>,
    seq: i64,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sessions SET mfa_verified_at = :at WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":at": at.map(Timestamp::millis) })?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Changes the workspace that the person is looking at.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_workspace(tx: &mut WriteTx<'_>, seq: i64, workspace_seq: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sessions SET workspace_seq = :workspace WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":workspace": workspace_seq })?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Ends a session; `false` where there was none.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let ended = tx
        .prepare_cached("DELETE FROM sessions WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq })?;
    tx.notices().access_changed = true;
    Ok(ended > 0)
}

/// Ends every session of a person but `kept`; answers how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete_all(
    tx: &mut WriteTx<'_>,
    user_seq: i64,
    kept: Option<SessionId>,
) -> Result<usize, StoreError> {
    let ended = tx
        .prepare_cached("DELETE FROM sessions WHERE user_seq = :user AND seq IS NOT :kept")?
        .execute(named_params! { ":user": user_seq, ":kept": kept.map(|id| id.seq()) })?;
    tx.notices().access_changed = true;
    Ok(ended)
}

/// Removes up to `limit` sessions that gave no sign of life since `before`; answers how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn prune(tx: &WriteTx<'_>, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
    let pruned = tx
        .prepare_cached(
            "DELETE FROM sessions
             WHERE seq IN (
                 SELECT seq FROM sessions
                 WHERE last_seen_at < :before
                 ORDER BY last_seen_at
                 LIMIT :limit)",
        )?
        .execute(named_params! { ":before": before.millis(), ":limit": limit })?;
    Ok(pruned)
}

fn session(row: &Row<'_>) -> Result<Session, StoreError> {
    let seq: i64 = row.get("seq")?;
    let channel: String = row.get("channel")?;
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    let user_at = Timestamp::from_millis(row.get("user_created_at")?);
    let mfa: Option<i64> = row.get("mfa_verified_at")?;
    Ok(Session {
        id: SessionId::new(created_at, seq),
        user: UserId::new(user_at, row.get("user_seq")?),
        workspace_seq: row.get("workspace_seq")?,
        hash: super::token_hash(row, "sessions.hash")?,
        channel: Channel::parse(&channel).ok_or_else(|| damaged("sessions.channel", seq))?,
        user_agent: row.get("user_agent")?,
        created_at,
        last_seen_at: Timestamp::from_millis(row.get("last_seen_at")?),
        mfa_verified_at: mfa.map(Timestamp::from_millis),
    })
}

#[cfg(test)]
mod tests;
