//! People: their rows, their second factors.
//!
//! Owns: storing users, the sealed seed and the step it was last used for, the hashes of recovery
//! codes. Refuses: judging passwords and codes (`domain`), and who may change whom (`service`).
//!
//! # Why a step is advanced in one statement
//! A code opens once. Two requests with the same code may be checked at the same time; the one
//! whose statement runs second finds the step already taken and is refused.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::id;
use super::vault::{Place, Vault};
use super::{Read, StoreError, WriteTx, damaged, row_list};
use crate::domain::id::UserId;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::recovery_code::matching;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenHash;
use crate::domain::totp::TotpSeed;
use crate::domain::user::{SecondFactor, User};

/// The most users that an instance may hold.
pub const USERS_MAX: u64 = 1000;

const SELECT: &str = "SELECT seq, email, password_hash, role, totp_sealed IS NOT NULL AS has_seed,
        totp_confirmed_at, totp_last_step, recovery_hashes, created_at, updated_at, last_login_at,
        disabled_at
    FROM users";

/// Stores a new user; the caller has checked that the address is free.
///
/// # Errors
/// [`StoreError::Sqlite`], also where the address is taken after all.
pub fn insert(
    tx: &mut WriteTx<'_>,
    email: &str,
    password_hash: &Secret,
    role: Role,
) -> Result<User, StoreError> {
    let seq = tx.next_seq(NumberedTable::Users)?;
    tx.run(
        "INSERT INTO users (seq, email, password_hash, role, created_at, updated_at)
         VALUES (:seq, :email, :hash, :role, :now, :now)",
        named_params! {
            ":seq": seq,
            ":email": email,
            ":hash": password_hash.expose(),
            ":role": role,
            ":now": tx.now(),
        },
    )?;
    tx.notices().access_changed = true;
    find(tx, seq)?.ok_or_else(|| StoreError::Damaged(format!("user {seq} vanished")))
}

/// The user in row `seq`.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<User>, StoreError> {
    let sql = format!("{SELECT} WHERE seq = :seq LIMIT 1");
    conn.row(&sql, named_params! { ":seq": seq }, user)
}

/// The user with an e-mail address, whatever its case.
pub fn find_by_email(conn: &Read<'_>, email: &str) -> Result<Option<User>, StoreError> {
    let sql = format!("{SELECT} WHERE email = :email LIMIT 1");
    conn.row(&sql, named_params! { ":email": email }, user)
}

/// The addresses of the users `ids`, as far as they exist.
pub fn emails_of(conn: &Read<'_>, ids: &[UserId]) -> Result<Vec<(UserId, String)>, StoreError> {
    let seqs: Vec<i64> = ids.iter().map(UserId::seq).collect();
    let mut found = conn.rows(
        "SELECT seq, created_at, email
         FROM users
         WHERE seq IN (SELECT value FROM json_each(:seqs))
         LIMIT -1",
        named_params! { ":seqs": row_list(&seqs) },
        |row| Ok((id(row, "created_at", "seq")?, row.get("email")?)),
    )?;
    found.retain(|(id, _)| ids.contains(id));
    Ok(found)
}

/// A page of users, newest first.
pub fn list(
    conn: &Read<'_>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<User>, StoreError> {
    let sql = format!("{SELECT} WHERE seq < :before ORDER BY seq DESC LIMIT :limit");
    let list = List::Users;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    conn.page(&sql, of, &[], user)
}

/// How many users there are.
pub fn count(conn: &Read<'_>) -> Result<u64, StoreError> {
    conn.value("SELECT count(*) FROM users", [])
}

/// How many owners may sign in; the last one must stay.
pub fn count_owners(conn: &Read<'_>) -> Result<u64, StoreError> {
    conn.value(
        "SELECT count(*) FROM users WHERE role = 'owner' AND disabled_at IS NULL",
        [],
    )
}

/// Replaces the password's hash.
pub fn set_password(
    tx: &mut WriteTx<'_>,
    seq: i64,
    password_hash: &Secret,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE users SET password_hash = :hash, updated_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":hash": password_hash.expose(), ":now": tx.now() },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Changes what a person may do.
pub fn set_role(tx: &mut WriteTx<'_>, seq: i64, role: Role) -> Result<(), StoreError> {
    tx.run(
        "UPDATE users SET role = :role, updated_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":role": role, ":now": tx.now() },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Bars a person from signing in since `at`, or lets the person in again where it is `None`.
pub fn set_disabled(
    tx: &mut WriteTx<'_>,
    seq: i64,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE users SET disabled_at = :at, updated_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":at": at, ":now": tx.now() },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Records that a person signed in.
pub fn touch_login(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE users SET last_login_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":now": tx.now() },
    )?;
    Ok(())
}

/// Removes a user and every session with it.
pub fn delete(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM users WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// The seed of a person's second factor, confirmed or not.
///
/// # Errors
/// [`StoreError::Damaged`] where it cannot be opened.
pub fn totp_seed(conn: &Read<'_>, vault: &Vault, seq: i64) -> Result<Option<TotpSeed>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = conn.optional(
        "SELECT totp_sealed FROM users WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    let Some(sealed) = sealed.flatten() else {
        return Ok(None);
    };
    let plain = vault
        .unseal(place(seq), &sealed)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    let seed = TotpSeed::from_slice(&plain).ok_or_else(|| damaged("users.totp_sealed", seq))?;
    Ok(Some(seed))
}

