//! Attempts: one HTTP request each, with what came back.
//!
//! Owns: their rows. Refuses: what they mean for the delivery.

use rusqlite::{Row, named_params, params};

use super::found::readable;
use super::{Read, StoreError, WriteTx, row_list};
use crate::domain::attempt::{ATTEMPTS_MAX, Attempt, NUMBER_BITS, row_number};
use crate::domain::delivery::{Delivery, DeliveryPlace};

mod heads;
mod list;
mod targets;

pub use list::list;

/// Attempts that are shown at once: 250.
pub const ATTEMPTS_SHOWN_MAX: usize = 250;
/// The most bytes of headers and bodies of attempts that are shown at once: 2 MiB.
pub const ATTEMPTS_BYTES_MAX: usize = 2 * 1024 * 1024;

const SELECT: &str = "SELECT seq, trigger, started_at, duration_ms, status_code, error_kind, error,
         coalesce(targets.remote_addr, attempts.remote_addr) AS remote_addr,
         coalesce(targets.url, attempts.url) AS url, request_headers, response_headers,
         response_truncated, response_body
     FROM attempts LEFT JOIN attempt_targets AS targets ON targets.number = attempts.target";

/// The attempt in row `seq`.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<Attempt>, StoreError> {
    let sql = format!("{SELECT} WHERE seq = :seq LIMIT 1");
    conn.row(&sql, named_params! { ":seq": seq }, attempt)
}

/// Stores an attempt as the delivery's `number`th. One that its delivery has no number for is left out rather than written over
/// another: deliveries from before attempts were bounded may have made more than have a row.
pub fn insert(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    number: u32,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    if number > ATTEMPTS_MAX {
        return Ok(());
    }
    let target = match &attempt.remote_addr {
        Some(addr) => targets::number(tx, place.webhook_seq, &attempt.url, addr)?,
        None => None,
    };
    let (url, remote_addr) = match target {
        Some(_) => ("", None),
        None => (attempt.url.as_str(), attempt.remote_addr.as_deref()),
    };
    // Its values stand in the order in which it first names them: looking each name up takes time.
    tx.run_often(
        "INSERT INTO attempts (seq, trigger, started_at, duration_ms, status_code,
             error_kind, error, remote_addr, url, request_headers, response_headers,
             response_truncated, response_body, target)
         VALUES (:seq, :trigger, :started_at, :duration_ms, :status_code, :error_kind, :error,
             :remote_addr, :url, :request_headers, :response_headers, :response_truncated,
             :response_body, :target)",
        params![
            row_number(place.seq, number),
            attempt.trigger,
            attempt.started_at,
            attempt.duration_ms,
            attempt.status_code,
            attempt.error_kind,
            attempt.error,
            remote_addr,
            url,
            heads::shortened(&attempt.request_headers, attempt.started_at),
            heads::shortened(&attempt.response_headers, attempt.started_at),
            attempt.response_truncated,
            attempt.response_body,
            target,
        ],
    )?;
    Ok(())
}

/// Attempts of a delivery, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// The latest of those that were asked for.
    pub items: Vec<Attempt>,
    /// The number of the first of them, where there are earlier ones.
    pub before: Option<u32>,
}

/// The latest attempts of a delivery before attempt `before`, as many as [`ATTEMPTS_BYTES_MAX`] and
/// [`ATTEMPTS_SHOWN_MAX`] allow, but one at least.
pub fn latest_of(
    conn: &Read<'_>,
    delivery_seq: i64,
    before: Option<u32>,
) -> Result<Attempts, StoreError> {
    let last = before.map_or(ATTEMPTS_MAX, |before| before.saturating_sub(1));
    let mut statement = conn.prepare_cached(&format!(
        "{SELECT}
             WHERE seq BETWEEN :first AND :last
             ORDER BY seq DESC
             LIMIT :limit"
    ))?;
    let mut rows = statement.query(named_params! {
        ":first": row_number(delivery_seq, 0),
        ":last": row_number(delivery_seq, last),
        ":limit": ATTEMPTS_SHOWN_MAX + 1,
    })?;
    let mut found = Attempts::default();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let Some(next) = readable(attempt(row))? else {
            continue;
        };
        bytes += bytes_of(&next);
        let is_full = found.items.len() >= ATTEMPTS_SHOWN_MAX || bytes > ATTEMPTS_BYTES_MAX;
        if let Some(first) = found.items.last().filter(|_| is_full) {
            found.before = Some(first.number);
            break;
        }
        found.items.push(next);
    }
    found.items.reverse();
    Ok(found)
}

