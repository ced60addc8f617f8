//! Mails that a server has not taken yet.
//!
//! Owns: their rows, and how many there may be. Refuses: sending them.

use rusqlite::named_params;

use super::{Read, StoreError, WriteTx};
use crate::domain::time::Timestamp;

/// Mails that may wait; one more is refused.
const MAILS_MAX: i64 = 1000;
/// Mails that one step takes on.
const MAILS_AT_ONCE_MAX: i64 = 20;

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct NewMail<'a> {
    /// To whom.
    pub recipient: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// Its text.
    pub body: &'a str,
    /// The row of the delivery on which it is written what came of it.
    pub about: Option<i64>,
}

/// A mail that waits.
#[derive(Clone, Debug)]
pub struct WaitingMail {
    /// Its row.
    pub seq: i64,
    /// To whom.
    pub recipient: String,
    /// What it is about.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// The row of the delivery on which it is written what came of it.
    pub about: Option<i64>,
    /// How often it was tried.
    pub tries: u32,
}

/// Stores a mail, due at once; `false` where too many wait already.
pub fn insert(tx: &mut WriteTx<'_>, mail: &NewMail<'_>) -> Result<bool, StoreError> {
    let waiting: i64 = tx.value("SELECT count(*) FROM alert_mails", [])?;
    if waiting >= MAILS_MAX {
        return Ok(false);
    }
    tx.run(
        "INSERT INTO alert_mails (recipient, subject, body, about, due_at)
         VALUES (:recipient, :subject, :body, :about, :now)",
        named_params! {
            ":recipient": mail.recipient,
            ":subject": mail.subject,
            ":body": mail.body,
            ":about": mail.about,
            ":now": tx.now(),
        },
    )?;
    tx.notices().mails = true;
    Ok(true)
}

/// The mails that are due at `now`, as many as one step takes on.
pub fn due(conn: &Read<'_>, now: Timestamp) -> Result<Vec<WaitingMail>, StoreError> {
    conn.rows(
        "SELECT seq, recipient, subject, body, about, tries
         FROM alert_mails
         WHERE due_at <= :now
         ORDER BY due_at
         LIMIT :limit",
        named_params! { ":now": now, ":limit": MAILS_AT_ONCE_MAX },
        |row| {
            Ok(WaitingMail {
                seq: row.get(0)?,
                recipient: row.get(1)?,
                subject: row.get(2)?,
                body: row.get(3)?,
                about: row.get(4)?,
                tries: row.get(5)?,
            })
        },
    )
}

/// When the next mail is due, if one waits.
pub fn next_due(conn: &Read<'_>) -> Result<Option<Timestamp>, StoreError> {
    conn.value("SELECT min(due_at) FROM alert_mails", [])
}

/// Removes a mail: it was taken, or given up.
pub fn delete(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let params = named_params! { ":seq": seq };
    tx.run("DELETE FROM alert_mails WHERE seq = :seq", params)?;
    Ok(())
}

/// Puts a mail off that was tried `tries` times.
pub fn put_off(tx: &WriteTx<'_>, seq: i64, tries: u32, until: Timestamp) -> Result<(), StoreError> {
    tx.run(
        "UPDATE alert_mails SET tries = :tries, due_at = :until WHERE seq = :seq",
        named_params! { ":seq": seq, ":tries": tries, ":until": until },
    )?;
    Ok(())
}