/// Gives a person a seed whose first code is still to be typed. A factor that is in force ends.
pub fn enrol_totp(tx: &mut WriteTx<'_>, seq: i64, seed: &TotpSeed) -> Result<(), StoreError> {
    let sealed = tx.vault().seal(place(seq), seed.expose());
    set_totp(tx, seq, Some(&sealed))
}

/// Takes a person's second factor away, recovery codes included.
pub fn clear_totp(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    set_totp(tx, seq, None)
}

fn set_totp(tx: &mut WriteTx<'_>, seq: i64, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    tx.run(
        "UPDATE users
         SET totp_sealed = :sealed, totp_confirmed_at = NULL, totp_last_step = NULL,
             recovery_hashes = '[]', updated_at = :now
         WHERE seq = :seq",
        named_params! { ":seq": seq, ":sealed": sealed, ":now": tx.now() },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Puts an enrolled second factor in force, after a code of `step`, with its recovery codes.
/// `false` where there is nothing to confirm, or it is in force already.
pub fn confirm_totp(
    tx: &mut WriteTx<'_>,
    seq: i64,
    step: u64,
    recovery: &[TokenHash],
) -> Result<bool, StoreError> {
    let confirmed = tx.run(
        "UPDATE users
         SET totp_confirmed_at = :now, totp_last_step = :step, updated_at = :now
         WHERE seq = :seq AND totp_sealed IS NOT NULL AND totp_confirmed_at IS NULL",
        named_params! { ":seq": seq, ":step": step, ":now": tx.now() },
    )?;
    if confirmed > 0 {
        set_recovery_hashes(tx, seq, recovery)?;
    }
    tx.notices().access_changed = true;
    Ok(confirmed > 0)
}

/// Takes `step` as used; `false` where it, or a later one, was used before.
pub fn advance_totp_step(tx: &WriteTx<'_>, seq: i64, step: u64) -> Result<bool, StoreError> {
    let advanced = tx.run(
        "UPDATE users
         SET totp_last_step = :step
         WHERE seq = :seq
             AND totp_confirmed_at IS NOT NULL
             AND (totp_last_step IS NULL OR totp_last_step < :step)",
        named_params! { ":seq": seq, ":step": step },
    )?;
    Ok(advanced > 0)
}

/// Replaces a person's recovery codes.
pub fn set_recovery_hashes(
    tx: &WriteTx<'_>,
    seq: i64,
    hashes: &[TokenHash],
) -> Result<(), StoreError> {
    let bytes: Vec<&[u8; 32]> = hashes.iter().map(TokenHash::as_bytes).collect();
    let text = serde_json::to_string(&bytes).expect("lists of bytes always serialise");
    tx.run(
        "UPDATE users SET recovery_hashes = :hashes WHERE seq = :seq",
        named_params! { ":seq": seq, ":hashes": text },
    )?;
    Ok(())
}

/// Uses up the recovery code that hashes to `typed`; `false` where the person has no such code.
///
/// # Errors
/// [`StoreError::Damaged`] where the stored hashes cannot be understood.
pub fn use_recovery_code(tx: &WriteTx<'_>, seq: i64, typed: TokenHash) -> Result<bool, StoreError> {
    let text: Option<String> = tx.optional(
        "SELECT recovery_hashes FROM users WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    let mut hashes = recovery_hashes(text.as_deref().unwrap_or("[]"), seq)?;
    let Some(place) = matching(typed, &hashes) else {
        return Ok(false);
    };
    hashes.remove(place);
    set_recovery_hashes(tx, seq, &hashes)?;
    Ok(true)
}

fn recovery_hashes(text: &str, seq: i64) -> Result<Vec<TokenHash>, StoreError> {
    let hashes: Vec<[u8; 32]> =
        serde_json::from_str(text).map_err(|_| damaged("users.recovery_hashes", seq))?;
    Ok(hashes.into_iter().map(TokenHash::from_bytes).collect())
}

fn place(seq: i64) -> Place {
    Place {
        table: "users",
        column: "totp_sealed",
        row: seq,
    }
}

fn user(row: &Row<'_>) -> Result<User, StoreError> {
    let recovery: String = row.get("recovery_hashes")?;
    let second_factor = match (row.get("has_seed")?, row.get("totp_confirmed_at")?) {
        (false, _) => SecondFactor::Off,
        (true, None) => SecondFactor::Enrolling,
        (true, Some(confirmed_at)) => SecondFactor::On {
            confirmed_at,
            last_step: row.get("totp_last_step")?,
        },
    };
    Ok(User {
        id: id(row, "created_at", "seq")?,
        email: row.get("email")?,
        password_hash: Secret::new(row.get("password_hash")?),
        role: row.get("role")?,
        second_factor,
        recovery_codes_left: recovery_hashes(&recovery, row.get("seq")?)?.len(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        last_login_at: row.get("last_login_at")?,
        disabled_at: row.get("disabled_at")?,
    })
}

#[cfg(test)]
mod tests;