/// What the receivers of `deliveries` answered last, as far as it was kept, by the delivery's row.
pub fn last_answers(
    conn: &Read<'_>,
    deliveries: &[Delivery],
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let last = |delivery: &Delivery| {
        let number = delivery.progress.attempt_count.min(ATTEMPTS_MAX);
        row_number(delivery.id.seq(), number)
    };
    let seqs: Vec<i64> = deliveries.iter().map(last).collect();
    conn.rows(
        "SELECT seq, response_body
         FROM attempts
         WHERE seq IN (SELECT value FROM json_each(:seqs)) AND response_body IS NOT NULL
         LIMIT -1",
        named_params! { ":seqs": row_list(&seqs) },
        |row| {
            let seq: i64 = row.get("seq")?;
            Ok((seq >> NUMBER_BITS, row.get("response_body")?))
        },
    )
}

/// What an attempt occupies where it is shown.
fn bytes_of(attempt: &Attempt) -> usize {
    let body = attempt.response_body.as_ref().map_or(0, Vec::len);
    body + attempt.response_headers.len() + attempt.request_headers.len() + attempt.url.len()
}

/// Removes the attempts of a delivery; answers how many.
pub(super) fn delete_of(tx: &WriteTx<'_>, delivery_seq: i64) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM attempts WHERE seq BETWEEN :first AND :last",
        named_params! {
            ":first": row_number(delivery_seq, 0),
            ":last": row_number(delivery_seq, ATTEMPTS_MAX),
        },
    )
}

fn attempt(row: &Row<'_>) -> Result<Attempt, StoreError> {
    let seq: i64 = row.get("seq")?;
    let number = seq & i64::from(ATTEMPTS_MAX);
    let started_at = row.get("started_at")?;
    let headers = |column| {
        let stored = row
            .get_ref(column)?
            .as_str()
            .map_err(rusqlite::Error::from)?;
        Ok::<_, StoreError>(heads::restored(stored, started_at))
    };
    Ok(Attempt {
        number: u32::try_from(number).expect("12 bits"),
        trigger: row.get("trigger")?,
        started_at,
        duration_ms: row.get("duration_ms")?,
        status_code: row.get("status_code")?,
        error_kind: row.get("error_kind")?,
        error: row.get("error")?,
        remote_addr: row.get("remote_addr")?,
        url: row.get("url")?,
        request_headers: headers("request_headers")?,
        response_headers: headers("response_headers")?,
        response_body: row.get("response_body")?,
        response_truncated: row.get("response_truncated")?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The least of an attempts table: what is under test reads these columns alone.
    fn history(attempts: u32, body_bytes: usize) -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE attempts (seq INTEGER PRIMARY KEY, trigger, started_at, duration_ms,
                 status_code, error_kind, error, remote_addr, url, request_headers,
                 response_headers, response_truncated, response_body, target);
             CREATE TABLE attempt_targets (number INTEGER PRIMARY KEY, url, remote_addr)",
        )
        .unwrap();
        let mut insert = conn
            .prepare("INSERT INTO attempts VALUES (?1, 0, 0, 1, 500, NULL, NULL, NULL, '', '', '', 0, ?2, NULL)")
            .unwrap();
        for number in 1..=attempts {
            let row = row_number(7, number);
            insert.execute((row, vec![b'x'; body_bytes])).unwrap();
        }
        drop(insert);
        conn
    }

    /// How many attempts each page holds, from the latest to the first.
    fn check(attempts: u32, body_bytes: usize, expect: &[usize]) {
        let conn = history(attempts, body_bytes);
        let mut pages = Vec::new();
        let mut before = None;
        let mut next = attempts;
        loop {
            let page = latest_of(&Read::new(&conn), 7, before).unwrap();
            for own in page.items.iter().rev() {
                assert_eq!(own.number, next);
                next -= 1;
            }
            pages.push(page.items.len());
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        assert_eq!((pages.as_slice(), next), (expect, 0));
    }

    #[test]
    fn the_latest_attempts_come_first_and_each_is_on_one_page() {
        check(0, 1, &[0]);
        check(250, 1, &[250]);
        check(600, 1, &[250, 250, 100]);
        check(300, 16 * 1024, &[128, 128, 44]);
        check(2, 3 * 1024 * 1024, &[1, 1]);
    }
}
